/** Who may do what: every route with every kind of key, and nobody learns of what is somebody else's. */
import { randomUUID } from 'node:crypto';
import type { Enrollment } from '../dev/apiClient';
import { makeKey } from '../api/keyFormat';
import { ROUTES } from '../api/routes';
import { requireContract } from './support/contract';
import { sendImport } from './support/importFiles';
import { publishProgram } from './support/programs';
import { giveCredit } from './support/statements';
import { sendTest, subscribe } from './support/subscriptions';
import {
  ADVERTISER,
  OTHER_ADVERTISER,
  startTestService,
  type Form,
  type TestService,
} from './support/testService';

/** `caller` owns the enrollment and `partner` is its survey partner; the others are strangers to it, or staff. */
const KEYS = {
  caller: 'pps_dev_caller_shop-app',
  otherCaller: 'pps_dev_caller_other-app',
  partner: 'pps_dev_partner_kno',
  otherPartner: 'pps_dev_partner_fairing',
  approver: 'pps_dev_approver_bo',
  admin: 'pps_dev_admin_ana',
  operator: 'pps_dev_operator_cy',
  auditor: 'pps_dev_auditor_di',
} as const;
const STAFF: readonly Who[] = ['approver', 'admin', 'operator', 'auditor'];
type Who = keyof typeof KEYS;

const SIGNED = 'POST /v1/webhooks/{surveyPartner}';

/** Answers in the order of KEYS. */
const POLICY: {
  route: string;
  body?: () => unknown;
  /** Of the body, if it is no JSON. */
  type?: string;
  query?: () => string;
  /** The code of an answer of 409. */
  conflict?: string;
  /** It ends the enrollment, or needs one that has ended: whoever has a right to it gets one of its own. */
  ofItsOwn?: () => Promise<Enrollment>;
  /** It ends a subscription: whoever has a right to it gets one of its own. */
  subscribes?: true;
  answers: [number, number, number, number, number, number, number, number];
}[] = [
  { route: 'GET /v1/enrollments', answers: [200, 200, 200, 200, 200, 200, 200, 200] },
  { route: 'GET /v1/enrollments/counts', answers: [200, 200, 200, 200, 200, 200, 200, 200] },
  {
    route: 'POST /v1/enrollment-imports',
    query: () => `?programId=${t.programId}`,
    type: 'application/x-ndjson',
    // Each of the file's rows fails; that is no matter of the right to send it.
    body: () => ({}),
    answers: [202, 202, 403, 403, 403, 202, 403, 403],
  },
  {
    route: 'POST /v1/partner-confirmations',
    body: () => ({ items: [{ enrollmentId: 'enr_none', advertiserId: ADVERTISER, outcome: 'confirmed' }] }),
    answers: [403, 403, 202, 202, 403, 202, 403, 403],
  },
  {
    route: 'POST /v1/deferrals',
    body: () => ({ items: [{ enrollmentId: 'enr_none', month: '2023-11' }] }),
    answers: [403, 403, 202, 202, 403, 202, 403, 403],
  },
  { route: 'GET /v1/batches/{batchId}', answers: [200, 404, 404, 404, 200, 200, 200, 200] },
  { route: 'GET /v1/batches/{batchId}/items', answers: [200, 404, 404, 404, 200, 200, 200, 200] },
  { route: 'GET /v1/enrollments/export', answers: [200, 200, 200, 200, 200, 200, 200, 200] },
  { route: 'GET /v1/enrollments/{enrollmentId}', answers: [200, 404, 200, 404, 200, 200, 200, 200] },
  {
    route: 'GET /v1/enrollments/{enrollmentId}/credit-statement',
    answers: [200, 404, 403, 403, 200, 200, 200, 200],
  },
  {
    route: 'GET /v1/enrollments/{enrollmentId}/explanation',
    answers: [200, 404, 200, 404, 200, 200, 200, 200],
  },
  {
    route: 'GET /v1/enrollments/{enrollmentId}/deferral',
    answers: [200, 404, 200, 404, 200, 200, 200, 200],
  },
  { route: 'GET /v1/enrollments/{enrollmentId}/timeline', answers: [200, 404, 200, 404, 200, 200, 200, 200] },
  // The brand is enrolled: the owner repeats it, for all others it is taken.
  { route: 'POST /v1/enrollments', body: () => form, answers: [200, 409, 403, 403, 403, 409, 403, 403] },
  {
    route: 'POST /v1/enrollments/{enrollmentId}/resubmission',
    body: () => ({ ...form, programId: undefined }),
    answers: [200, 404, 403, 403, 403, 200, 403, 403],
  },
  {
    route: 'POST /v1/enrollments/{enrollmentId}/partner-confirmation',
    body: () => ({ advertiserId: ADVERTISER }),
    answers: [403, 403, 200, 404, 403, 200, 403, 403],
  },
  {
    route: 'POST /v1/enrollments/{enrollmentId}/partner-rejection',
    body: () => ({ advertiserId: ADVERTISER }),
    answers: [403, 403, 200, 404, 403, 200, 403, 403],
  },
  {
    route: 'POST /v1/enrollments/{enrollmentId}/questionnaire',
    body: () => ({ answers: t.answers }),
    answers: [200, 404, 403, 403, 403, 200, 403, 403],
  },
  {
    route: 'POST /v1/enrollments/{enrollmentId}/questionnaire/reopening',
    body: () => ({}),
    answers: [403, 403, 403, 403, 403, 200, 403, 403],
  },
  {
    route: 'POST /v1/enrollments/{enrollmentId}/deferral',
    body: () => ({ month: '2023-11' }),
    answers: [403, 403, 200, 404, 403, 200, 403, 403],
  },
  {
    route: 'POST /v1/enrollments/{enrollmentId}/hold',
    body: () => ({ reasonCode: 'FRAUD_REVIEW', note: 'Two shops.' }),
    answers: [403, 403, 403, 403, 403, 200, 403, 403],
  },
  {
    route: 'POST /v1/enrollments/{enrollmentId}/release',
    body: () => ({ note: 'Looked at.' }),
    answers: [403, 403, 403, 403, 403, 200, 403, 403],
  },
  {
    route: 'POST /v1/enrollments/{enrollmentId}/waiver',
    body: () => ({ criterion: 'questionnaire', reasonCode: 'QUESTIONNAIRE_OVERDUE', note: 'On paper.' }),
    answers: [403, 403, 403, 403, 403, 200, 403, 403],
  },
  {
    route: 'POST /v1/enrollments/{enrollmentId}/approval',
    body: () => ({ outcome: 'approve', statementId: 'st_1' }),
    conflict: 'NO_APPROVAL_AWAITED',
    answers: [403, 403, 403, 403, 409, 403, 403, 403],
  },
  {
    route: 'POST /v1/enrollments/{enrollmentId}/withdrawal',
    body: () => ({}),
    ofItsOwn: newEnrollment,
    answers: [200, 404, 403, 403, 403, 200, 403, 403],
  },
  {
    route: 'POST /v1/enrollments/{enrollmentId}/new-enrollment-permission',
    body: () => ({ note: 'They may try again.' }),
    ofItsOwn: withdrawnEnrollment,
    answers: [403, 403, 403, 403, 403, 200, 403, 403],
  },
  { route: 'GET /v1/programs', answers: [200, 200, 200, 200, 200, 200, 200, 200] },
  { route: 'GET /v1/programs/{programId}', answers: [200, 200, 200, 200, 200, 200, 200, 200] },
  { route: 'GET /v1/programs/{programId}/calendar', answers: [200, 200, 200, 200, 200, 200, 200, 200] },
  { route: 'GET /v1/programs/{programId}/clock', answers: [200, 200, 200, 200, 200, 200, 200, 200] },
  {
    route: 'POST /v1/programs/{programId}/estimate',
    body: () => ({
      ...{ country: 'US', currency: 'USD', expectedSpend: '1', enrolledOn: '2023-10-20' },
      ...{ surveyPartner: 'kno', storePlatform: 'woocommerce' },
    }),
    answers: [200, 200, 200, 200, 200, 200, 200, 200],
  },
  { route: 'GET /v1/programs/{programId}/revisions', answers: [403, 403, 403, 403, 200, 200, 200, 200] },
  {
    // The same definition again: nothing is published.
    route: 'POST /v1/programs/{programId}/revisions',
    body: () => t.definition,
    answers: [403, 403, 403, 403, 403, 200, 403, 403],
  },
  {
    route: 'GET /v1/programs/{programId}/revisions/{revision}',
    answers: [403, 403, 403, 403, 200, 200, 200, 200],
  },
  {
    route: 'POST /v1/programs/{programId}/clock',
    body: () => ({ speed: 0 }),
    answers: [403, 403, 403, 403, 403, 200, 403, 403],
  },
  {
    route: 'POST /v1/enrollments/{enrollmentId}/restart',
    body: () => ({ note: 'Terminated by mistake.' }),
    ofItsOwn: stoppedEnrollment,
    answers: [403, 403, 403, 403, 403, 200, 403, 403],
  },
  {
    route: 'POST /v1/enrollments/{enrollmentId}/erasure',
    body: () => ({ note: 'Asked for by the contact.' }),
    ofItsOwn: withdrawnEnrollment,
    answers: [403, 403, 403, 403, 403, 200, 403, 403],
  },
  {
    route: 'POST /v1/erasures',
    body: () => ({ contactEmail: form.contact.email, note: 'Asked for by the contact.' }),
    answers: [403, 403, 403, 403, 403, 200, 403, 403],
  },
  {
    route: 'GET /v1/enrollments/{enrollmentId}/audit',
    answers: [403, 403, 403, 403, 403, 200, 200, 200],
  },
  { route: 'GET /v1/audit', answers: [403, 403, 403, 403, 403, 200, 200, 200] },
  {
    route: 'POST /v1/api-keys',
    body: () => ({ role: 'auditor', id: 'eve' }),
    answers: [403, 403, 403, 403, 403, 201, 403, 403],
  },
  { route: 'GET /v1/api-keys', answers: [403, 403, 403, 403, 403, 200, 200, 200] },
  {
    route: 'POST /v1/api-keys/{keyId}/rotation',
    body: () => ({}),
    answers: [403, 403, 403, 403, 403, 201, 403, 403],
  },
  {
    route: 'POST /v1/api-keys/{keyId}/revocation',
    body: () => ({}),
    answers: [403, 403, 403, 403, 403, 200, 403, 403],
  },
  { route: 'GET /v1/attention', answers: [403, 403, 403, 403, 200, 200, 200, 200] },
  {
    route: 'POST /v1/attention/{enrollmentId}/dismissal',
    body: () => ({}),
    answers: [403, 403, 403, 403, 403, 200, 200, 403],
  },
  {
    route: 'POST /v1/webhook-subscriptions',
    body: () => ({ url: 'http://127.0.0.1:1/hooks' }),
    answers: [201, 201, 201, 201, 403, 201, 403, 403],
  },
  { route: 'GET /v1/webhook-subscriptions', answers: [200, 200, 200, 200, 403, 200, 200, 200] },
  {
    route: 'GET /v1/webhook-subscriptions/{subscriptionId}',
    answers: [200, 404, 404, 404, 403, 200, 200, 200],
  },
  {
    route: 'POST /v1/webhook-subscriptions/{subscriptionId}/rotation',
    body: () => ({}),
    answers: [201, 404, 404, 404, 403, 201, 403, 403],
  },
  {
    route: 'POST /v1/webhook-subscriptions/{subscriptionId}/enabling',
    body: () => ({}),
    answers: [200, 404, 404, 404, 403, 200, 403, 403],
  },
  {
    route: 'POST /v1/webhook-subscriptions/{subscriptionId}/test',
    body: () => ({}),
    answers: [202, 404, 404, 404, 403, 202, 403, 403],
  },
  {
    route: 'GET /v1/webhook-subscriptions/{subscriptionId}/deliveries',
    answers: [200, 404, 404, 404, 403, 200, 200, 200],
  },
  {
    route: 'POST /v1/webhook-subscriptions/{subscriptionId}/deliveries/{deliveryId}/redelivery',
    body: () => ({}),
    answers: [202, 404, 404, 404, 403, 202, 403, 403],
  },
  {
    route: 'POST /v1/webhook-subscriptions/{subscriptionId}/deletion',
    body: () => ({}),
    subscribes: true,
    answers: [200, 404, 404, 404, 403, 200, 403, 403],
  },
  {
    // No key has a right to it: it is authenticated by its signature.
    route: SIGNED,
    body: () => ({}),
    answers: [401, 401, 401, 401, 401, 401, 401, 401],
  },
  {
    route: 'POST /v1/webhook-secrets',
    body: () => ({ surveyPartner: 'kno' }),
    answers: [403, 403, 403, 403, 403, 201, 403, 403],
  },
  { route: 'GET /v1/webhook-secrets', answers: [403, 403, 403, 403, 403, 200, 200, 200] },
  {
    route: 'POST /v1/webhook-secrets/{secretId}/retirement',
    body: () => ({}),
    answers: [403, 403, 403, 403, 403, 200, 403, 403],
  },
];

let t: TestService;
let form: Form;
let enrolled: Enrollment;
let keyId: string;
let secretId: string;
/** Of `caller`. */
let subscriptionId: string;
let deliveryId: string;
let batchId: string;
beforeAll(async () => {
  t = await startTestService({ environment: { STRANGERS_PER_MINUTE: '100000' } });
  form = t.form();
  enrolled = (await t.caller.post('/v1/enrollments', form)).body;
  await t.untilEvent(enrolled.id, 'advertiser_located');
  await giveCredit(t, enrolled.id);
  const made = await t.admin.post<{ keyId: string }>('/v1/api-keys', { role: 'auditor', id: 'eve' });
  keyId = made.body.keyId;
  const secret = await t.admin.post<{ secretId: string }>('/v1/webhook-secrets', { surveyPartner: 'kno' });
  secretId = secret.body.secretId;
  subscriptionId = await subscribed();
  deliveryId = await sendTest(t.caller, subscriptionId);
  const url = `${t.service.apiUrl}/v1/enrollment-imports?programId=${t.programId}`;
  const file = { url, key: 'batch', as: KEYS.caller, type: 'application/x-ndjson' };
  batchId = (await sendImport(file, ['{}'])).body.batchId;
});
afterAll(() => t?.stop());

async function subscribed(): Promise<string> {
  return (await subscribe(t.caller, 'http://127.0.0.1:1/hooks', ['enrollment.ended'])).subscriptionId;
}

async function newEnrollment(): Promise<Enrollment> {
  const { body } = await t.caller.post('/v1/enrollments', t.form());
  await t.untilEvent(body.id, 'advertiser_located');
  return body;
}

async function stoppedEnrollment(): Promise<Enrollment> {
  const stopped = await newEnrollment();
  await t.temporal.workflow.getHandle(stopped.workflowId).terminate('stopped from outside');
  return stopped;
}

async function withdrawnEnrollment(): Promise<Enrollment> {
  const { id } = await newEnrollment();
  return (await t.caller.post(`/v1/enrollments/${id}/withdrawal`, {})).body;
}

async function call(
  { route, body, type = 'application/json', query }: (typeof POLICY)[number],
  authorization?: string,
  key?: string,
  { id } = enrolled,
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const [method, pattern] = route.split(' ') as [string, string];
  const path = pattern
    .replace('{enrollmentId}', id)
    .replace('{programId}', t.programId)
    .replace('{revision}', '1')
    .replace('{keyId}', keyId)
    .replace('{subscriptionId}', subscriptionId)
    .replace('{deliveryId}', deliveryId)
    .replace('{secretId}', secretId)
    .replace('{surveyPartner}', 'kno')
    .replace('{batchId}', batchId);
  const response = await fetch(t.service.apiUrl + path + (query?.() ?? ''), {
    method,
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...(body && { 'content-type': type, 'idempotency-key': randomUUID() }),
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    ...(body && { body: JSON.stringify(body()) }),
  });
  const text = await response.text();
  const isFile = response.headers.get('content-type')!.startsWith('text/csv');
  const answer = (isFile ? { text } : JSON.parse(text)) as Record<string, unknown>;
  const { status, headers } = response;
  if (!isFile) requireContract(method, path, { status, headers, body: answer });
  return { status: response.status, headers: response.headers, body: answer };
}

const expected = (policy: (typeof POLICY)[number], who: Who) =>
  policy.answers[Object.keys(KEYS).indexOf(who)]!;

test('When a route is added, then it has a line in the table of this test', () => {
  const routes = ROUTES.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(routes.sort()).toEqual(POLICY.map(({ route }) => route).sort());
});

// The refused ones first, and the others at the end: what they leave behind is looked at before anybody else acts.
const cases = POLICY.flatMap((policy) => (Object.keys(KEYS) as Who[]).map((who) => ({ policy, who })));
const refused = cases.filter(({ policy, who }) => expected(policy, who) >= 400);

test.each(refused.map((each) => [each.who, each.policy.route, each] as const))(
  'When %s asks for %s without a right to it, then the answer says so and nothing else',
  async (_who, _route, { policy, who }) => {
    const before = await t.timeline(enrolled.id);
    const { status, body } = await call(policy, `Bearer ${KEYS[who]}`);
    expect(status).toBe(expected(policy, who));
    const codes: Record<number, string> = {
      401: 'UNAUTHENTICATED',
      403: 'FORBIDDEN',
      404: 'NOT_FOUND',
      409: policy.conflict ?? 'BRAND_ALREADY_ENROLLED',
    };
    expect(body['code']).toBe(codes[status]);
    const told = JSON.stringify(body);
    for (const secret of [enrolled.id, enrolled.workflowId, form.brand.name, form.contact.email]) {
      expect(told).not.toContain(secret);
    }
    expect(await t.timeline(enrolled.id)).toEqual(before);
  },
);

test('When others have used a key, then it opens nothing to a stranger', async () => {
  const key = randomUUID();
  const resubmission = POLICY.find(({ route }) => route.endsWith('/resubmission'))!;
  expect((await call(resubmission, `Bearer ${KEYS.caller}`, key)).status).toBe(200);
  expect((await call(resubmission, `Bearer ${KEYS.otherCaller}`, key)).status).toBe(404);
});

describe('without a valid key', () => {
  const AUTHORIZATIONS: Record<string, string | undefined> = {
    missing: undefined,
    empty: '',
    'a scheme only': 'Bearer',
    'an empty key': 'Bearer ',
    'a wrong key': 'Bearer pps_dev_caller_unknown',
    'a key of another case': `Bearer ${KEYS.admin.toUpperCase()}`,
    'the beginning of a key': `Bearer ${KEYS.admin.slice(0, -1)}`,
    'a key and more': `Bearer ${KEYS.admin} ${KEYS.admin}`,
    'another scheme': `Basic ${KEYS.admin}`,
    'the key alone': KEYS.admin,
    'a key that nobody holds': `Bearer ${makeKey(false).key}`,
    'a key that was cut': `Bearer ${makeKey(true).key.slice(0, -1)}`,
    'a prefix only': 'Bearer pps_live_',
    'a very long key': `Bearer ${'x'.repeat(8_000)}`,
  };

  /** One that was valid a minute ago. */
  async function endedKey(column: 'revoked_at' | 'expires_at'): Promise<string> {
    const made = await t.admin.post<{ keyId: string; key: string }>('/v1/api-keys', {
      role: 'admin',
      id: 'eve',
    });
    await t.db.query(`update api_key set ${column} = now() - interval '1 minute' where key_id = $1`, [
      made.body.keyId,
    ]);
    return made.body.key;
  }

  test('When the key is missing, malformed or wrong, then every route is 401 with the same body', async () => {
    const bodies = new Set<string>();
    const ofSigned = new Set<string>();
    const ended = {
      'a revoked key': `Bearer ${await endedKey('revoked_at')}`,
      'an expired key': `Bearer ${await endedKey('expires_at')}`,
    };
    for (const policy of POLICY) {
      for (const [name, authorization] of Object.entries({ ...AUTHORIZATIONS, ...ended })) {
        const { status, headers, body } = await call(policy, authorization);
        expect([policy.route, name, status]).toEqual([policy.route, name, 401]);
        expect(headers.get('www-authenticate')).toBe('Bearer');
        expect(body['requestId']).toBe(headers.get('x-request-id'));
        const told = JSON.stringify({ ...body, requestId: 'its own' });
        (policy.route === SIGNED ? ofSigned : bodies).add(told);
      }
    }
    for (const told of [bodies, ofSigned])
      expect([...told]).toEqual([expect.stringContaining('"code":"UNAUTHENTICATED"')]);
  });
});

describe('lists', () => {
  const idsFor = async (client: TestService['caller']) =>
    (await client.get<{ items: Enrollment[] }>('/v1/enrollments?limit=200')).body.items.map(({ id }) => id);

  test('When somebody lists enrollments, then there are only those that concern them', async () => {
    const theirs = (await t.otherCaller.post('/v1/enrollments', t.form({ surveyPartner: 'fairing' }))).body;
    expect(await idsFor(t.caller)).toEqual([enrolled.id]);
    expect(await idsFor(t.otherCaller)).toEqual([theirs.id]);
    expect(await idsFor(t.partner)).toEqual([enrolled.id]);
    expect(await idsFor(t.otherPartner)).toEqual([theirs.id]);
    for (const staff of [t.admin, t.approver]) {
      expect((await idsFor(staff)).sort()).toEqual([enrolled.id, theirs.id].sort());
    }
  });

  test("When a list goes on from somebody else's page, then it is refused like an unknown one", async () => {
    const after = async (cursor: string) => {
      const { status, body } = await t.otherCaller.get<Record<string, unknown>>(
        `/v1/enrollments?after=${cursor}`,
      );
      return { status, ...body, requestId: undefined };
    };
    await t.caller.post('/v1/enrollments', t.form());
    const { body } = await t.caller.get<{ next: string }>('/v1/enrollments?limit=1');
    const foreign = await after(body.next);
    expect(foreign.status).toBe(400);
    expect(foreign).toEqual(await after('unknown'));
  });

  test('When a resubmission names another survey partner, then the enrollment moves to that one', async () => {
    const moving = (await t.caller.post('/v1/enrollments', t.form())).body;
    const path = `/v1/enrollments/${moving.id}`;
    const submitted = t.form({ surveyPartner: 'fairing', advertiserId: OTHER_ADVERTISER });
    const brand = { name: 'Moved', storeUrl: `https://${moving.workflowId.split(':').at(-1)!}` };
    const resubmission = { ...submitted, brand, programId: undefined };
    expect((await t.caller.post(`${path}/resubmission`, resubmission)).status).toBe(200);
    expect((await t.partner.get(path)).status).toBe(404);
    expect((await t.otherPartner.get(path)).status).toBe(200);
  });
});

test('When a program lets only one side defer, then the other is refused, but an admin may take a deferral back', async () => {
  const asked = async (by: ('partner' | 'admin')[]) => {
    const { id: programId } = await publishProgram(t, { deferral: { maximum: 3, by } });
    const { id } = (await t.admin.post('/v1/enrollments', { ...t.form(), programId })).body;
    const defer = (client: TestService['admin'], month: string) =>
      client.post(`/v1/enrollments/${id}/deferral`, { month });
    const later = [await defer(t.partner, '2023-12'), await defer(t.admin, '2024-01')];
    return { later: later.map(({ status }) => status), back: (await defer(t.admin, '2023-11')).status };
  };
  expect(await asked(['partner'])).toEqual({ later: [200, 403], back: 200 });
  expect(await asked(['admin'])).toEqual({ later: [403, 200], back: 200 });
});

test.each(
  cases.filter((each) => !refused.includes(each)).map((each) => [each.who, each.policy.route, each] as const),
)(
  'When %s asks for %s with a right to it, then it is done, and only staff get an address of Temporal UI',
  async (_who, _route, { policy, who }) => {
    const own = await policy.ofItsOwn?.();
    if (policy.subscribes) subscriptionId = await subscribed();
    const { status, body } = await call(policy, `Bearer ${KEYS[who]}`, undefined, own);
    expect(status).toBe(expected(policy, who));
    const isStaff = STAFF.includes(who);
    const shown = JSON.stringify(body).includes('temporalUiUrl');
    const isEnrollment = 'statusText' in body || JSON.stringify(body).includes('"statusText"');
    expect(shown).toBe(isStaff && isEnrollment);
  },
);
