/** Keys `pps_test_`: an integrator tests with them against the deployed service and meets nothing that is real. */
import { createApiClient, type ApiClient, type Enrollment } from '../dev/apiClient';
import { mayUseTestKey } from '../api/policy';
import { ROUTES } from '../api/routes';
import { requireContract } from './support/contract';
import { publishProgram } from './support/programs';
import { giveCredit } from './support/statements';
import { startTestService, type TestService } from './support/testService';

const ROLES = ['caller', 'partner', 'admin', 'approver', 'operator', 'auditor'] as const;
type Role = (typeof ROLES)[number];

let t: TestService;
/** Of a program on real time, and of one on a test clock; both of the caller `integrator`. */
let real: Enrollment;
let rehearsed: Enrollment;
let realProgram: string;
const testKeys = {} as Record<Role, ApiClient>;
const liveKeys = {} as Record<Role, ApiClient>;
beforeAll(async () => {
  t = await startTestService();
  for (const test of [true, false]) {
    for (const role of ROLES) {
      const body = { role, id: 'integrator', test, ...(role === 'partner' && { surveyPartner: 'kno' }) };
      const { key } = (await t.admin.post<{ key: string }>('/v1/api-keys', body)).body;
      expect(key.startsWith(test ? 'pps_test_' : 'pps_live_')).toBe(true);
      (test ? testKeys : liveKeys)[role] = createApiClient(t.service.apiUrl, key, requireContract);
    }
  }
  realProgram = (await publishProgram(t)).id;
  real = (await liveKeys.caller.post('/v1/enrollments', { ...t.form(), programId: realProgram })).body;
  await t.untilEvent(real.id, 'advertiser_located');
  // Its window is long over in real time: enrolled on a test clock, which is taken away.
  await t.db.query(`update program set clock = '[]' where program_id = $1`, [realProgram]);
  rehearsed = (await testKeys.caller.post('/v1/enrollments', t.form())).body;
  await t.untilEvent(rehearsed.id, 'advertiser_located');
  // So that a 404 of their statements says whose they are.
  for (const { id } of [real, rehearsed]) await giveCredit(t, id);
  await t.db.query(
    `insert into attention (enrollment_id, reason, subject)
     select enrollment_id, 'ACTIVITY_RETRYING', 'measure' from enrollment`,
  );
});
afterAll(() => t?.stop());

const PATHS = ROUTES.filter(({ path }) => path.includes('{enrollmentId}'));

test.each(PATHS.map((route) => [`${route.method} ${route.path}`, route] as const))(
  'When a test key asks for %s of a program on real time, then it is 404 and nothing happens',
  async (_name, { method, path, example, operationId }) => {
    expect(mayUseTestKey(operationId)).toBe(true);
    const before = await t.timeline(real.id);
    const asked = path.replace('{enrollmentId}', real.id);
    for (const role of ROLES) {
      const client = testKeys[role];
      const { status } = await (method === 'get' ? client.get(asked) : client.post(asked, example));
      expect([403, 404]).toContain(status);
    }
    const { status } = await (method === 'get'
      ? testKeys.admin.get(asked)
      : testKeys.admin.post(asked, example));
    // An approval is not an admin's.
    expect(status).toBe(operationId === 'decideApproval' ? 403 : 404);
    expect(await t.timeline(real.id)).toEqual(before);
  },
);

test('When a test key reads a credit statement, then it is one of a program on a test clock', async () => {
  const statement = ({ id }: Enrollment) => `/v1/enrollments/${id}/credit-statement`;
  for (const role of ROLES.filter((each) => each !== 'partner')) {
    const status = async (client: ApiClient, of: Enrollment) => (await client.get(statement(of))).status;
    expect([role, await status(testKeys[role], real)]).toEqual([role, 404]);
    expect([role, await status(testKeys[role], rehearsed)]).toEqual([role, 200]);
    expect([role, await status(liveKeys[role], real)]).toEqual([role, 200]);
  }
});

test('When a test key lists enrollments or what needs attention, then there are only those on test clocks', async () => {
  const ids = async (client: ApiClient) =>
    (await client.get<{ items: Enrollment[] }>('/v1/enrollments')).body.items.map(({ id }) => id);
  const attention = async (client: ApiClient) => {
    const { body } = await client.get<{ items: { enrollmentId: string }[]; total: number }>('/v1/attention');
    expect(body.total).toBe(body.items.length);
    return body.items.map(({ enrollmentId }) => enrollmentId);
  };
  for (const role of ROLES) {
    expect([role, await ids(testKeys[role])]).toEqual([role, [rehearsed.id]]);
    expect([role, (await ids(liveKeys[role])).sort()]).toEqual([role, [rehearsed.id, real.id].sort()]);
  }
  expect(await attention(testKeys.operator)).toEqual([rehearsed.id]);
  expect((await attention(liveKeys.operator)).sort()).toEqual([rehearsed.id, real.id].sort());
  expect((await testKeys.caller.get(`/v1/enrollments?after=${real.id}`)).status).toBe(400);
});

test('When a test key names a program on real time, then there is no such program', async () => {
  const enrolled = await testKeys.caller.post('/v1/enrollments', { ...t.form(), programId: realProgram });
  expect(enrolled).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  const revision = (id: string) => `/v1/programs/${id}/revisions/1`;
  const clock = (id: string) => `/v1/programs/${id}/clock`;
  expect((await testKeys.auditor.get(revision(realProgram))).status).toBe(404);
  expect((await liveKeys.auditor.get(revision(realProgram))).status).toBe(200);
  expect((await testKeys.admin.post(clock(realProgram), { speed: 0 })).status).toBe(404);
  expect(await liveKeys.admin.post(clock(realProgram), { speed: 0 })).toMatchObject({
    status: 409,
    body: { code: 'NO_TEST_CLOCK' },
  });
});

test('When a test key is used on a test clock, then all of its role works, the clock too', async () => {
  const path = `/v1/enrollments/${rehearsed.id}`;
  const { advertiserId } = rehearsed;
  expect((await testKeys.partner.post(`${path}/partner-confirmation`, { advertiserId })).status).toBe(200);
  expect((await testKeys.caller.post(`${path}/questionnaire`, { answers: t.answers })).status).toBe(200);
  expect((await testKeys.admin.post(`/v1/programs/${t.programId}/clock`, { speed: 0 })).status).toBe(200);
  expect(await t.untilStatus(rehearsed.id, 'measuring')).toMatchObject({ id: rehearsed.id });
});

test('When a test key asks for what is not of one program, such as keys or the audit of the service, then it is 404', async () => {
  const closed = ROUTES.filter(({ operationId }) => !mayUseTestKey(operationId));
  expect(closed.map(({ operationId }) => operationId).sort()).toEqual([
    'createApiKey',
    'createPartnerWebhookSecret',
    'getServiceAudit',
    'listApiKeys',
    'listPartnerWebhookSecrets',
    'publishRevision',
    'receivePartnerFact',
    'retirePartnerWebhookSecret',
    'revokeApiKey',
    'rotateApiKey',
  ]);
  const { body } = await t.admin.get<{ items: { keyId: string }[] }>('/v1/api-keys');
  for (const { method, path, example, operationId } of closed) {
    const asked = path.replace('{keyId}', body.items[0]!.keyId).replace('{programId}', t.programId);
    const { status } = await (method === 'get'
      ? testKeys.admin.get(asked)
      : testKeys.admin.post(asked, example));
    // Webhooks know no keys at all.
    expect([path, status]).toEqual([path, operationId === 'receivePartnerFact' ? 401 : 404]);
  }
});

test('When a test key repeats the request of a live key of the same holder, then it does not get its answer', async () => {
  const form = { ...t.form(), externalId: 'live' };
  const first = await liveKeys.caller.post('/v1/enrollments', form, 'shared-key');
  expect(first.status).toBe(201);
  await t.db.query(`update program set clock = '[]' where program_id = $1`, [t.programId]);
  expect((await testKeys.caller.post('/v1/enrollments', form, 'shared-key')).status).toBe(404);
  expect((await liveKeys.caller.post('/v1/enrollments', form, 'shared-key')).status).toBe(201);
});
