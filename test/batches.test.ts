/** Batches of survey partners on the real stack: each item is what its request by itself would be, and is done exactly once. */
import { randomUUID } from 'node:crypto';
import { eventually } from '../dev/apiClient';
import {
  batchOf,
  brandOf,
  confirmed,
  endLeases,
  give,
  itemsOf,
  rejected,
  resultsOf,
  untilCarriedOut,
  type Batch,
} from './support/batches';
import { startCuttableProxy, type CuttableProxy } from './support/cuttableProxy';
import { ownProgram, type Enrolled } from './support/ownProgram';
import { sharedServers } from './support/shared';
import {
  ADVERTISER,
  OTHER_ADVERTISER,
  startSecond,
  startTestService,
  type TestService,
} from './support/testService';

const CONFIRMATIONS = '/v1/partner-confirmations';
const DEFERRALS = '/v1/deferrals';

let temporal: CuttableProxy;
let t: TestService;
beforeAll(async () => {
  const servers = sharedServers();
  temporal = await startCuttableProxy(servers.temporalAddress);
  t = await startTestService({ environment: { REQUESTS_PER_MINUTE: '100000' } });
});
afterAll(async () => {
  await t?.stop();
  await temporal?.stop();
});

const brand = ({ form }: Enrolled) => brandOf(form);

/** That many enrollments of a program of their own, located. */
async function enrollments(count: number): Promise<Enrolled[]> {
  const program = await ownProgram(t);
  const made = await Promise.all(Array.from({ length: count }, () => program.enroll()));
  for (const each of made) await each.untilEvent('advertiser_located');
  return made;
}

const happenedTo = async (each: Enrolled, type: string) =>
  (await each.timeline()).filter((event) => event.type === type);

describe('what the items are', () => {
  test('When a partner confirms and rejects many brands, then each is what its request by itself would be', async () => {
    const [first, second, third] = (await enrollments(3)) as [Enrolled, Enrolled, Enrolled];
    const fairing = await (await ownProgram(t)).enroll({ surveyPartner: 'fairing' });
    const items = [
      confirmed(` ${brand(first).toUpperCase()} `, { advertiserId: ADVERTISER }),
      {
        enrollmentId: second.id,
        outcome: 'rejected',
        advertiserId: ADVERTISER,
        criteria: ['survey_template'],
      },
      confirmed(brand(third), { advertiserId: OTHER_ADVERTISER }),
      { enrollmentId: fairing.id, outcome: 'confirmed', advertiserId: ADVERTISER },
      rejected('nobody-knows-it.example', { advertiserId: ADVERTISER }),
    ];
    const answer = await t.partner.post<Batch>(CONFIRMATIONS, { items });
    expect([answer.status, answer.body]).toMatchObject([202, { kind: 'partner_confirmations', total: 5 }]);
    expect(answer.headers.get('location')).toBe(`/v1/batches/${answer.body.batchId}`);
    expect(await resultsOf(t.partner, answer.body)).toMatchObject([
      { status: 200, enrollmentId: first.id },
      { status: 200, enrollmentId: second.id },
      { status: 409, code: 'SUBMISSION_SUPERSEDED' },
      { status: 404, code: 'NOT_FOUND' },
      { status: 404, code: 'NOT_FOUND' },
    ]);
    const [said] = await happenedTo(first, 'partner_confirmed');
    expect(said).toMatchObject({
      actor: { role: 'partner', id: 'kno' },
      details: { advertiserId: ADVERTISER },
    });
    expect(said!.details).not.toHaveProperty('statedAt');
    expect(await happenedTo(second, 'partner_rejected')).toMatchObject([
      { details: { criteria: 'survey_template', reasonCode: 'PARTNER_REJECTED' } },
    ]);
    expect(await fairing.happened()).not.toContain('partner_confirmed');

    const { body: audit } = await t.admin.get<{ items: object[] }>(`/v1/enrollments/${second.id}/audit`);
    const { batchId } = answer.body;
    expect(audit.items).toContainEqual(
      expect.objectContaining({
        event: 'answered',
        operation: 'rejectPartner',
        about: { batchId, enrollmentId: second.id },
      }),
    );
  });

  test('When a brand is in several programs, then its item is refused unless a program is named', async () => {
    const [here] = (await enrollments(1)) as [Enrolled];
    const elsewhere = await ownProgram(t);
    const there = await elsewhere.enroll({ brand: here.form.brand });
    const items = [confirmed(brand(here), { advertiserId: ADVERTISER })];
    expect(await resultsOf(t.partner, await give(t.partner, CONFIRMATIONS, items))).toMatchObject([
      { status: 422, code: 'BRAND_AMBIGUOUS', errors: [{ pointer: '/items/0/brandDomain' }] },
    ]);
    const named = await give(t.partner, CONFIRMATIONS, items, { programId: elsewhere.programId });
    expect(await resultsOf(t.partner, named)).toMatchObject([{ status: 200, enrollmentId: there.id }]);
    expect(await here.happened()).not.toContain('partner_confirmed');
    const unknown = await t.partner.post(CONFIRMATIONS, { items, programId: 'no-such-program' });
    expect([unknown.status, unknown.body.code]).toEqual([404, 'NOT_FOUND']);
  });

  test('When several items speak of one brand, then they are carried out in their order', async () => {
    const [one, other] = (await enrollments(2)) as [Enrolled, Enrolled];
    const words = ['confirmed', 'rejected', 'confirmed', 'rejected'].map((outcome) => ({
      brandDomain: brand(one),
      advertiserId: ADVERTISER,
      outcome,
    }));
    const said = await give(t.partner, CONFIRMATIONS, words);
    expect(await untilCarriedOut(t.partner, said)).toMatchObject({ done: 4 });
    expect((await one.happened()).filter((type) => type.startsWith('partner_'))).toEqual([
      'partner_confirmed',
      'partner_rejected',
      'partner_confirmed',
      'partner_rejected',
    ]);
    // Backwards it would be the other one that is refused.
    const months = ['2023-12', '2023-11'].map((month) => ({ brandDomain: brand(other), month }));
    expect(await resultsOf(t.partner, await give(t.partner, DEFERRALS, months))).toMatchObject([
      { status: 200 },
      { status: 409, code: 'MONTH_NOT_LATER' },
    ]);
  });

  test('When many are deferred, then each is moved or refused as its request by itself would be', async () => {
    const [one, two, three] = (await enrollments(3)) as [Enrolled, Enrolled, Enrolled];
    const items = [
      { brandDomain: brand(one), month: '2023-12', advertiserId: ADVERTISER },
      { enrollmentId: two.id, month: '2023-12', advertiserId: OTHER_ADVERTISER },
      { enrollmentId: three.id, month: '2033-12' },
      { brandDomain: 'nobody-knows-it.example', month: '2023-12' },
    ];
    const batch = await give(t.partner, DEFERRALS, items);
    expect(batch).toMatchObject({ kind: 'deferrals', total: 4 });
    expect(await resultsOf(t.partner, batch)).toMatchObject([
      { status: 200, enrollmentId: one.id },
      { status: 409, code: 'SUBMISSION_SUPERSEDED' },
      { status: 409, code: 'MONTH_NOT_IN_CALENDAR' },
      { status: 404, code: 'NOT_FOUND' },
    ]);
    expect((await one.now()).calculationMonth).toBe('2023-12');
    // Those of another partner do not exist for it.
    const theirs = await give(t.otherPartner, DEFERRALS, [{ enrollmentId: three.id, month: '2023-12' }]);
    expect(await resultsOf(t.otherPartner, theirs)).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect((await t.otherPartner.get(`/v1/batches/${batch.batchId}`)).status).toBe(404);
  });

  const word = { advertiserId: ADVERTISER, outcome: 'confirmed' };
  test.each([
    ['an item without a name', CONFIRMATIONS, { items: [word] }, '/items/0/enrollmentId'],
    [
      'an item with two names',
      CONFIRMATIONS,
      {
        items: [
          { ...word, brandDomain: 'a.example' },
          { ...word, brandDomain: 'a.example', enrollmentId: 'enr_1' },
        ],
      },
      '/items/1/enrollmentId',
    ],
    [
      'a reason for a confirmation',
      CONFIRMATIONS,
      { items: [{ ...word, brandDomain: 'a.example', reasonCode: 'TEMPLATE_NOT_FOUND' }] },
      '/items/0/reasonCode',
    ],
    ['an unknown outcome', CONFIRMATIONS, { items: [{ ...word, outcome: 'maybe' }] }, '/items/0/outcome'],
    ['no items', CONFIRMATIONS, { items: [] }, '/items'],
    ['a deferral without a month', DEFERRALS, { items: [{ brandDomain: 'a.example' }] }, '/items/0/month'],
    ['a deferral of nobody', DEFERRALS, { items: [{ month: '2023-12' }] }, '/items/0/enrollmentId'],
  ])(
    'When a batch has %s, then it is 400 with the place, and nothing is taken',
    async (_what, path, body, pointer) => {
      const before = await t.db.query('select from batch');
      const { status, body: problem } = await t.partner.post<Batch>(path, body);
      expect([status, problem.errors![0]!.pointer]).toEqual([400, pointer]);
      expect((await t.db.query('select from batch')).rowCount).toBe(before.rowCount);
    },
  );

  test('When a survey partner names itself, then its batch is taken; when it names another one, then it is refused', async () => {
    const items = [{ ...word, outcome: 'rejected', brandDomain: 'a.example' }];
    expect((await t.partner.post(CONFIRMATIONS, { items, surveyPartner: 'kno' })).status).toBe(202);
    const before = await t.db.query('select from batch');
    const { status, body } = await t.partner.post<{ code: string }>(CONFIRMATIONS, {
      items,
      surveyPartner: 'okendo',
    });
    expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
    expect((await t.db.query('select from batch')).rowCount).toBe(before.rowCount);
  });

  test('When a batch has 1,001 items, then it is refused; 1,000 of the longest are taken', async () => {
    const longest = (index: number) => ({
      brandDomain: `${`${index}-`.padEnd(240, 'x')}.example`,
      advertiserId: '9'.repeat(20),
      outcome: 'rejected',
      criteria: ['subscription', 'survey_template', 'data_sharing'],
      reasonCode: 'SUBSCRIPTION_NOT_CONFIRMED',
    });
    const items = Array.from({ length: 1_001 }, (_, index) => longest(index));
    expect((await t.partner.post(CONFIRMATIONS, { items })).status).toBe(400);
    const { total, batchId } = await give(t.partner, CONFIRMATIONS, items.slice(1));
    expect(total).toBe(1_000);
    await t.db.query(`update batch_item set status = 'failed', content = null where batch_id = $1`, [
      batchId,
    ]);
  });

  test('When the same batch is sent again with its key, then it is the same batch, with its Location', async () => {
    const [one] = (await enrollments(1)) as [Enrolled];
    const body = { items: [{ brandDomain: brand(one), month: '2023-12' }] };
    const key = randomUUID();
    const both = await Promise.all([1, 2].map(() => t.partner.post<Batch>(DEFERRALS, body, key)));
    const again = await t.partner.post<Batch>(DEFERRALS, body, key);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(`/v1/batches/${again.body.batchId}`);
    expect(new Set([...both, again].map(({ body: { batchId } }) => batchId)).size).toBe(1);
    await untilCarriedOut(t.partner, again.body);
    expect(await happenedTo(one, 'deferred')).toHaveLength(1);
  });
});

/** Each was done, once. */
async function requireOnce(all: Enrolled[], type: string): Promise<void> {
  for (const each of all) expect(await happenedTo(each, type)).toHaveLength(1);
}

describe('failures', () => {
  /** All are to be deferred, and the first of them are. */
  async function givenUntil(all: Enrolled[], deferred: number): Promise<Batch> {
    const items = all.map((each) => ({ brandDomain: brand(each), month: '2023-12' }));
    const batch = await give(t.partner, DEFERRALS, items);
    await eventually(
      () => batchOf(t.partner, batch),
      ({ done }) => done >= deferred,
    );
    return batch;
  }

  test('When the API is killed while deferrals are carried out, then it goes on after the restart and each is done exactly once', async () => {
    const all = await enrollments(25);
    const batch = await givenUntil(all, 3);
    await t.service.api.kill('SIGKILL');
    await t.service.startApi();
    const { done, pending, total } = await batchOf(t.partner, batch);
    expect(total).toBe(25);
    expect(done).toBeGreaterThanOrEqual(3);
    expect(pending).toBeGreaterThan(0);
    await endLeases(t);
    expect(await untilCarriedOut(t.partner, batch)).toMatchObject({ done: 25, failed: 0 });
    await requireOnce(all, 'deferred');
  });

  test('When two API processes carry out a batch and one is killed, then each word is said exactly once', async () => {
    const all = await enrollments(20);
    const second = await startSecond(t);
    try {
      const items = all.map(({ id }) => ({
        enrollmentId: id,
        advertiserId: ADVERTISER,
        outcome: 'confirmed',
      }));
      const batch = await give(t.partner, CONFIRMATIONS, items);
      await eventually(
        () => batchOf(t.partner, batch),
        ({ done }) => done >= 2,
      );
      await second.api.kill('SIGKILL');
      await endLeases(t);
      expect(await untilCarriedOut(t.partner, batch)).toMatchObject({ done: 20, failed: 0 });
      await requireOnce(all, 'partner_confirmed');
    } finally {
      await second.stop();
    }
  });

  test('When Temporal is away for a moment, then items wait for it and are done exactly once', async () => {
    const all = await enrollments(6);
    const environment = { ...t.plan.environment, TEMPORAL_ADDRESS: temporal.address };
    await t.service.api.stop();
    Object.assign(t.plan, { environment });
    await t.service.startApi();
    const items = all.map((each) => confirmed(brand(each), { advertiserId: ADVERTISER }));
    temporal.cut();
    const batch = await give(t.partner, CONFIRMATIONS, items);
    await eventually(
      () => attemptsOf(batch),
      (attempts) => attempts > 0,
    );
    expect(await batchOf(t.partner, batch)).toMatchObject({ pending: 6 });
    temporal.restore();
    expect(await untilCarriedOut(t.partner, batch)).toMatchObject({ done: 6, failed: 0 });
    await requireOnce(all, 'partner_confirmed');
  });

  test('When the worker cannot read the calendar, then a deferral is sent again as a new attempt, and done exactly once', async () => {
    const [one] = (await enrollments(1)) as [Enrolled];
    const url = new URL(t.plan.databaseUrl);
    const database = await startCuttableProxy(url.host);
    await t.service.worker.stop();
    url.host = database.address;
    await t.service.startWorker({ environment: { DATABASE_URL: url.href } });
    try {
      database.cut();
      const batch = await give(t.partner, DEFERRALS, [{ brandDomain: brand(one), month: '2023-12' }]);
      await eventually(
        () => attemptsOf(batch),
        (attempts) => attempts >= 2,
      );
      expect(await batchOf(t.partner, batch)).toMatchObject({ pending: 1 });
      database.restore();
      expect(await untilCarriedOut(t.partner, batch)).toMatchObject({ done: 1 });
      await requireOnce([one], 'deferred');
    } finally {
      await t.service.worker.stop();
      await t.service.startWorker();
      await database.stop();
    }
  });

  test('When PostgreSQL breaks its connections for a moment, then items go on by themselves and are done exactly once', async () => {
    const all = await enrollments(12);
    const batch = await givenUntil(all, 2);
    await t.db.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    );
    await eventually(
      () => t.partner.get(`/v1/batches/${batch.batchId}`),
      ({ status }) => status === 200,
    );
    await endLeases(t);
    expect(await untilCarriedOut(t.partner, batch)).toMatchObject({ done: 12, failed: 0 });
    await requireOnce(all, 'deferred');
  });

  test('When a large batch is under way, then a small one of somebody else is not kept waiting for its end', async () => {
    const [one] = (await enrollments(1)) as [Enrolled];
    const unknown = Array.from({ length: 1_000 }, (_, index) =>
      rejected(`unknown-${index}.example`, { advertiserId: ADVERTISER }),
    );
    const large = await give(t.otherPartner, CONFIRMATIONS, unknown);
    const small = await give(t.partner, CONFIRMATIONS, [confirmed(brand(one), { advertiserId: ADVERTISER })]);
    expect(await untilCarriedOut(t.partner, small)).toMatchObject({ done: 1 });
    expect((await batchOf(t.otherPartner, large)).pending).toBeGreaterThan(500);
    expect(await untilCarriedOut(t.otherPartner, large)).toMatchObject({ failed: 1_000 });
    expect(await itemsOf(t.otherPartner, large, 'standing')).toEqual([]);
  });
});

async function attemptsOf({ batchId }: Batch): Promise<number> {
  const { rows } = await t.db.query<{ attempts: number }>(
    `select max(attempts)::int as attempts from batch_item where batch_id = $1`,
    [batchId],
  );
  return rows[0]!.attempts;
}
