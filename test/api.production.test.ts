/** A program that anybody could set to its payout date is there in production by name only. */
import { adjustClock } from '../api/operations/adjustClock';
import { createEnrollment } from '../api/operations/createEnrollment';
import type { ApiContext } from '../api/context';
import { createKeyring } from '../database/keyring';
import { createDatabase, type Database } from '../database/pool';
import { createLogger } from '../settings/logger';
import { readApiSettings, readSetupSettings } from '../settings/settings';
import { createEnrollmentClient } from '../temporal/enrollments';
import { createWorkflowWatch } from '../temporal/visibility';
import { startTestService, type TestService } from './support/testService';

const ENVIRONMENT = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://app:secret@127.0.0.1/pps',
  DATABASE_ADMIN_URL: 'postgres://owner:secret@127.0.0.1/pps',
  API_KEYS: '[{"key":"a-long-random-key","role":"admin","id":"ana"}]',
  PARTNER_KEY_SECRETS: JSON.stringify({ s1: Buffer.alloc(32, 7).toString('base64') }),
};

test('When a process runs in production, then only programs that are named may run on a test clock', () => {
  for (const read of [readApiSettings, readSetupSettings]) {
    expect(read(ENVIRONMENT).testClockPrograms).toEqual([]);
    expect(read({ ...ENVIRONMENT, TEST_CLOCK_PROGRAMS: 'pps-demo,rehearsal' }).testClockPrograms).toEqual([
      'pps-demo',
      'rehearsal',
    ]);
    expect(read({ ...ENVIRONMENT, NODE_ENV: 'development' }).testClockPrograms).toBe('any');
    expect(() => read({ ...ENVIRONMENT, TEST_CLOCK_PROGRAMS: 'PPS demo' })).toThrow('TEST_CLOCK_PROGRAMS:');
  }
});

const OF_THE_SETTINGS = { keyId: 'settings', testClocksOnly: false };

describe('requests', () => {
  let t: TestService;
  let database: Database;
  beforeAll(async () => {
    t = await startTestService();
    database = createDatabase({ connectionString: t.plan.databaseUrl });
  });
  afterAll(async () => {
    await database?.close();
    await t?.stop();
  });

  const context = (testClockPrograms: ApiContext['testClockPrograms']): ApiContext => ({
    database,
    keyring: createKeyring([{ id: 'test', secret: Buffer.alloc(32, 7) }]),
    judgeWebhookUrl: () => Promise.resolve(undefined),
    enrollments: createEnrollmentClient(t.temporal, { taskQueue: t.plan.taskQueue }),
    workflows: createWorkflowWatch(t.temporal, { taskQueue: t.plan.taskQueue }),
    logger: createLogger('test', 'silent'),
    testClockPrograms,
    rateLimits: { perKey: 1, perAddress: 1 },
    requestTimeoutMs: 30_000,
    importStartsPerSecond: 20,
    trustProxy: [],
    runbookUrl: 'docs/runbook.md',
    temporalUiUrl: () => '',
  });
  const enroll = (allowed: ApiContext['testClockPrograms']) =>
    createEnrollment(context(allowed), { role: 'caller', id: 'shop-app', ...OF_THE_SETTINGS }, t.form(), {
      messageId: `m-${Math.random()}`,
      updateId: 'u',
    });
  const advance = (allowed: ApiContext['testClockPrograms']) =>
    adjustClock(
      context(allowed),
      { role: 'admin', id: 'ana', ...OF_THE_SETTINGS },
      t.programId,
      { speed: 0 },
      { messageId: 'm' },
    );

  test.each([
    ['enrolled into', enroll],
    ['advanced', advance],
  ])(
    'When a program on a test clock that is not named is to be %s, then it is refused and says what to set',
    async (_, ask) => {
      await expect(ask([])).rejects.toMatchObject({ status: 403, code: 'TEST_CLOCK_NOT_ALLOWED' });
      await expect(ask(['another'])).rejects.toThrow('TEST_CLOCK_PROGRAMS');
      const { rowCount } = await t.db.query('select from enrollment');
      expect(rowCount).toBe(0);
    },
  );

  test('When it is named, then it works as everywhere', async () => {
    await expect(advance([t.programId])).resolves.toMatchObject({ speed: 0 });
    await expect(enroll([t.programId])).resolves.toMatchObject({ status: 201 });
  });
});
