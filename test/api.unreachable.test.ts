/** Temporal, a worker or the API itself is away: what was accepted happens once, reads go on, the rest is told to wait. */
import { randomUUID } from 'node:crypto';
import { createApiClient, eventually, type ApiAnswer, type Enrollment } from '../dev/apiClient';
import { untilAnswered } from './support/comeAgain';
import { startCuttableProxy, type CuttableProxy } from './support/cuttableProxy';
import { sharedServers } from './support/shared';
import { OTHER_ADVERTISER, startTestService, type TestService } from './support/testService';
import { runsOfWorkflow } from './support/workflows';

let temporal: CuttableProxy;
let t: TestService;
beforeAll(async () => {
  const servers = sharedServers();
  temporal = await startCuttableProxy(servers.temporalAddress);
  t = await startTestService({ servers: { ...servers, temporalAddress: temporal.address } });
});
afterEach(() => temporal?.restore());
afterAll(async () => {
  await t?.stop();
  await temporal?.stop();
});

async function enrollLocated(): Promise<Enrollment> {
  const { status, body } = await t.caller.post('/v1/enrollments', t.form());
  expect(status).toBe(201);
  await t.untilEvent(body.id, 'advertiser_located');
  return body;
}

function defer(id: string, key?: string): Promise<ApiAnswer<Enrollment>> {
  return t.partner.post(`/v1/enrollments/${id}/deferral`, { month: '2023-12' }, key);
}

async function countEvents(id: string, type: string): Promise<number> {
  return (await t.timeline(id)).filter((event) => event.type === type).length;
}

function expectToWait(answer: ApiAnswer<Enrollment>): void {
  expect(answer).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
}

/** The workflow has begun its work, and there is one run of it. */
async function expectStartedOnce({ id, workflowId }: Pick<Enrollment, 'id' | 'workflowId'>): Promise<void> {
  await eventually(
    () => t.timeline(id),
    (items) => items.some(({ type }) => type === 'advertiser_located'),
    90_000,
  );
  expect(await countEvents(id, 'opened')).toBe(1);
  expect(await runsOfWorkflow(t, workflowId)).toBe(1);
  await eventually(
    async () => (await t.db.query('select from outbox where enrollment_id = $1', [id])).rowCount,
    (rows) => rows === 0,
    90_000,
  );
}

test('When Temporal is down, then enrollments are accepted with 202, reads go on, messages wait, and all start once it is back', async () => {
  const running = await enrollLocated();
  temporal.cut();

  const key = randomUUID();
  const form = t.form();
  const accepted = await Promise.all([
    t.caller.post('/v1/enrollments', form, key),
    ...Array.from({ length: 5 }, () => t.caller.post('/v1/enrollments', t.form())),
  ]);
  for (const { status, body } of accepted) {
    expect(status).toBe(202);
    expect(body).toMatchObject({ status: 'verifying', calculationMonth: '2023-11' });
  }
  const again = await t.caller.post('/v1/enrollments', form, key);
  expect(again).toMatchObject({ status: 202, body: { id: accepted[0].body.id } });

  expect(await t.caller.get(`/v1/enrollments/${running.id}`)).toMatchObject({ status: 200 });
  const list = await t.caller.get<{ items: Enrollment[] }>('/v1/enrollments');
  expect(list.body.items.map(({ id }) => id)).toEqual(
    expect.arrayContaining([running.id, ...accepted.map(({ body }) => body.id)]),
  );
  const askedAt = Date.now();
  const readiness = await fetch(`${t.service.apiUrl}/readyz`);
  // It does not wait as long as a message does (8 s).
  expect(Date.now() - askedAt).toBeLessThan(6_000);
  expect([readiness.status, await readiness.json()]).toEqual([
    200,
    { database: 'ok', temporal: 'not answering' },
  ]);
  const message = randomUUID();
  expectToWait(await defer(running.id, message));

  temporal.restore();
  for (const { body } of accepted) await expectStartedOnce(body);
  expect(await untilAnswered(() => defer(running.id, message))).toMatchObject({ status: 200 });
  expect(await countEvents(running.id, 'deferred')).toBe(1);
}, 240_000);

test('When the API is killed between its commit and the start of the workflow, then it is started once within a minute', async () => {
  temporal.hang();
  const form = t.form();
  const key = randomUUID();
  const lost = t.caller.post('/v1/enrollments', form, key).catch(() => 'no answer');
  const committed = await eventually(
    async () => {
      const { rows } = await t.db.query<{ id: string; workflowId: string; startedAt: Date | null }>(
        `select enrollment_id as id, workflow_id as "workflowId", started_at as "startedAt"
           from enrollment join submission using (enrollment_id) where store_url = $1`,
        [form.brand.storeUrl],
      );
      return rows[0];
    },
    (row) => row !== undefined,
  );
  expect(committed!.startedAt).toBeNull();
  await t.service.api.kill('SIGKILL');
  expect(await lost).toBe('no answer');
  temporal.restore();
  await t.service.startApi();

  await expectStartedOnce(committed!);
  // The killed process still holds the key; once its lease is over, the retry gets the enrollment.
  await t.db.query(`update idempotency_key set leased_until = now() where key = $1`, [key]);
  expect(await t.caller.post('/v1/enrollments', form, key)).toMatchObject({
    status: 201,
    body: { id: committed!.id },
  });
});

test('When a killed API still holds a key, then an equal request is told to come again and changes nothing', async () => {
  const { id } = await enrollLocated();
  const key = randomUUID();
  expect((await defer(id, key)).status).toBe(200);
  await t.db.query(
    `update idempotency_key set response_status = null, leased_until = now() + interval '1 minute' where key = $1`,
    [key],
  );
  const held = await defer(id, key);
  expect(held).toMatchObject({ status: 409, body: { code: 'REQUEST_IN_FLIGHT' } });
  expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await countEvents(id, 'deferred')).toBe(1);
});

test('When no worker runs, then a message is 503, and its retry with the same key is applied once', async () => {
  const enrolled = await enrollLocated();
  const form = t.form();
  await t.service.worker.kill('SIGKILL');
  const created = await t.caller.post('/v1/enrollments', form);
  expect(created.status).toBe(201);

  const [deferral, resubmission] = [randomUUID(), randomUUID()];
  const changed = { ...form, advertiserId: OTHER_ADVERTISER };
  const resubmit = () => t.caller.post('/v1/enrollments', changed, resubmission);
  for (const answer of await Promise.all([defer(enrolled.id, deferral), resubmit()])) expectToWait(answer);
  expect((await t.caller.get(`/v1/enrollments/${enrolled.id}`)).body.calculationMonth).toBe('2023-11');
  // The change may yet be taken, so the data as they were are not "unchanged".
  expectToWait(await t.caller.post('/v1/enrollments', form));

  await t.service.startWorker();
  const deferred = await untilAnswered(() => defer(enrolled.id, deferral));
  expect(deferred).toMatchObject({ status: 200, body: { calculationMonth: '2023-12' } });
  expect((await untilAnswered(resubmit)).status).toBe(200);
  expect(await countEvents(enrolled.id, 'deferred')).toBe(1);
  const resubmitted = (await t.timeline(created.body.id)).filter(({ type }) => type === 'resubmitted');
  const taken = resubmitted.map(({ details }) => details['submissionId']);
  expect(new Set(taken).size).toBe(taken.length);
  expect(resubmitted.filter(({ details }) => details['advertiserId'] === OTHER_ADVERTISER)).toHaveLength(1);
});

test('When the API is told to stop, then it answers the requests in flight first', async () => {
  await t.service.worker.kill('SIGKILL');
  const { body } = await t.caller.post('/v1/enrollments', t.form());
  const inFlight = defer(body.id);
  await eventually(
    async () =>
      (await t.db.query('select from idempotency_key where route like $1', [`%${body.id}/deferral`]))
        .rowCount,
    (rows) => rows === 1,
  );
  const stopped = t.service.api.stop();
  expectToWait(await inFlight);
  await stopped;
  await expect(createApiClient(t.service.apiUrl, 'any').get('/healthz')).rejects.toThrow();
  await Promise.all([t.service.startApi(), t.service.startWorker()]);
  const key = randomUUID();
  expect((await untilAnswered(() => defer(body.id, key))).status).toBe(200);
});

test('When a clock is advanced while an enrollment is being started, then the enrollment follows it', async () => {
  temporal.hang();
  const creating = t.caller.post('/v1/enrollments', t.form());
  const beingStarted = await eventually(
    async () => (await t.db.query('select from enrollment where started_at is null')).rowCount,
    (rows) => rows === 1,
  );
  expect(beingStarted).toBe(1);
  await t.advanceTo('2023-12-10T00:00:00Z');
  temporal.restore();
  const { id } = (await creating).body;
  // The facts are missing, so the calculation date moves the enrollment on.
  const moved = await t.until(id, ({ calculationMonth }) => calculationMonth === '2023-12', 90_000);
  expect(moved.status).toBe('verifying');
  expect(await countEvents(id, 'rolled_on')).toBe(1);
});
