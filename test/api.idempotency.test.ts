/** Idempotency keys: every write is done once and answered the same, and never for somebody else. */
import { randomUUID } from 'node:crypto';
import { sweepKeys } from '../database/idempotency';
import { createDatabase } from '../database/pool';
import { createApiClient, type Enrollment } from '../dev/apiClient';
import { DEVELOPMENT_KEYS } from '../dev/settings';
import { untilAnswered } from './support/comeAgain';
import { ownProgram } from './support/ownProgram';
import { endEnrollment, publishProgram, publishStrictProgram } from './support/programs';
import { OTHER_ADVERTISER, startTestService, type TestService } from './support/testService';
import { historyLength, runsOfWorkflow } from './support/workflows';

/** Ana again, as a caller: the same person with a key of another role. */
const ANA_AS_CALLER = { key: 'pps_dev_caller_ana', role: 'caller' as const, id: 'ana' };

let t: TestService;
beforeAll(async () => {
  t = await startTestService({
    environment: { API_KEYS: JSON.stringify([...DEVELOPMENT_KEYS, ANA_AS_CALLER]) },
  });
});
afterAll(() => t?.stop());

const replayed = ({ headers }: { headers: Headers }) => headers.get('idempotency-replayed');

async function enroll(changes?: Parameters<TestService['form']>[0], key?: string): Promise<Enrollment> {
  const { status, body } = await t.caller.post('/v1/enrollments', t.form(changes), key);
  expect(status).toBe(201);
  return body;
}

/** As if the API had been killed between the change and the keeping of its answer. */
async function loseAnswer(key: string): Promise<void> {
  const lost = await t.db.query(
    'update idempotency_key set response_status = null, response_body = null where key = $1',
    [key],
  );
  expect(lost.rowCount).toBe(1);
}

async function countEvents(enrollmentId: string, type: string): Promise<number> {
  return (await t.timeline(enrollmentId)).filter((event) => event.type === type).length;
}

test('When one POST is sent 50 times at once with one key, then it is done once and all get the same answer', async () => {
  const form = t.form();
  const key = randomUUID();
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => untilAnswered(() => t.caller.post('/v1/enrollments', form, key))),
  );
  for (const answer of answers) expect(answer).toMatchObject({ status: 201, body: answers[0]!.body });
  expect(answers.map(replayed).filter((header) => header === null)).toHaveLength(1);
  expect(answers.map(replayed).filter((header) => header === 'true')).toHaveLength(49);
  expect(await runsOfWorkflow(t, answers[0]!.body.workflowId)).toBe(1);
});

test('When a key comes with another body, then it is 422 and nothing has changed', async () => {
  const form = t.form();
  const key = randomUUID();
  const first = await t.caller.post('/v1/enrollments', form, key);
  await t.untilEvent(first.body.id, 'advertiser_located');
  const before = await historyLength(t, first.body.workflowId);

  const other = await t.caller.post('/v1/enrollments', { ...form, advertiserId: OTHER_ADVERTISER }, key);
  expect(other).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  expect((await t.get(first.body.id)).advertiserId).toBe(form.advertiserId);
  expect(await historyLength(t, first.body.workflowId)).toBe(before);
  const again = await t.caller.post('/v1/enrollments', form, key);
  expect(again).toMatchObject({ status: 201, body: first.body });
  expect(replayed(again)).toBe('true');
});

test('When the same data come with their members in another order, then it is the same request', async () => {
  const { id } = await enroll();
  const key = randomUUID();
  const path = `/v1/enrollments/${id}/questionnaire`;
  const backwards = Object.fromEntries(Object.entries(t.answers).reverse());
  expect((await t.caller.post(path, { answers: t.answers }, key)).status).toBe(200);
  const again = await t.caller.post(path, { answers: backwards }, key);
  expect([again.status, replayed(again)]).toEqual([200, 'true']);
});

test('When members of a body have values that cannot be ordered, then it is refused as any other', async () => {
  const body = { a: { toString: 1 }, b: { toString: 1 } };
  const path = `/v1/programs/${t.programId}/revisions`;
  expect(await t.admin.post(path, body)).toMatchObject({ status: 422, body: { code: 'INVALID_REQUEST' } });
});

test('When a key is used for another enrollment, then it is another request', async () => {
  const [one, other] = [await enroll(), await enroll()];
  const key = randomUUID();
  for (const { id } of [one, other]) {
    const answer = await t.partner.post(`/v1/enrollments/${id}/deferral`, { month: '2023-12' }, key);
    expect(answer).toMatchObject({ status: 200, body: { id, calculationMonth: '2023-12' } });
    expect(replayed(answer)).toBeNull();
  }
});

test('When two owners use the same key, then neither gets the answer of the other', async () => {
  const key = randomUUID();
  const [mine, theirs] = [t.form(), t.form()];
  const one = await t.caller.post('/v1/enrollments', mine, key);
  const other = await t.otherCaller.post('/v1/enrollments', theirs, key);
  expect([one.status, other.status]).toEqual([201, 201]);
  expect(one.body.id).not.toBe(other.body.id);
  const stranger = await t.otherCaller.post('/v1/enrollments', mine, key);
  expect(stranger).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
});

test('When one person repeats a request with a key of a lesser role, then the answer for staff is not replayed', async () => {
  const key = randomUUID();
  const form = t.form();
  const asAdmin = await t.admin.post('/v1/enrollments', form, key);
  expect(asAdmin.body.temporalUiUrl).toContain('workflows');
  const asCaller = createApiClient(t.service.apiUrl, ANA_AS_CALLER.key);
  const again = await asCaller.post('/v1/enrollments', form, key);
  expect(again).toMatchObject({ status: 200, body: { id: asAdmin.body.id } });
  expect(again.body).not.toHaveProperty('temporalUiUrl');
});

test('When a refusal is repeated, then it is replayed with the id of its own request', async () => {
  const { id } = await enroll();
  const key = randomUUID();
  const refuse = () => t.partner.post<Problem>(`/v1/enrollments/${id}/deferral`, { month: '2031-01' }, key);
  const [first, again] = [await refuse(), await refuse()];
  expect(first).toMatchObject({ status: 409, body: { code: 'MONTH_NOT_IN_CALENDAR' } });
  expect([again.status, again.body.code, replayed(again)]).toEqual([409, 'MONTH_NOT_IN_CALENDAR', 'true']);
  for (const { headers, body } of [first, again]) expect(body.requestId).toBe(headers.get('x-request-id'));
  expect(again.body.requestId).not.toBe(first.body.requestId);
});

test('When a refusal names what no jsonb can hold, then it is kept and replayed like any other', async () => {
  const key = randomUUID();
  const publish = () =>
    t.admin.post<Problem>(`/v1/programs/${t.programId}/revisions`, { 'a\0b': 1, 'a\ud83d': 1 }, key);
  const [first, again] = [await publish(), await publish()];
  expect([first.status, replayed(first)]).toEqual([422, null]);
  expect([again.status, replayed(again)]).toEqual([422, 'true']);
  expect({ ...again.body, requestId: '' }).toEqual({ ...first.body, requestId: '' });
});

test('When the answer to an enrollment was lost, then its retry is 201 with the same enrollment', async () => {
  const form = t.form();
  const key = randomUUID();
  const first = await t.caller.post('/v1/enrollments', form, key);
  await loseAnswer(key);
  const retry = await t.caller.post('/v1/enrollments', form, key);
  expect(retry).toMatchObject({ status: 201, body: { id: first.body.id } });
  expect(replayed(retry)).toBeNull();
  expect(await runsOfWorkflow(t, first.body.workflowId)).toBe(1);
});

test('When the answer to a resubmission was lost and a newer one came, then its retry does not bring the old data back', async () => {
  const form = t.form();
  const { body: created } = await t.caller.post('/v1/enrollments', form);
  const key = randomUUID();
  const older = { ...form, externalId: 'older' };
  expect((await t.caller.post('/v1/enrollments', older, key)).status).toBe(200);
  expect((await t.caller.post('/v1/enrollments', { ...form, externalId: 'newer' })).status).toBe(200);
  await loseAnswer(key);
  const retry = await t.caller.post('/v1/enrollments', older, key);
  expect(retry).toMatchObject({ status: 200, body: { externalId: 'newer' } });
  expect(await countEvents(created.id, 'resubmitted')).toBe(2);
});

test('When the answer to a message was lost and the enrollment has ended since, then its retry succeeds and a new message is 409', async () => {
  const { id: programId } = await publishStrictProgram(t);
  const { body: created } = await t.caller.post('/v1/enrollments', { ...t.form(), programId });
  await t.untilEvent(created.id, 'advertiser_located');
  const confirm = (key: string) =>
    t.partner.post(
      `/v1/enrollments/${created.id}/partner-confirmation`,
      { advertiserId: created.advertiserId },
      key,
    );
  const key = randomUUID();
  expect((await confirm(key)).status).toBe(200);
  await endEnrollment(t, programId, created.id);

  await loseAnswer(key);
  expect(await confirm(key)).toMatchObject({ status: 200, body: { id: created.id, status: 'ineligible' } });
  const refusal = { status: 409, body: { code: 'ENROLLMENT_ENDED', finalStatus: 'ineligible' } };
  expect(await confirm(randomUUID())).toMatchObject(refusal);

  // Long after, Temporal has forgotten the workflow: it knows none of that id.
  await t.db.query('update enrollment set workflow_id = $2 where enrollment_id = $1', [
    created.id,
    `${created.workflowId}:forgotten`,
  ]);
  await loseAnswer(key);
  expect((await confirm(key)).status).toBe(200);
  expect(await confirm(randomUUID())).toMatchObject(refusal);
  expect(await countEvents(created.id, 'partner_confirmed')).toBe(1);
});

test('When the answer to a publication was lost and another revision came, then its retry does not bring the old one back', async () => {
  const definition = await publishProgram(t);
  const publish = (name: string, key: string) =>
    t.admin.post<{ revision: number; changes: string[] }>(
      `/v1/programs/${definition.id}/revisions`,
      { ...definition, name },
      key,
    );
  const key = randomUUID();
  const first = await publish('An older name', key);
  expect(first).toMatchObject({ status: 201, body: { revision: 2, published: true } });
  expect(first.body.changes).toHaveLength(1);
  expect((await publish('A newer name', randomUUID())).body.revision).toBe(3);
  await loseAnswer(key);
  expect(await publish('An older name', key)).toMatchObject({ status: 201, body: first.body });
  const { body: program } = await t.admin.get<{ name: string; revision: number }>(
    `/v1/programs/${definition.id}`,
  );
  expect([program.name, program.revision]).toEqual(['A newer name', 3]);
});

test('When the answer to a move of the clock was lost and it was moved again, then its retry moves nothing', async () => {
  const { id } = await publishProgram(t);
  const clock = `/v1/programs/${id}/clock`;
  const key = randomUUID();
  const run = () => t.admin.post(clock, { advanceTo: '2023-11-20T00:00:00Z', speed: 60 }, key);
  expect((await run()).status).toBe(200);
  const stop = { advanceTo: '2023-12-01T00:00:00Z', speed: 0 };
  expect((await t.admin.post(clock, stop)).status).toBe(200);
  await loseAnswer(key);
  expect(await run()).toMatchObject({ status: 200, body: { now: '2023-12-01T00:00:00.000Z', speed: 0 } });
});

test('When the answer to an undone deferral was lost, then its retry succeeds, also where only partners may defer', async () => {
  const program = await ownProgram(t, { deferral: { maximum: 2, by: ['partner'] } });
  const brand = await program.enroll();
  await brand.defer('2023-12');
  const undo = () => brand.ask(t.admin, 'deferral', { month: '2023-11' }, 'undo');
  expect(await undo()).toMatchObject({ status: 200, body: { calculationMonth: '2023-11' } });
  await loseAnswer('undo');
  expect(await undo()).toMatchObject({ status: 200, body: { calculationMonth: '2023-11' } });
  expect(await countEvents(brand.id, 'deferred')).toBe(2);
});

test('When a workflow was terminated from outside, then a message is 409 and says that staff must look', async () => {
  const { id, workflowId } = await enroll();
  await t.temporal.workflow.getHandle(workflowId).terminate('by a test');
  const answer = await t.partner.post(`/v1/enrollments/${id}/deferral`, { month: '2023-12' });
  expect(answer).toMatchObject({ status: 409, body: { code: 'ENROLLMENT_STOPPED' } });
  expect((await t.get(id)).calculationMonth).toBe('2023-11');
});

test('When keys are swept, then those of the last day stay, and ids of webhooks from partners for two weeks', async () => {
  const ages = [
    ['caller shop-app', '23 hours', true],
    ['caller shop-app', '25 hours', false],
    ['caller shop-app', '13 days', false],
    ['webhook kno', '25 hours', true],
    ['webhook kno', '13 days', true],
    ['webhook kno', '15 days', false],
  ] as const;
  for (const [owner, age] of ages)
    await t.db.query(
      `insert into idempotency_key (owner, route, key, body_hash, message_id, created_at)
       values ($1, 'swept', $2::text, '', '', now() - ($2::text)::interval)`,
      [owner, age],
    );
  const database = createDatabase({ connectionString: t.plan.databaseUrl });
  await sweepKeys(database.pool, 1_000).finally(() => database.close());

  const { rows } = await t.db.query<{ owner: string; key: string }>(
    `select owner, key from idempotency_key where route = 'swept' order by owner, created_at desc`,
  );
  expect(rows).toEqual(ages.filter(([, , kept]) => kept).map(([owner, key]) => ({ owner, key })));
});

test('When an Idempotency-Key cannot be one, then it is 400 and names the header', async () => {
  const errors = [{ pointer: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }];
  for (const key of ['two words', 'x'.repeat(256)]) {
    expect(await t.caller.post('/v1/enrollments', t.form(), key)).toMatchObject({
      status: 400,
      body: { code: 'INVALID_REQUEST', errors },
    });
  }
});

test('When a message is confirmed 30 times at once with different keys, then each is recorded and one confirmation stands', async () => {
  const { id, advertiserId } = await enroll();
  await t.untilEvent(id, 'advertiser_located');
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      untilAnswered(() =>
        t.partner.post(`/v1/enrollments/${id}/partner-confirmation`, { advertiserId }, `one-of-30-${index}`),
      ),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const confirmed = (await t.timeline(id)).filter(({ type }) => type === 'partner_confirmed');
  expect(confirmed).toHaveLength(30);
  expect(confirmed.filter(({ details }) => details['repeated'] === false)).toHaveLength(1);
});

interface Problem {
  code: string;
  requestId: string;
}
