/** `pps doctor` on a service that is well, and on one thing after another that is not. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { builtEntry } from '../dev/settings';
import { NAMESPACE } from '../dev/servers';
import { eventually } from '../dev/apiClient';
import type { Finding } from '../deploy/doctor/finding';
import { judgeClock, judgeServer } from '../deploy/doctor/postgres';
import { scheduleComparison } from '../temporal/schedule';
import { SEARCH_ATTRIBUTES } from '../temporal/setup';
import { sharedServers } from './support/shared';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
let settings: Record<string, string>;
beforeAll(async () => {
  t = await startTestService();
  const { databaseUrl, temporalAddress, taskQueue } = t.plan;
  settings = {
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: NAMESPACE,
    TASK_QUEUE: taskQueue,
    COMPARISON_SCHEDULE_ID: `comparison-${taskQueue}`,
    RETENTION_DAYS: '1',
  };
  const temporal = {
    address: temporalAddress,
    namespace: NAMESPACE,
    tls: false,
    apiKey: undefined,
    taskQueue,
  };
  const scheduleId = settings['COMPARISON_SCHEDULE_ID']!;
  await scheduleComparison(temporal, { scheduleId, everyMinutes: 1_440 });
});
afterAll(async () => {
  await t?.temporal.schedule.getHandle(settings['COMPARISON_SCHEDULE_ID']!).delete();
  await t?.stop();
});

function run(changes: Record<string, string> = {}, ...options: string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const env = { PATH: process.env['PATH']!, ...settings, ...changes };
    const args = [builtEntry('cli', 'main.js'), 'doctor', ...options];
    const child = execFile(process.execPath, args, { env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode!, stdout, stderr }),
    );
  });
}

async function ills(changes: Record<string, string> = {}): Promise<Finding[]> {
  const { code, stdout } = await run(changes, '--json');
  const findings = (JSON.parse(stdout) as Finding[]).filter(({ ok }) => !ok);
  expect(code).toBe(findings.length > 0 ? 1 : 0);
  return findings;
}

test('When all is well, then every check says what it saw, and the exit code is 0', async () => {
  const { code, stdout } = await run();
  expect(stdout.split('\n').filter((line) => line.startsWith('ok  '))).toHaveLength(12);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/All is well\.\n$/) as string]);
  expect(stdout).not.toContain(new URL(settings['DATABASE_URL']!).password);
});

const other = (change: (url: URL) => void) => {
  const url = new URL(settings['DATABASE_URL']!);
  change(url);
  return { DATABASE_URL: url.href };
};

const owner = () => {
  const url = new URL(sharedServers().postgresAdminUrl);
  url.pathname = new URL(settings['DATABASE_URL']!).pathname;
  return { DATABASE_URL: url.href };
};

test.each<[string, () => Record<string, string>, string, RegExp]>([
  ['PostgreSQL is not there', () => other((url) => (url.port = '1')), 'database', /Start PostgreSQL/],
  ['the password is wrong', () => other((url) => (url.password = 'x')), 'database', /role and password/],
  [
    'the database does not exist',
    () => other((url) => (url.pathname = '/none')),
    'database',
    /Create the database/,
  ],
  [
    'the server takes no writes',
    () => other((url) => url.searchParams.set('options', '-c default_transaction_read_only=on')),
    'database',
    /primary/,
  ],
  ['it is the owner of the tables', () => owner(), 'database role', /owns nothing/],
  ['Temporal is not there', () => ({ TEMPORAL_ADDRESS: '127.0.0.1:1' }), 'Temporal', /Start Temporal/],
  ['the namespace does not exist', () => ({ TEMPORAL_NAMESPACE: 'none' }), 'namespace', /setup\.js/],
  ['histories are kept too shortly', () => ({ RETENTION_DAYS: '9999' }), 'namespace', /setup\.js/],
  ['there is no schedule', () => ({ COMPARISON_SCHEDULE_ID: 'none' }), 'comparison', /setup\.js/],
])('When %s, then the doctor names it and the remedy', async (_name, changes, check, remedy) => {
  expect(await ills(changes())).toContainEqual({
    check,
    ok: false,
    seen: expect.any(String) as string,
    remedy: expect.stringMatching(remedy) as string,
  });
});

test('When a migration of this release is not applied, then the doctor says so', async () => {
  await t.db.query(`update pgmigrations set name = name || '-later'`);
  const [finding] = await ills();
  await t.db.query(`update pgmigrations set name = replace(name, '-later', '')`);
  expect(finding).toMatchObject({
    check: 'migrations',
    seen: expect.stringMatching(/^not applied: 0001/) as string,
  });
});

test('When the database was migrated by a later release, then the doctor asks for that release', async () => {
  await t.db.query(`insert into pgmigrations (name, run_on) values ('9999_of-later', now())`);
  const found = await ills().finally(() =>
    t.db.query(`delete from pgmigrations where name = '9999_of-later'`),
  );
  expect(found).toEqual([
    {
      check: 'migrations',
      ok: false,
      seen: 'of a later version: 9999_of-later',
      remedy: expect.stringContaining('Deploy the release') as string,
    },
  ]);
});

test('When PostgreSQL is older than what is used of it, then the doctor says from which version on', () => {
  const server = (version: number) => judgeServer('db.example/pps', { version, readOnly: false });
  expect(server(13)).toEqual({
    check: 'database',
    ok: false,
    seen: 'PostgreSQL 13 at db.example/pps',
    remedy: 'Use PostgreSQL 14 or later.',
  });
  expect(server(14)).toMatchObject({ ok: true, remedy: null });
});

test.each([
  ['behind by more than two seconds', 'ill', -2_001],
  ['behind by two seconds', 'well', -2_000],
  ['read while the answer was on its way', 'well', 15],
  ['ahead by two seconds', 'well', 2_030],
  ['ahead by more than two seconds', 'ill', 2_031],
])('When the clock of PostgreSQL is %s, then that is %s', (_how, judgement, afterAsked) => {
  const ok = judgement === 'well';
  const asked = Date.parse('2023-11-01T00:00:00Z');
  const finding = judgeClock({ asked, theirs: asked + afterAsked, answered: asked + 30 });
  expect(finding).toMatchObject({
    check: 'clock',
    ok,
    remedy: ok ? null : (expect.stringContaining('NTP') as string),
  });
});

test('When a namespace was not set up, then the doctor names the search attributes that it lacks', async () => {
  const namespace = `doctor-${randomBytes(4).toString('hex')}`;
  const { workflowService, operatorService } = t.temporal.connection;
  const days = { seconds: 86_400 } as never;
  await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: days });
  // The server's parts learn of it one by one.
  const found = await eventually(
    () => ills({ TEMPORAL_NAMESPACE: namespace }),
    (findings) => findings.some(({ check }) => check === 'search attributes'),
  );
  await operatorService.deleteNamespace({ namespace });
  expect(found).toContainEqual({
    check: 'search attributes',
    ok: false,
    seen: `missing: ${SEARCH_ATTRIBUTES.join(', ')}; enrollments cannot be started`,
    remedy: expect.stringContaining('setup.js') as string,
  });
});

test('When the schedule of the comparison is paused, then the doctor says by whose note, and where to end it', async () => {
  const schedule = t.temporal.schedule.getHandle(settings['COMPARISON_SCHEDULE_ID']!);
  await schedule.pause('Ana looks into it.');
  const found = await ills().finally(() => schedule.unpause());
  expect(found).toEqual([
    {
      check: 'comparison',
      ok: false,
      seen: expect.stringMatching(/ is paused \(Ana looks into it\.\)$/) as string,
      remedy: expect.stringContaining('Unpause') as string,
    },
  ]);
});

test('When nobody polls, and work waits, then the doctor sends for a worker', async () => {
  const missing = await ills({ TASK_QUEUE: 'nobody-polls-this' });
  expect(missing.map(({ check }) => check)).toEqual(['workers', 'payout workers']);

  await t.service.worker.kill('SIGKILL');
  const { body } = await t.caller.post('/v1/enrollments', t.form());
  await t.db.query(
    `insert into outbox (kind, enrollment_id, due_at) values ('wake', $1, now() - interval '10 minutes')`,
    [body.id],
  );
  expect(await ills()).toContainEqual(
    expect.objectContaining({ check: 'outbox', remedy: expect.stringContaining('worker') as string }),
  );
  await t.service.startWorker();
  await eventually(
    () => ills(),
    (found) => found.length === 0,
  );
});

test('When its own settings cannot be used, then that is the finding, and the exit code is 2', async () => {
  const { code, stdout } = await run({ DATABASE_URL: 'nonsense', RETENTION_DAYS: 'x' }, '--json');
  expect([code, JSON.parse(stdout)]).toEqual([
    2,
    [
      {
        check: 'configuration',
        ok: false,
        seen: expect.stringMatching(/RETENTION_DAYS: .*; DATABASE_URL: /) as string,
        remedy: expect.stringContaining('.env.example') as string,
      },
    ],
  ]);
  expect((await run({ DATABASE_URL: 'nonsense' })).stdout).toMatch(/\n\n1 of 1 needs a remedy\.\n$/);
});

describe('With the settings of a process', () => {
  const SECRETS = { PARTNER_KEY_SECRETS: JSON.stringify({ other: randomBytes(32).toString('base64') }) };
  const API = { ...SECRETS, API_KEYS: '[{"key":"pps_dev_admin_ana","role":"admin","id":"ana"}]' };

  test('When those of the API and of the worker cannot be used, then each says why', async () => {
    const found = await ills({ ...API, NODE_ENV: 'production', TIKTOK_ACCESS_TOKEN: 'x', API_PORT: 'x' });
    const configuration = found.filter(({ check }) => check === 'configuration');
    expect(configuration.map(({ seen }) => seen)).toEqual([
      expect.stringMatching(/^that of the API cannot be used: API_PORT: /) as string,
      expect.stringMatching(/^that of the worker cannot be used: .*TIKTOK_BASE_URL: is not set/) as string,
    ]);
    expect(await ills({ ...API, NODE_ENV: 'production' })).toContainEqual(
      expect.objectContaining({
        check: 'configuration',
        seen: expect.stringContaining('API_KEYS holds a development key') as string,
      }),
    );
  });

  test('When rows are encrypted with a secret that is not given, then it is to be put back', async () => {
    const { body } = await t.admin.post<{ secretId: string }>('/v1/webhook-secrets', {
      surveyPartner: 'kno',
    });
    expect(await ills(API)).toEqual([
      {
        check: 'secrets',
        ok: false,
        seen: expect.stringMatching(/does not have: "\w+" \(1\)$/) as string,
        remedy: expect.stringMatching(/^Put these secrets back/) as string,
      },
    ]);
    await t.admin.post(`/v1/webhook-secrets/${body.secretId}/retirement`, {});
    expect(await ills(API)).toEqual([]);
  });
});
