/** Programs over HTTP: what everybody reads of them, revisions that admins publish, and estimates. */
import { randomUUID } from 'node:crypto';
import { publishRevision } from '../api/operations/publishRevision';
import type { ApiContext } from '../api/context';
import { createDatabase } from '../database/pool';
import type { ApiClient } from '../dev/apiClient';
import type { ProgramDefinition } from '../program/definition';
import { publishProgram } from './support/programs';
import { sendRaw } from './support/rawRequest';
import { startTestService, type TestService } from './support/testService';

const JSON_TYPE = { 'content-type': 'application/json' };

interface Publication {
  revision: number;
  published: boolean;
  changes: string[];
  code: string;
  detail: string;
  errors: { pointer: string; message: string }[];
}

let t: TestService;
let definition: ProgramDefinition;
let path: string;
beforeAll(async () => {
  t = await startTestService();
});
beforeEach(async () => {
  definition = await publishProgram(t);
  path = `/v1/programs/${definition.id}`;
});
afterAll(() => t?.stop());

const publish = (
  document: unknown,
  { query = '', key, by = t.admin }: { query?: string; key?: string; by?: ApiClient } = {},
) => by.post<Publication>(`${path}/revisions${query}`, document, key);
const renamed = (name: string) => ({ ...definition, name });

describe('what is read', () => {
  test('When programs are listed, then each is there at its latest revision', async () => {
    await publish(renamed('Second'));
    const { body } = await t.caller.get<{ items: { id: string }[] }>('/v1/programs');
    expect(body.items.map(({ id }) => id)).toEqual(body.items.map(({ id }) => id).toSorted());
    expect(body.items).toContainEqual({
      id: definition.id,
      name: 'Second',
      notice: definition.notice,
      revision: 2,
      window: definition.window,
      testClock: true,
    });
  });

  test('When a caller reads a program, then it has what a form and a questionnaire need, and nothing of thresholds and budgets', async () => {
    const { body } = await t.caller.get<Record<string, unknown>>(path);
    expect(body).toMatchObject({
      id: definition.id,
      revision: 1,
      storePlatforms: definition.storePlatforms,
      dataSharing: definition.dataSharing,
      questions: definition.questionnaire.questions,
      clock: { now: '2023-10-12T16:00:00.000Z', speed: 0, testClock: true },
    });
    expect(JSON.stringify(body)).not.toMatch(/"(approvalThreshold|budgets|attributionPrompts|credit)"/);
    expect((await t.partner.get<Record<string, unknown>>(path)).body).not.toHaveProperty('definition');
    const staff = await t.approver.get<{ definition: ProgramDefinition }>(path);
    expect(staff.body.definition).toEqual(definition);
  });

  test('When a partner reads the calendar, then each month has its dates', async () => {
    const { body } = await t.partner.get<{ firstMonth: string; months: unknown[] }>(`${path}/calendar`);
    expect(body).toMatchObject({ revision: 1, enrolledOn: '2023-10-12', firstMonth: '2023-11' });
    expect(body.months).toHaveLength(definition.calendar.length);
    expect(body.months[1]).toEqual({
      month: '2023-12',
      periodFrom: '2023-12-01',
      periodTo: '2023-12-31',
      calculationDate: '2024-01-03T08:00:00.000Z',
      payoutDate: '2024-01-15T08:00:00.000Z',
    });
    const later = await t.partner.get<{ firstMonth: string | null }>(
      `${path}/calendar?enrolledOn=2023-12-20`,
    );
    expect(later.body.firstMonth).toBe('2024-01');
    const never = await t.partner.get<{ firstMonth: string | null }>(
      `${path}/calendar?enrolledOn=2022-12-20`,
    );
    expect(never.body.firstMonth).toBeNull();
    for (const day of ['2023-02-30', '1999-01-01', 'today']) {
      expect((await t.partner.get(`${path}/calendar?enrolledOn=${day}`)).status).toBe(400);
    }
  });

  test('When periods begin with the enrollment, then the calendar is that of the day', async () => {
    const rollingPeriod = { days: 60, payoutAfterDays: 14, lastMonth: '2024-02' };
    const rolling = await publishProgram(t, { calendar: [], rollingPeriod });
    const { body } = await t.caller.get<{ months: { periodFrom: string; month: string }[] }>(
      `/v1/programs/${rolling.id}/calendar?enrolledOn=2023-10-20`,
    );
    expect(body.months[0]).toMatchObject({
      month: '2023-12',
      periodFrom: '2023-10-20',
      periodTo: '2023-12-18',
    });
    expect(body.months.at(-1)!.month).toBe('2024-02');
    const never = await t.caller.get(`/v1/programs/${rolling.id}/calendar?enrolledOn=2001-01-01`);
    expect(never.body).toMatchObject({ firstMonth: null, months: [] });
  });

  test('When a clock was advanced, then it is read as it is; a program on real time shows ours', async () => {
    await t.admin.post(`${path}/clock`, { advanceTo: '2023-12-01T00:00:00Z' });
    expect((await t.caller.get(`${path}/clock`)).body).toEqual({
      now: '2023-12-01T00:00:00.000Z',
      speed: 0,
      testClock: true,
    });
    const real = await publishProgram(t, { testClock: null }, []);
    const { body } = await t.caller.get<Record<string, unknown>>(`/v1/programs/${real.id}/clock`);
    expect(body).toMatchObject({ speed: 1, testClock: false });
    expect(Math.abs(Date.parse(String(body['now'])) - Date.now())).toBeLessThan(60_000);
  });

  test('When there is no such program, then each of its routes is 404', async () => {
    for (const route of ['', '/calendar', '/clock', '/revisions', '/revisions/1'])
      expect([route, (await t.admin.get(`/v1/programs/nothing${route}`)).status]).toEqual([route, 404]);
    const example = { ...ESTIMATE };
    expect((await t.admin.post('/v1/programs/nothing/estimate', example)).status).toBe(404);
  });
});

describe('revisions', () => {
  test('When a changed definition is published, then it is the next revision, told in words, with who and when', async () => {
    const before = Date.now();
    const { status, body } = await publish({
      ...definition,
      name: 'Another',
      deferral: { maximum: 5, by: ['partner'] },
    });
    expect([status, body]).toEqual([
      201,
      {
        programId: definition.id,
        revision: 2,
        published: true,
        changes: [
          `name: ${JSON.stringify(definition.name)} → Another`,
          'deferral limit: 3 → 5',
          expect.stringContaining('deferral by') as string,
        ],
      },
    ]);
    const { body: revisions } = await t.approver.get<{
      items: { revision: number; publishedBy: string; publishedAt: string }[];
    }>(`${path}/revisions`);
    expect(revisions.items.map(({ revision, publishedBy }) => [revision, publishedBy])).toEqual([
      [2, 'admin ana'],
      [1, 'development'],
    ]);
    expect(Date.parse(revisions.items[0]!.publishedAt)).toBeGreaterThan(before - 60_000);
    const second = await t.admin.get<ProgramDefinition>(`${path}/revisions/2`);
    expect(second.body.name).toBe('Another');
  });

  test('When the latest definition comes again, then it is no new revision', async () => {
    const { status, body } = await publish(definition);
    expect([status, body]).toEqual([
      200,
      { programId: definition.id, revision: 1, published: false, changes: [] },
    ]);
    const otherOrder = Object.fromEntries(Object.entries(definition).reverse());
    expect((await publish(otherOrder)).status).toBe(200);
  });

  test('When it is a dry run, then nothing is published, and the same key still publishes', async () => {
    const key = randomUUID();
    const dry = await publish(renamed('Another'), { query: '?dryRun=true', key });
    expect([dry.status, dry.body.revision, dry.body.published, dry.body.changes.length]).toEqual([
      200,
      2,
      false,
      1,
    ]);
    expect((await t.admin.get<{ revision: number }>(path)).body.revision).toBe(1);
    expect((await publish(renamed('Another'), { key })).status).toBe(201);
    const replayed = await publish(renamed('Another'), { key });
    expect([replayed.status, replayed.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect((await publish(renamed('Third'), { query: '?dryRun=yes' })).status).toBe(400);
  });

  test('When a program is new, then its first revision sets its clock', async () => {
    const id = `new-${randomUUID()}`;
    path = `/v1/programs/${id}`;
    const { status, body } = await publish({ ...definition, id });
    expect([status, body.revision, body.changes]).toEqual([201, 1, []]);
    expect((await t.caller.get(`${path}/clock`)).body).toMatchObject({
      testClock: true,
      speed: definition.testClock!.speed,
    });
  });

  test('When definitions are wrong, then each error has its place, and a sentence says how many', async () => {
    const { status, body } = await publish({
      ...definition,
      timeZone: 'Mars/Olympus',
      supportMail: 'nobody',
      extra: 1,
    });
    expect([status, body.code, body.detail]).toEqual([
      422,
      'INVALID_REQUEST',
      '3 fields cannot be used: /timeZone, /supportMail, /extra.',
    ]);
    expect(body.errors).toContainEqual({
      pointer: '/timeZone',
      message: 'Write an IANA time zone such as "America/Los_Angeles".',
    });
    const many = await publish({});
    expect(many.body.detail).toMatch(/^\d\d fields cannot be used: \/schemaVersion, .* and \d+ more\.$/);
    expect(many.body.errors.length).toBeGreaterThan(10);
  });

  test.each<[string, (definition: ProgramDefinition) => object, string]>([
    ['another id', () => ({ id: 'another' }), '/id'],
    ['no test clock any more', () => ({ testClock: null }), '/testClock'],
    [
      'another start of its clock',
      () => ({ testClock: { startsAt: '2023-11-01T00:00:00Z', speed: 0 } }),
      '/testClock',
    ],
    [
      'another text under the same version',
      ({ dataSharing }) => ({ dataSharing: { ...dataSharing, text: 'All.' } }),
      '/dataSharing/textVersion',
    ],
    [
      'another kind of period',
      () => ({ calendar: [], rollingPeriod: { days: 60, payoutAfterDays: 14, lastMonth: '2024-12' } }),
      '/rollingPeriod',
    ],
  ])(
    'When a revision has %s, then it may not follow, not even in a dry run',
    async (_what, change, pointer) => {
      for (const query of ['', '?dryRun=true']) {
        const { status, body } = await publish({ ...definition, ...change(definition) }, { query });
        expect([status, body.errors.map((error) => error.pointer)]).toEqual([422, [pointer]]);
      }
    },
  );

  test('When the test clock is not allowed here, then the program is not published', async () => {
    const database = createDatabase({ connectionString: t.plan.databaseUrl });
    const context = { database, testClockPrograms: ['another'] } as unknown as ApiContext;
    const asked = (dryRun: boolean) =>
      publishRevision(
        context,
        { role: 'admin', id: 'ana', keyId: 'settings:admin:ana', testClocksOnly: false },
        definition.id,
        renamed('Another'),
        { dryRun },
        { messageId: 'm' },
      );
    try {
      for (const dryRun of [false, true])
        await expect(asked(dryRun)).rejects.toMatchObject({ status: 403, code: 'TEST_CLOCK_NOT_ALLOWED' });
    } finally {
      await database.close();
    }
  });

  test('When several publish at once, then each gets a number of its own, in order', async () => {
    const names = Array.from({ length: 6 }, (_, index) => `Name ${index}`);
    const answers = await Promise.all(names.map((name) => publish(renamed(name))));
    expect(answers.map(({ body }) => body.revision).sort()).toEqual([2, 3, 4, 5, 6, 7]);
    for (const [index, { body }] of answers.entries()) {
      const { body: stored } = await t.admin.get<ProgramDefinition>(`${path}/revisions/${body.revision}`);
      expect(stored.name).toBe(names[index]);
    }
  });

  test('When a definition is long, then an admin alone may send it, up to 256 KB', async () => {
    const long = (kilobytes: number) =>
      JSON.stringify({ ...definition, notice: 'x'.repeat(kilobytes * 1024) });
    const send = (body: string, key: string) =>
      sendRaw(`${t.service.apiUrl}${path}/revisions`, {
        method: 'POST',
        body,
        headers: { ...JSON_TYPE, authorization: `Bearer ${key}` },
      });
    expect((await send(long(200), 'pps_dev_admin_ana')).status).toBe(201);
    expect(await send(long(256), 'pps_dev_admin_ana')).toMatchObject({
      status: 413,
      body: { detail: 'Send at most 256 KB.' },
    });
    expect((await send(long(256), 'pps_dev_caller_shop-app')).status).toBe(403);
    expect((await send(long(256), 'pps_dev_nobody')).status).toBe(401);
  });

  test('When a document is nested without end, then it is 400', async () => {
    const body = `{"id":${'['.repeat(60_000)}${']'.repeat(60_000)}}`;
    const answer = await sendRaw(`${t.service.apiUrl}${path}/revisions`, {
      method: 'POST',
      body,
    });
    expect(answer.status).toBe(400);
  });
});

const ESTIMATE = {
  country: 'US',
  currency: 'USD',
  expectedSpend: '12480.00',
  surveyPartner: 'kno',
  storePlatform: 'woocommerce',
  enrolledOn: '2023-10-20',
};

describe('estimates', () => {
  interface Answer {
    months: {
      month: string;
      current: boolean;
      credit: { display: string } | null;
      reasonCode: string | null;
      nextTier: unknown;
    }[];
    closed: { month: string; reasonCode: string; reason: string }[];
    errors: { pointer: string }[];
  }
  const estimate = (changes: object = {}) =>
    t.caller.post<Answer>(`${path}/estimate`, { ...ESTIMATE, ...changes });

  test('When an estimate is asked for, then each open month has its credit, the current one first', async () => {
    const { status, body } = await estimate();
    expect(status).toBe(200);
    expect(body.months.map(({ month, current }) => [month, current]).slice(0, 3)).toEqual([
      ['2023-11', true],
      ['2023-12', false],
      ['2024-01', false],
    ]);
    expect(new Set(body.months.map(({ credit }) => credit?.display))).toEqual(new Set(['4,500.00 USD']));
    expect(body.closed).toEqual([]);
  });

  test('When the spend is too small or the deferrals are used, then the answer says why', async () => {
    const { body } = await estimate({ expectedSpend: '1', month: '2023-12', deferralsUsed: 3 });
    expect(body.months).toMatchObject([
      { month: '2023-12', credit: null, reasonCode: 'BELOW_MINIMUM_SPEND' },
    ]);
    expect(body.closed).toContainEqual({
      month: '2024-01',
      reasonCode: 'DEFERRAL_LIMIT_REACHED',
      reason: 'The program allows an enrollment 3 deferrals, and none is left to move to 2024-01.',
    });
  });

  test('When no day is named, then it is today on the clock of the program', async () => {
    expect((await estimate({ enrolledOn: undefined })).body.months[0]!.month).toBe('2023-11');
    await t.admin.post(`${path}/clock`, { advanceTo: '2023-12-05T00:00:00Z' });
    expect((await estimate({ enrolledOn: undefined })).body.months[0]!.month).toBe('2024-01');
  });

  test.each<[number, object, string[]]>([
    [
      422,
      { country: 'XX', surveyPartner: 'nobody', storePlatform: 'carts' },
      ['/country', '/surveyPartner', '/storePlatform'],
    ],
    [422, { currency: 'JPY' }, ['/currency']],
    [422, { expectedSpend: '1.005' }, ['/expectedSpend']],
    [422, { enrolledOn: '2022-10-20' }, ['/enrolledOn']],
    [422, { month: '2023-10' }, ['/month']],
    [400, { expectedSpend: 12480 }, ['/expectedSpend']],
    [400, { expectedSpend: '-1' }, ['/expectedSpend']],
    [400, { country: 'usa' }, ['/country']],
    [400, { deferralsUsed: 1.5 }, ['/deferralsUsed']],
    [400, { enrolledOn: '2023-02-30' }, ['/enrolledOn']],
  ])(
    'When the program does not know what is asked, then it is %i and all of it is named: %j',
    async (status, changes, pointers) => {
      const answer = await estimate(changes);
      expect([answer.status, answer.body.errors.map(({ pointer }) => pointer)]).toEqual([status, pointers]);
    },
  );
});
