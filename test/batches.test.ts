/** Many words of survey partners at once: each item what its request by itself would be, none lost, none done twice. */
import { createApiClient, eventually, type ApiClient, type TimelineItem } from '../dev/apiClient';
import { startService } from '../dev/service';
import { freePort } from '../dev/stack/ports';
import { requireContract } from './support/contract';
import { publishProgram } from './support/programs';
import {
  ADVERTISER,
  OTHER_ADVERTISER,
  startTestService,
  type Form,
  type TestService,
} from './support/testService';

interface Batch {
  batchId: string;
  kind: string;
  total: number;
  pending: number;
  standing: number;
  done: number;
  failed: number;
}
interface Item {
  position: number;
  status: string;
  result: { status: number; code?: string; enrollmentId?: string; standsUntil?: string } | null;
}

let t: TestService;
beforeAll(async () => {
  t = await startTestService({ environment: { TIKTOK_REQUESTS_PER_SECOND: '100' } });
});
afterAll(() => t?.stop());

const domainOf = ({ brand }: Form) => new URL(brand.storeUrl).hostname;
const DAY_MS = 86_400_000;

async function enrolled(changes?: Partial<Form>): Promise<{ id: string; brandDomain: string }> {
  const form = t.form(changes);
  const { id } = (await t.caller.post('/v1/enrollments', form)).body;
  await t.untilEvent(id, 'opened');
  return { id, brandDomain: domainOf(form) };
}

async function give(path: string, body: object, by: ApiClient = t.partner): Promise<Batch> {
  const { status, body: batch, headers } = await by.post<Batch>(path, body);
  expect([status, headers.get('location')]).toEqual([202, `/v1/batches/${batch.batchId}`]);
  return batch;
}
const confirm = (items: object[], by?: ApiClient, more: object = {}) =>
  give('/v1/partner-confirmations', { items, ...more }, by);

const batchOf = async (id: string) => (await t.admin.get<Batch>(`/v1/batches/${id}`)).body;
const untilNoneWaits = ({ batchId }: Batch) =>
  eventually(
    () => batchOf(batchId),
    ({ pending }) => pending === 0,
    60_000,
  );
async function resultsOf(batch: Batch): Promise<Item[]> {
  await untilNoneWaits(batch);
  return (await t.admin.get<{ items: Item[] }>(`/v1/batches/${batch.batchId}/items?limit=200`)).body.items;
}

const said = async (id: string, type: string): Promise<TimelineItem[]> =>
  (await t.timeline(id)).filter((item) => item.type === type);

test('When a partner confirms and rejects many brands at once, then each gets the answer of its own request', async () => {
  const [byDomain, byId, rejected, otherAccount] = [
    await enrolled(),
    await enrolled(),
    await enrolled(),
    await enrolled(),
  ];
  const foreign = await enrolled({ surveyPartner: 'fairing' });
  const word = { advertiserId: ADVERTISER, outcome: 'confirmed' };
  const batch = await confirm([
    { ...word, brandDomain: byDomain.brandDomain.toUpperCase() },
    { ...word, enrollmentId: byId.id, criteria: ['subscription'] },
    { brandDomain: rejected.brandDomain, advertiserId: ADVERTISER, outcome: 'rejected' },
    { ...word, brandDomain: otherAccount.brandDomain, advertiserId: OTHER_ADVERTISER },
    { ...word, enrollmentId: foreign.id },
    { brandDomain: 'nobody.example', advertiserId: ADVERTISER, outcome: 'rejected' },
  ]);
  expect(batch).toMatchObject({ kind: 'partner_confirmations', total: 6 });
  expect(await resultsOf(batch)).toMatchObject([
    { position: 1, status: 'done', result: { status: 200, enrollmentId: byDomain.id } },
    { status: 'done', result: { status: 200, enrollmentId: byId.id } },
    { status: 'done', result: { status: 200, enrollmentId: rejected.id } },
    { status: 'failed', result: { status: 409, code: 'SUBMISSION_SUPERSEDED' } },
    { status: 'failed', result: { status: 404, code: 'NOT_FOUND' } },
    { status: 'failed', result: { status: 404, code: 'NOT_FOUND' } },
  ]);
  expect(await said(byDomain.id, 'partner_confirmed')).toHaveLength(1);
  expect(await said(byId.id, 'partner_confirmed')).toMatchObject([{ details: { criteria: 'subscription' } }]);
  expect(await said(rejected.id, 'partner_rejected')).toHaveLength(1);
  expect(await said(otherAccount.id, 'partner_confirmed')).toEqual([]);
  expect(await said(foreign.id, 'partner_confirmed')).toEqual([]);

  expect((await t.otherPartner.get(`/v1/batches/${batch.batchId}`)).status).toBe(404);
  const { rows } = await t.db.query<{ count: number }>(
    `select count(*)::int as count from audit_entry where entry->'about'->>'batchId' = $1 and entry->>'event' = 'answered'`,
    [batch.batchId],
  );
  // Each item, and the request.
  expect(rows[0]!.count).toBe(7);
});

test.each<[string, object, string]>([
  ['names nothing', { advertiserId: ADVERTISER, outcome: 'confirmed' }, '/items/0/enrollmentId'],
  [
    'names both',
    { advertiserId: ADVERTISER, outcome: 'confirmed', brandDomain: 'a.example', enrollmentId: 'enr_1' },
    '/items/0/enrollmentId',
  ],
  ['has no outcome', { advertiserId: ADVERTISER, brandDomain: 'a.example' }, '/items/0/outcome'],
])('When an item %s, then the whole batch is 400 and the place is named', async (_what, item, pointer) => {
  const { status, body } = await t.partner.post<{ errors: { pointer: string }[] }>(
    '/v1/partner-confirmations',
    { items: [item] },
  );
  expect([status, body.errors.map((error) => error.pointer)]).toEqual([400, [pointer]]);
});

test('When a batch is empty or has more than 1,000 items, then it is 400', async () => {
  const item = { brandDomain: 'a.example', month: '2023-12' };
  for (const items of [[], Array.from({ length: 1_001 }, () => item)])
    expect((await t.partner.post('/v1/deferrals', { items })).status).toBe(400);
});

test('When a brand is in several programs, then an item has to say which', async () => {
  const { id, brandDomain } = await enrolled();
  const other = await publishProgram(t);
  const form = {
    ...t.form({ brand: { name: 'Both', storeUrl: `https://${brandDomain}` } }),
    programId: other.id,
  };
  const second = (await t.caller.post('/v1/enrollments', form)).body;
  await t.untilEvent(second.id, 'opened');
  const item = { brandDomain, month: '2023-12' };
  const [ambiguous] = await resultsOf(await give('/v1/deferrals', { items: [item] }));
  expect(ambiguous).toMatchObject({ status: 'failed', result: { status: 422, code: 'BRAND_AMBIGUOUS' } });
  const [named] = await resultsOf(await give('/v1/deferrals', { items: [item], programId: other.id }));
  expect(named).toMatchObject({ status: 'done', result: { enrollmentId: second.id } });
  expect(await said(id, 'deferred')).toEqual([]);
});

describe('a confirmation of a brand that is not enrolled', () => {
  const stand = async (form: Form, more: object = {}, by?: ApiClient) => {
    const item = {
      brandDomain: domainOf(form),
      advertiserId: form.advertiserId,
      outcome: 'confirmed',
      ...more,
    };
    const batch = await confirm([item], by);
    return { batch, item: (await resultsOf(batch))[0]! };
  };

  test('When the brand enrolls with the same partner and ad account, then it counts, with its date', async () => {
    const form = t.form();
    const { batch, item } = await stand(form);
    expect(item).toMatchObject({ status: 'standing', result: { status: 202 } });
    const days = (Date.parse(item.result!.standsUntil!) - Date.now()) / DAY_MS;
    expect(Math.round(days)).toBe(90);

    const { id } = (await t.caller.post('/v1/enrollments', form)).body;
    const word = await t.untilEvent(id, 'partner_confirmed');
    expect(word).toMatchObject({ actor: { role: 'partner', id: 'kno' } });
    const { criteria } = (await t.admin.get<{ criteria: { criterion: string }[] }>(`/v1/enrollments/${id}`))
      .body;
    const { rows } = await t.db.query<{ at: Date }>(
      `select created_at as at from batch where batch_id = $1`,
      [batch.batchId],
    );
    const statedAt = rows[0]!.at.toISOString();
    expect(word.details).toMatchObject({ statedAt });
    expect(criteria.find(({ criterion }) => criterion === 'subscription')).toMatchObject({
      status: 'attested',
      evidence: { details: { statedAt } },
    });
    const [done] = await resultsOf(batch);
    expect(done).toMatchObject({ status: 'done', result: { status: 200, enrollmentId: id } });
  });

  test.each<[string, Partial<Form>]>([
    ['ad account', { advertiserId: OTHER_ADVERTISER }],
    ['partner', { surveyPartner: 'fairing' }],
  ])('When the brand enrolls with another %s, then the partner is asked as ever', async (_what, changes) => {
    const form = t.form();
    const { batch } = await stand(form);
    const { id } = (await t.caller.post('/v1/enrollments', { ...form, ...changes })).body;
    await t.untilEvent(id, 'advertiser_located');
    expect(await batchOf(batch.batchId)).toMatchObject({ standing: 1, pending: 0 });
    expect((await t.get(id)).waitingFor).toContainEqual(expect.objectContaining({ who: 'partner' }));
  });

  test('When a later word comes, then the earlier one stands no more', async () => {
    const form = t.form();
    const first = await stand(form);
    const second = await stand(form);
    expect(second.item.status).toBe('standing');
    expect(await resultsOf(first.batch)).toMatchObject([
      { status: 'failed', result: { code: 'CONFIRMATION_REPLACED' } },
    ]);
    const third = await stand(form, { outcome: 'rejected' });
    expect(third.item).toMatchObject({ status: 'done', result: { status: 200 } });
    expect(await resultsOf(second.batch)).toMatchObject([
      { status: 'failed', result: { code: 'CONFIRMATION_REPLACED' } },
    ]);
    const { id } = (await t.caller.post('/v1/enrollments', form)).body;
    await t.untilEvent(id, 'advertiser_located');
    expect(await said(id, 'partner_confirmed')).toEqual([]);
  });

  test('When 90 days are over, then it stands no more', async () => {
    const form = t.form();
    const { batch } = await stand(form);
    await t.db.query(`update standing_confirmation set expires_at = now() where batch_id = $1`, [
      batch.batchId,
    ]);
    await t.service.api.kill('SIGKILL');
    await t.service.startApi();
    await eventually(
      () => batchOf(batch.batchId),
      ({ failed }) => failed === 1,
    );
    expect(await resultsOf(batch)).toMatchObject([{ result: { code: 'CONFIRMATION_EXPIRED' } }]);
  });

  test('When an admin gives one, then the partner has to be named', async () => {
    const form = t.form();
    const { item } = await stand(form, {}, t.admin);
    expect(item).toMatchObject({ status: 'failed', result: { status: 422 } });
    const words = [{ brandDomain: domainOf(form), advertiserId: ADVERTISER, outcome: 'confirmed' }];
    const batch = await confirm(words, t.admin, { surveyPartner: 'kno' });
    expect(await resultsOf(batch)).toMatchObject([{ status: 'standing' }]);
    const { id } = (await t.caller.post('/v1/enrollments', form)).body;
    expect(await t.untilEvent(id, 'partner_confirmed')).toMatchObject({
      actor: { role: 'admin', id: 'ana' },
    });
  });

  test('When it is no registrable domain, then it would never be met, and is refused', async () => {
    const word = { brandDomain: 'shop.never.example', advertiserId: ADVERTISER, outcome: 'confirmed' };
    expect(await resultsOf(await confirm([word]))).toMatchObject([
      { status: 'failed', result: { status: 422 } },
    ]);
  });

  test('When it was given with a test key, then it stands for programs on test clocks only', async () => {
    const body = { role: 'partner', id: 'kno-test', surveyPartner: 'kno', test: true };
    const { key } = (await t.admin.post<{ key: string }>('/v1/api-keys', body)).body;
    const form = t.form();
    const { batch } = await stand(form, {}, createApiClient(t.service.apiUrl, key, requireContract));
    const rollingPeriod = { days: 60, payoutAfterDays: 14, lastMonth: '2099-12' };
    const { id: programId } = await publishProgram(
      t,
      { calendar: [], rollingPeriod, window: { ...t.definition.window, to: '2099-11-30' } },
      [],
    );
    const real = (await t.caller.post('/v1/enrollments', { ...form, programId })).body;
    await t.untilEvent(real.id, 'advertiser_located');
    expect(await said(real.id, 'partner_confirmed')).toEqual([]);
    expect(await batchOf(batch.batchId)).toMatchObject({ standing: 1 });
    const { id } = (await t.caller.post('/v1/enrollments', form)).body;
    await t.untilEvent(id, 'partner_confirmed');
  });

  test('When brands enroll at the moment at which they are confirmed, then each is confirmed once', async () => {
    const forms = Array.from({ length: 20 }, () => t.form());
    const [batches, answers] = await Promise.all([
      Promise.all(
        forms.map((form) =>
          confirm([{ brandDomain: domainOf(form), advertiserId: ADVERTISER, outcome: 'confirmed' }]),
        ),
      ),
      Promise.all(forms.map((form) => t.caller.post('/v1/enrollments', form))),
    ]);
    for (const batch of batches)
      await eventually(
        () => batchOf(batch.batchId),
        ({ done }) => done === 1,
        60_000,
      );
    for (const { body } of answers) expect(await said(body.id, 'partner_confirmed')).toHaveLength(1);
  });

  test('When 1,000 are confirmed in one request, then all of them stand', async () => {
    const words = Array.from({ length: 1_000 }, (_, index) => ({
      brandDomain: `later${index}.example`,
      advertiserId: ADVERTISER,
      outcome: 'confirmed',
    }));
    const batch = await confirm(words);
    expect(batch.total).toBe(1_000);
    expect(await untilNoneWaits(batch)).toMatchObject({ standing: 1_000, failed: 0 });
  });
});

test('When the API is killed amid a batch of deferrals, and a second one helps, then each is done once and its progress is kept', async () => {
  const brands = await Promise.all(Array.from({ length: 40 }, () => enrolled()));
  const items = brands.map(({ brandDomain }) => ({ brandDomain, month: '2023-12' }));
  const batch = await give('/v1/deferrals', { items });
  await eventually(
    () => batchOf(batch.batchId),
    ({ done }) => done >= 5,
  );
  await t.service.api.kill('SIGKILL');
  const plan = { ...t.plan, apiPort: await freePort(), workerHealthPort: await freePort() };
  const second = await startService({ ...plan, logDirectory: `${plan.logDirectory}/second` });
  try {
    await t.service.startApi();
    const seen = await batchOf(batch.batchId);
    expect(seen.done).toBeGreaterThanOrEqual(5);
    // What it had in hand is due when its lease ends; not to wait for that, it ends now.
    await t.db.query(`update batch_item set due_at = now() where status = 'pending' and attempts > 0`);
    expect(await untilNoneWaits(batch)).toMatchObject({ done: 40, failed: 0 });
    for (const { id } of brands) {
      expect(await said(id, 'deferred')).toHaveLength(1);
      expect((await t.get(id)).calculationMonth).toBe('2023-12');
    }
  } finally {
    await second.stop();
  }
});

test('When Temporal has not started an enrollment yet, then its item waits and is not lost', async () => {
  const { id, brandDomain } = await enrolled();
  await t.service.worker.kill('SIGKILL');
  const batch = await confirm([{ brandDomain, advertiserId: ADVERTISER, outcome: 'confirmed' }]);
  await eventually(
    () =>
      t.db.query<{ attempts: number }>(`select attempts from batch_item where batch_id = $1`, [
        batch.batchId,
      ]),
    ({ rows }) => rows[0]!.attempts > 0,
  );
  expect(await batchOf(batch.batchId)).toMatchObject({ pending: 1 });
  await t.service.startWorker();
  expect(await resultsOf(batch)).toMatchObject([{ status: 'done' }]);
  expect(await said(id, 'partner_confirmed')).toHaveLength(1);
});
