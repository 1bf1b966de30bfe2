/** Webhooks in: a survey partner's word counts once, and only if it has signed it. */
import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { createApiClient, eventually, type Enrollment } from '../dev/apiClient';
import { requireContract } from './support/contract';
import { startCuttableProxy, type CuttableProxy } from './support/cuttableProxy';
import { publishProgram } from './support/programs';
import { sharedServers } from './support/shared';
import { ADVERTISER, OTHER_ADVERTISER, startTestService, type TestService } from './support/testService';

interface Secret {
  secretId: string;
  surveyPartner: string;
  secret: string;
  expiresAt: string | null;
}

interface Sent {
  status: number;
  headers: Headers;
  body: { code?: string; enrollmentId?: string; status?: string; errors?: object[]; requestId?: string };
}

const SECRETS = '/v1/webhook-secrets';

let temporal: CuttableProxy;
let t: TestService;
let kno: Secret;
beforeAll(async () => {
  const servers = sharedServers();
  temporal = await startCuttableProxy(servers.temporalAddress);
  t = await startTestService({
    servers: { ...servers, temporalAddress: temporal.address },
    environment: { STRANGERS_PER_MINUTE: '100000' },
  });
  kno = await makeSecret('kno');
});
afterEach(() => temporal?.restore());
afterAll(async () => {
  await t?.stop();
  await temporal?.stop();
});

async function makeSecret(surveyPartner: string): Promise<Secret> {
  const { status, body } = await t.admin.post<Secret>(SECRETS, { surveyPartner });
  expect(status).toBe(201);
  return body;
}

async function enroll(changes: object = {}): Promise<Enrollment & { brand: { domain: string } }> {
  const { body } = await t.caller.post('/v1/enrollments', { ...t.form(), ...changes });
  await t.untilEvent(body.id, 'advertiser_located');
  return body as Enrollment & { brand: { domain: string } };
}

const confirmation = (data: object) => ({
  type: 'partner.confirmed',
  data: { advertiserId: ADVERTISER, ...data },
});

/** As a partner sends it; `change` spoils what was signed. */
async function send(
  payload: unknown,
  options: {
    partner?: string;
    secret?: string;
    id?: string;
    at?: Date;
    change?: (headers: Record<string, string>, body: string) => string | Buffer;
  } = {},
): Promise<Sent> {
  const { partner = 'kno', secret = kno.secret, id = randomUUID(), at = new Date(), change } = options;
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign(id, at, text),
  };
  const body = change?.(headers, text) ?? text;
  const path = `/v1/webhooks/${partner}`;
  const response = await fetch(t.service.apiUrl + path, { method: 'POST', headers, body });
  const answer = {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Sent['body'],
  };
  requireContract('POST', path, answer);
  return answer;
}

const confirmations = async (id: string) =>
  (await t.timeline(id)).filter(({ type }) => type === 'partner_confirmed');

test('When a partner confirms and rejects by webhook, then it is as by its key: its word, on the enrollment that it names', async () => {
  const { id, brand } = await enroll();
  const rejected = await send({
    type: 'partner.rejected',
    timestamp: new Date().toISOString(),
    data: {
      enrollmentId: id,
      advertiserId: ADVERTISER,
      criteria: ['survey_template'],
      reasonCode: 'TEMPLATE_NOT_FOUND',
    },
  });
  expect(rejected).toMatchObject({ status: 200, body: { enrollmentId: id, status: 'action_required' } });
  const confirmed = await send(confirmation({ brandDomain: brand.domain.toUpperCase() }));
  expect(confirmed).toMatchObject({ status: 200, body: { enrollmentId: id, status: 'verifying' } });
  const [event] = await confirmations(id);
  expect(event!.actor).toEqual({ role: 'partner', id: 'kno' });
});

test('When a webhook is sent again, then it is a no-op with the same answer, also once its row is gone', async () => {
  const { id } = await enroll();
  const webhookId = randomUUID();
  const again = () => send(confirmation({ enrollmentId: id }), { id: webhookId });
  const first = await again();
  expect([first.status, first.headers.get('idempotency-replayed')]).toEqual([200, null]);
  // Signed anew, as a sender that tries again does.
  const second = await again();
  expect([second.status, second.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
  expect(second.body).toEqual(first.body);
  await t.db.query(`delete from idempotency_key where key = $1`, [webhookId]);
  expect(await again()).toMatchObject({ status: 200, body: first.body });
  expect(await confirmations(id)).toHaveLength(1);
  expect(
    await send(confirmation({ enrollmentId: id, criteria: ['subscription'] }), { id: webhookId }),
  ).toMatchObject({
    status: 422,
    body: { code: 'IDEMPOTENCY_KEY_REUSED' },
  });
});

test('When a webhook is sent again after the brand has gone to another partner, then it gets the answer that it got', async () => {
  const form = t.form();
  const { body: brand } = await t.caller.post('/v1/enrollments', form);
  await t.untilEvent(brand.id, 'advertiser_located');
  const webhookId = randomUUID();
  const data = { brandDomain: new URL(form.brand.storeUrl).hostname };
  const first = await send(confirmation(data), { id: webhookId });
  expect(first.status).toBe(200);
  const moved = { ...form, programId: undefined, surveyPartner: 'fairing' };
  expect((await t.caller.post(`/v1/enrollments/${brand.id}/resubmission`, moved)).status).toBe(200);
  const again = await send(confirmation(data), { id: webhookId });
  expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
  expect(again.body).toEqual(first.body);
  expect(await send(confirmation({ brandDomain: 'other.example' }), { id: webhookId })).toMatchObject({
    status: 422,
    body: { code: 'IDEMPOTENCY_KEY_REUSED' },
  });
  // As a new one it would not be taken.
  expect(await send(confirmation(data))).toMatchObject({ status: 404 });
});

test('When the same webhook comes many times at once, then it counts once and all get the same answer', async () => {
  const { id } = await enroll();
  const webhookId = randomUUID();
  const sent = await Promise.all(
    Array.from({ length: 10 }, () => send(confirmation({ enrollmentId: id }), { id: webhookId })),
  );
  for (const { status, body } of sent) expect([status, body]).toEqual([200, sent[0]!.body]);
  expect(await confirmations(id)).toHaveLength(1);
});

describe('when it is not signed as it must be', () => {
  let id: string;
  let before: { entries: number; keys: number };
  const stored = async () => {
    const { rows } = await t.db.query<{ entries: number; keys: number }>(
      `select (select count(*)::int from audit_entry) as entries, (select count(*)::int from idempotency_key) as keys`,
    );
    return rows[0]!;
  };
  beforeAll(async () => {
    id = (await enroll()).id;
    before = await stored();
  });

  const minutes = (count: number) => new Date(Date.now() + count * 60_000);
  const cases: [string, Parameters<typeof send>[1]][] = [
    ['with another secret', { secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}` }],
    ['by an unknown partner', { partner: 'nobody' }],
    ['by another partner', { partner: 'fairing' }],
    ['by a partner that cannot be one', { partner: '%00' }],
    ['six minutes ago', { at: minutes(-6) }],
    ['six minutes ahead', { at: minutes(6) }],
    ['and changed by a byte', { change: (_headers, body) => body.replace(ADVERTISER, OTHER_ADVERTISER) }],
    ['and a space is added', { change: (_headers, body) => `${body} ` }],
    [
      'and is no UTF-8',
      { change: (_headers, body) => Buffer.concat([Buffer.from(body), Buffer.from([0xff])]) },
    ],
    ['and has another id', { change: (headers, body) => ((headers['webhook-id'] = 'msg_other'), body) }],
    [
      'and has another time',
      {
        change: (headers, body) => (
          (headers['webhook-timestamp'] = `${Math.floor(Date.now() / 1_000) + 1}`),
          body
        ),
      },
    ],
    ['and has no signature', { change: (headers, body) => (delete headers['webhook-signature'], body) }],
    ['and has no id', { change: (headers, body) => (delete headers['webhook-id'], body) }],
    ['and has no time', { change: (headers, body) => (delete headers['webhook-timestamp'], body) }],
    [
      'and has half a signature',
      { change: (headers, body) => ((headers['webhook-signature'] = 'v1,'), body) },
    ],
    [
      'and has a signature of another version',
      {
        change: (headers, body) => (
          (headers['webhook-signature'] = headers['webhook-signature']!.replace('v1,', 'v2,')),
          body
        ),
      },
    ],
    [
      'with a key instead',
      {
        change: (headers, body) => (
          (headers['authorization'] = 'Bearer pps_dev_partner_kno'),
          delete headers['webhook-signature'],
          body
        ),
      },
    ],
  ];
  const bodies = new Set<string>();
  test.each(cases)(
    'When a webhook is signed %s, then it is 401, the same for all, and nothing is stored',
    async (_how, options) => {
      const { status, body } = await send(confirmation({ enrollmentId: id }), options);
      expect([status, body.code]).toEqual([401, 'UNAUTHENTICATED']);
      bodies.add(JSON.stringify({ ...body, requestId: '' }));
      expect(bodies.size).toBe(1);
      expect(await confirmations(id)).toEqual([]);
      expect(await stored()).toEqual(before);
    },
  );

  test('When it is signed within five minutes, early or late, then it is taken', async () => {
    for (const at of [minutes(-4.9), minutes(4.9)])
      expect((await send(confirmation({ enrollmentId: id }), { at })).status).toBe(200);
  });
});

test('When strangers try signatures, then their address is limited, and a partner from there goes on', async () => {
  await t.service.api.stop();
  t.plan.environment = { ...t.plan.environment, STRANGERS_PER_MINUTE: '5' };
  await t.service.startApi();
  const { id } = await enroll();
  const wrong = { secret: `whsec_${Buffer.alloc(32, 2).toString('base64')}` };
  const statuses: number[] = [];
  for (let tries = 0; tries < 7; tries += 1)
    statuses.push((await send(confirmation({ enrollmentId: id }), wrong)).status);
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
  expect((await send(confirmation({ enrollmentId: id }))).status).toBe(200);
  await t.service.api.stop();
  t.plan.environment = { ...t.plan.environment, STRANGERS_PER_MINUTE: '100000' };
  await t.service.startApi();
});

test('When a partner has several secrets, then each holds until it is retired', async () => {
  const { id } = await enroll();
  const [first, second] = [await makeSecret('okendo'), await makeSecret('okendo')];
  const status = async ({ secret }: Secret) =>
    (await send(confirmation({ enrollmentId: id }), { partner: 'okendo', secret })).status;
  // The enrollment is another partner's: known, and not found.
  expect([await status(first), await status(second)]).toEqual([404, 404]);
  const retired = await t.admin.post<Secret>(`${SECRETS}/${first.secretId}/retirement`, {});
  expect(retired).toMatchObject({ status: 200, body: { secretId: first.secretId, surveyPartner: 'okendo' } });
  expect([await status(first), await status(second)]).toEqual([401, 404]);
  const listed = (await t.admin.get<{ items: Secret[] }>(`${SECRETS}?limit=2`)).body.items;
  expect(listed.map(({ secretId, expiresAt }) => [secretId, expiresAt !== null])).toEqual([
    [second.secretId, false],
    [first.secretId, true],
  ]);
  expect(JSON.stringify(listed)).not.toContain('whsec_');
  expect((await t.admin.post(`${SECRETS}/whs_unknown/retirement`, {})).status).toBe(404);
  // No more than five hold at once.
  const more = await Promise.all(
    Array.from({ length: 6 }, () => t.admin.post<{ code?: string }>(SECRETS, { surveyPartner: 'okendo' })),
  );
  expect(more.filter(({ body }) => body.code === 'TOO_MANY_WEBHOOKS')).toHaveLength(2);
});

test('When an equal request makes a secret again, then there is one and it is not told again', async () => {
  const key = randomUUID();
  const first = await t.admin.post<Secret>(SECRETS, { surveyPartner: 'fairing' }, key);
  const again = await t.admin.post<Secret>(SECRETS, { surveyPartner: 'fairing' }, key);
  expect(again.body).toEqual({ ...first.body, secret: null });
});

test('When a brand is not enrolled with the partner, then it is 404, and the same webhook works once it is', async () => {
  const form = t.form();
  const brandDomain = new URL(form.brand.storeUrl).hostname;
  const webhookId = randomUUID();
  const attempt = () => send(confirmation({ brandDomain }), { id: webhookId });
  expect(await attempt()).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  const { body } = await t.caller.post('/v1/enrollments', form);
  await t.untilEvent(body.id, 'advertiser_located');
  expect(await attempt()).toMatchObject({ status: 200, body: { enrollmentId: body.id } });
  const fairing = await enroll({ surveyPartner: 'fairing' });
  expect((await send(confirmation({ enrollmentId: fairing.id }))).status).toBe(404);
});

test('When a brand is in several programs, then the partner has to say which', async () => {
  const { id: programId } = await publishProgram(t);
  const form = t.form();
  const [here, there] = [await enroll(form), await enroll({ ...form, programId })];
  const brandDomain = here.brand.domain;
  expect(await send(confirmation({ brandDomain }))).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: '/data/brandDomain' }] },
  });
  expect((await send(confirmation({ brandDomain, programId }))).body.enrollmentId).toBe(there.id);
});

test('When a webhook names another ad account than the current one, then it is refused, and stays so', async () => {
  const { id } = await enroll();
  const webhookId = randomUUID();
  const wrong = confirmation({ enrollmentId: id, advertiserId: OTHER_ADVERTISER });
  for (const replayed of [null, 'true']) {
    const refused = await send(wrong, { id: webhookId });
    expect(refused).toMatchObject({ status: 409, body: { code: 'SUBMISSION_SUPERSEDED' } });
    expect(refused.headers.get('idempotency-replayed')).toBe(replayed);
  }
  expect(await confirmations(id)).toEqual([]);
});

test.each([
  ['no JSON', 'nonsense', undefined],
  ['no object', '"text"', ''],
  ['of an unknown type', { type: 'partner.deferred', data: {} }, '/type'],
  [
    'without an advertiser id',
    { type: 'partner.confirmed', data: { enrollmentId: 'enr_1' } },
    '/data/advertiserId',
  ],
  ['without an enrollment', confirmation({}), '/data/enrollmentId'],
  [
    'with two names of it',
    confirmation({ enrollmentId: 'e', brandDomain: 'b.example' }),
    '/data/enrollmentId',
  ],
  ['with what nobody asked for', confirmation({ enrollmentId: 'enr_1', status: 'paid' }), '/data/status'],
])('When a signed webhook is %s, then it is 400 and says so', async (_what, payload, pointer) => {
  const refused = await send(payload);
  expect([refused.status, refused.body.code]).toEqual([400, 'INVALID_REQUEST']);
  if (pointer !== undefined) expect(refused.body.errors).toMatchObject([{ pointer }]);
});

test('When a webhook is too large, compressed or empty, then it is refused', async () => {
  expect((await send(confirmation({ enrollmentId: 'x'.repeat(70_000) }))).status).toBe(413);
  const packed = (headers: Record<string, string>, body: string) => (
    (headers['content-encoding'] = 'gzip'),
    body
  );
  expect((await send(confirmation({ enrollmentId: 'e' }), { change: packed })).status).toBe(415);
  expect((await send('')).status).toBe(400);
});

test('When Temporal is away, then a webhook is 503, and the same one works once it is back', async () => {
  const { id } = await enroll();
  const webhookId = randomUUID();
  const attempt = () => send(confirmation({ enrollmentId: id }), { id: webhookId });
  temporal.cut();
  const away = await attempt();
  expect(away).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
  expect(Number(away.headers.get('retry-after'))).toBeGreaterThan(0);
  temporal.restore();
  const back = await eventually(attempt, ({ status }) => status !== 503);
  expect(back).toMatchObject({ status: 200, body: { enrollmentId: id } });
  expect(back.headers.get('idempotency-replayed')).toBeNull();
  expect(await confirmations(id)).toHaveLength(1);
}, 120_000);

test('When a webhook is taken or refused, then the audit of the enrollment says which, and by which secret', async () => {
  const { id } = await enroll();
  const webhookId = `msg_${randomUUID()}`;
  await send(confirmation({ enrollmentId: id }), { id: webhookId });
  const unknown = `msg_${randomUUID()}`;
  await send(confirmation({ enrollmentId: 'enr_unknown' }), { id: unknown });
  type Entry = Record<string, unknown>;
  const read = async (path: string) => (await t.admin.get<{ items: Entry[] }>(path)).body.items;
  const entries = (await read(`/v1/enrollments/${id}/audit?limit=200`)).filter(
    ({ operation }) => operation === 'receivePartnerFact',
  );
  const params = { surveyPartner: 'kno', webhookId, enrollmentId: id };
  const by = { actor: { role: 'partner', id: 'kno' }, keyId: `webhook:${kno.secretId}`, params };
  expect(entries).toMatchObject([
    { event: 'requested', ...by },
    { event: 'answered', status: 200, ...by },
  ]);
  const { rows } = await t.db.query<{ entry: Entry }>(
    `select entry from audit_entry where chain = 'service' and entry->'params'->>'webhookId' = $1`,
    [unknown],
  );
  expect(rows).toMatchObject([{ entry: { event: 'refused', status: 404, params: { webhookId: unknown } } }]);
});

test('When a key of any role is sent to the address of webhooks, then it opens nothing', async () => {
  const { id } = await enroll();
  for (const key of ['pps_dev_partner_kno', 'pps_dev_admin_ana']) {
    const client = createApiClient(t.service.apiUrl, key, requireContract);
    expect((await client.post('/v1/webhooks/kno', confirmation({ enrollmentId: id }))).status).toBe(401);
  }
});
