/** Enrolling: one enrollment for a brand, whoever asks, however often and at the same time. */
import { createApiClient, type ApiAnswer, type Enrollment } from '../dev/apiClient';
import { publish } from '../dev/database';
import { DEVELOPMENT_KEYS } from '../dev/settings';
import { untilAnswered } from './support/comeAgain';
import { endEnrollment, publishProgram, publishStrictProgram } from './support/programs';
import { OTHER_ADVERTISER, startTestService, type TestService } from './support/testService';
import { historyLength, runsOfProgram, runsOfWorkflow } from './support/workflows';

const CROWD = Array.from({ length: 50 }, (_, index) => ({
  key: `pps_dev_caller_crowd-${index}`,
  role: 'caller' as const,
  id: `crowd-${index}`,
}));

let t: TestService;
beforeAll(async () => {
  t = await startTestService({
    environment: { API_KEYS: JSON.stringify([...DEVELOPMENT_KEYS, ...CROWD]) },
  });
});
afterAll(() => t?.stop());

const times = <T>(count: number, call: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => call(index)));

const statuses = (answers: ApiAnswer[] | ApiAnswer<Enrollment>[]) =>
  answers.map(({ status }) => status).sort((a, b) => a - b);

async function countRows(table: 'enrollment' | 'submission', enrollmentId: string): Promise<number> {
  const { rows } = await t.db.query<{ count: number }>(
    `select count(*)::int as count from ${table} where enrollment_id = $1`,
    [enrollmentId],
  );
  return rows[0]!.count;
}

async function enrollmentsOf(programId: string): Promise<number> {
  const { rows } = await t.db.query<{ count: number }>(
    'select count(*)::int as count from enrollment where program_id = $1',
    [programId],
  );
  return rows[0]!.count;
}

test('When one brand is posted 20 times at once with different keys, then there is one enrollment and one workflow', async () => {
  const { id: programId } = await publishProgram(t);
  const form = { ...t.form(), programId };
  const answers = await times(20, (index) =>
    untilAnswered(() => t.caller.post('/v1/enrollments', form, `parallel-${index}`)),
  );

  expect(statuses(answers)).toEqual([...Array<number>(19).fill(200), 201]);
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect(await enrollmentsOf(programId)).toBe(1);
  expect(await countRows('submission', answers[0]!.body.id)).toBe(1);
  expect(await runsOfProgram(t, programId)).toBe(1);
});

test('When 50 callers enroll one brand at once, then one of them does and the others learn nothing of it', async () => {
  const { id: programId } = await publishProgram(t);
  const form = { ...t.form(), programId };
  const answers = await times(50, (index) => {
    const client = createApiClient(t.service.apiUrl, CROWD[index]!.key);
    return untilAnswered(() => client.post('/v1/enrollments', form, 'one-key'));
  });

  expect(statuses(answers)).toEqual([201, ...Array<number>(49).fill(409)]);
  const winner = answers.find(({ status }) => status === 201)!.body;
  for (const { body } of answers.filter(({ status }) => status === 409)) {
    expect(body.code).toBe('BRAND_ALREADY_ENROLLED');
    const told = JSON.stringify(body);
    for (const secret of [winner.id, winner.workflowId, form.brand.name, form.contact.email, 'crowd-']) {
      expect(told).not.toContain(secret);
    }
  }
  expect(await enrollmentsOf(programId)).toBe(1);
  expect(await runsOfProgram(t, programId)).toBe(1);
});

test('When the same data are posted again, then nothing is written and the workflow hears nothing', async () => {
  const form = t.form();
  const { body: created } = await t.caller.post('/v1/enrollments', form);
  await t.untilEvent(created.id, 'advertiser_located');
  const before = await historyLength(t, created.workflowId);

  const again = await t.caller.post('/v1/enrollments', form);
  expect(again).toMatchObject({ status: 200, body: { id: created.id } });
  const byId = await t.caller.post(`/v1/enrollments/${created.id}/resubmission`, {
    ...form,
    programId: undefined,
  });
  expect(byId).toMatchObject({ status: 200, body: { id: created.id } });
  expect(await countRows('submission', created.id)).toBe(1);
  expect(await historyLength(t, created.workflowId)).toBe(before);
  expect((await t.timeline(created.id)).map(({ type }) => type)).not.toContain('resubmitted');
});

test('When changed data are posted, then the one enrollment holds them', async () => {
  const form = t.form();
  const { body: created } = await t.caller.post('/v1/enrollments', form);
  const changed = await t.caller.post('/v1/enrollments', { ...form, advertiserId: OTHER_ADVERTISER });
  expect(changed).toMatchObject({ status: 200, body: { id: created.id, advertiserId: OTHER_ADVERTISER } });
  expect((await t.get(created.id)).advertiserId).toBe(OTHER_ADVERTISER);
  expect(await countRows('submission', created.id)).toBe(2);
  expect(await runsOfWorkflow(t, created.workflowId)).toBe(1);
});

test('When 10 different resubmissions arrive at once, then each is recorded once and the last one taken stands', async () => {
  const form = t.form();
  const { body: created } = await t.caller.post('/v1/enrollments', form);
  const answers = await times(10, (index) => {
    const version = { ...form, externalId: `version ${index}` };
    return untilAnswered(() => t.caller.post('/v1/enrollments', version, `version-${index}`));
  });
  expect(statuses(answers)).toEqual(Array<number>(10).fill(200));
  const resubmitted = (await t.timeline(created.id)).filter(({ type }) => type === 'resubmitted');
  expect(resubmitted).toHaveLength(10);
  const { rows } = await t.db.query<{ externalId: string }>(
    'select external_id as "externalId" from submission where submission_id = $1',
    [resubmitted.at(-1)!.details['submissionId']],
  );
  expect(await t.get(created.id)).toMatchObject(rows[0]!);
});

test('When an enrollment has ended, then a second POST of its brand is 409 with the final state', async () => {
  const { id: programId } = await publishStrictProgram(t);
  const form = { ...t.form(), programId };
  const { body: created } = await t.caller.post('/v1/enrollments', form);
  await endEnrollment(t, programId, created.id);

  for (const again of [form, { ...form, advertiserId: OTHER_ADVERTISER }]) {
    const answer = await t.caller.post('/v1/enrollments', again);
    expect(answer).toMatchObject({
      status: 409,
      body: { code: 'ENROLLMENT_ENDED', enrollmentId: created.id, finalStatus: 'ineligible' },
    });
  }
  const after = await t.get(created.id);
  expect(after).toMatchObject({ status: 'ineligible', advertiserId: form.advertiserId });
  expect(after.reasonCodes).toContain('QUESTIONNAIRE_OVERDUE');
  expect(await runsOfProgram(t, programId)).toBe(1);
});

test('When the program gets a new revision, then an enrollment is still resubmitted under its own terms', async () => {
  const definition = await publishProgram(t);
  const form = { ...t.form(), programId: definition.id };
  const { body: created } = await t.caller.post('/v1/enrollments', form);
  const dataSharing = { ...definition.dataSharing, textVersion: '2024-01' };
  await publish(t.plan.databaseUrl, { ...definition, dataSharing }, []);

  const resubmitted = await t.caller.post('/v1/enrollments', { ...form, advertiserId: OTHER_ADVERTISER });
  expect(resubmitted).toMatchObject({
    status: 200,
    body: { id: created.id, advertiserId: OTHER_ADVERTISER },
  });
  const newcomer = await t.caller.post('/v1/enrollments', { ...t.form(), programId: definition.id });
  expect(newcomer).toMatchObject({
    status: 422,
    body: { errors: [expect.objectContaining({ pointer: '/dataSharing/textVersion' })] },
  });
});

describe('which stores are one brand', () => {
  const enroll = async (name: string, storeUrl: string) =>
    t.caller.post('/v1/enrollments', t.form({ brand: { name, storeUrl } }));

  test('When two stores have their own names at a platform, then they are two brands', async () => {
    const a = await enroll('A', 'https://a.myshopify.com');
    const b = await enroll('B', 'https://b.myshopify.com');
    expect([a.status, b.status]).toEqual([201, 201]);
    expect(a.body.id).not.toBe(b.body.id);
  });

  test('When the address is written in another way, then it is the same brand', async () => {
    const first = await enroll('Spelled', 'https://spelled-brand.example');
    expect(first.status).toBe(201);
    for (const storeUrl of [
      'https://www.spelled-brand.example',
      'HTTPS://WWW.SPELLED-BRAND.EXAMPLE/shop?x=1#top',
      'spelled-brand.example.',
      'http://shop.spelled-brand.example:8080/',
    ]) {
      expect(await enroll('Spelled', storeUrl)).toMatchObject({ status: 200, body: { id: first.body.id } });
    }
  });

  test('When the host is shared by many brands, then it is refused and the field is named', async () => {
    for (const storeUrl of ['https://www.etsy.com/shop/northwind', 'https://northwind.etsy.com']) {
      const refused = await enroll('Shared', storeUrl);
      expect(refused).toMatchObject({
        status: 422,
        body: {
          errors: [{ pointer: '/brand/storeUrl', message: expect.stringContaining('etsy.com') as string }],
        },
      });
    }
  });
});
