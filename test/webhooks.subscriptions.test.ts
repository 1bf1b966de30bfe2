/** Subscriptions to webhooks: where they may lead, whose events they tell, and their secrets. */
import { randomUUID } from 'node:crypto';
import { createApiClient, eventually, type ApiClient, type Enrollment } from '../dev/apiClient';
import { EVENT_TYPES } from '../program/eventTypes';
import { requireContract } from './support/contract';
import { slowDeletes } from './support/databaseGate';
import { publishProgram } from './support/programs';
import { sourcesOf } from './support/sources';
import {
  deliveries,
  sendTest,
  subscribe,
  subscriptionIs,
  SUBSCRIPTIONS,
  type Subscription,
} from './support/subscriptions';
import { startTestService, type TestService } from './support/testService';
import { startWebhookReceiver, verified, type WebhookReceiver } from './support/webhookReceiver';

let t: TestService;
let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await startWebhookReceiver();
  t = await startTestService({ environment: { WEBHOOK_DELAY_MS: '0' } });
});
afterAll(async () => {
  await receiver?.stop();
  await t?.stop();
});
afterEach(() => t.db.query('delete from webhook_subscription'));

const refusedUrl = (client: ApiClient, url: string) =>
  client.post<{ errors: { pointer: string; message: string }[] }>(SUBSCRIPTIONS, { url });

describe('where webhooks may go', () => {
  const INNER = 'must lead to a public address, and to no other';

  test.each([
    ['http://hooks.example/', 'must begin with https://'],
    ['ftp://127.0.0.1/', 'must begin with https://'],
    ['nonsense', 'must be a URL such as "https://hooks.example.com/pps"'],
    ['https://ana@127.0.0.1/', 'must hold no user and no password'],
    ['https://ana:secret@127.0.0.1/', 'must hold no user and no password'],
    ['https://127.0.0.1/#here', 'must hold no "#"'],
    ['https://10.0.0.7/', INNER],
    ['https://169.254.169.254/latest/meta-data', INNER],
    ['http://192.168.1.1/', 'must begin with https://'],
  ])('When %s is registered in development, then it is 422 and says why', async (url, message) => {
    expect(await refusedUrl(t.caller, url)).toMatchObject({
      status: 422,
      body: { code: 'INVALID_REQUEST', errors: [{ pointer: '/url', message }] },
    });
  });

  test('When a URL is too long, or holds what no URL may, then it is 400', async () => {
    for (const url of [
      `http://127.0.0.1/${'x'.repeat(2_000)}`,
      'http://127.0.0.1/a b',
      'http://127.0.0.1/\0',
      '',
    ]) {
      expect(await refusedUrl(t.caller, url)).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/url' }] },
      });
    }
  });

  test('When an event is unknown, or none is named, then it is 400', async () => {
    for (const events of [['enrollment.unknown'], [], ['opened'], 'enrollment.*']) {
      const body = { url: receiver.url('/'), events };
      expect((await t.caller.post(SUBSCRIPTIONS, body)).status).toBe(400);
    }
  });

  describe('in production', () => {
    const ADMIN = 'a-long-random-key-of-ana';
    let inProduction: ApiClient;
    let before: Record<string, string>;
    beforeAll(async () => {
      before = t.plan.environment!;
      await t.service.api.stop();
      t.plan.environment = {
        ...t.plan.environment,
        NODE_ENV: 'production',
        API_KEYS: JSON.stringify([{ key: ADMIN, role: 'admin', id: 'ana' }]),
        PARTNER_KEY_SECRETS: JSON.stringify({ s1: Buffer.alloc(32, 7).toString('base64') }),
      };
      await t.service.startApi();
      inProduction = createApiClient(t.service.apiUrl, ADMIN, requireContract);
    });
    afterAll(async () => {
      await t.service.api.stop();
      t.plan.environment = before;
      await t.service.startApi();
    });

    test.each([
      'https://127.0.0.1/',
      'https://127.0.0.1:8080/',
      'https://127.1/',
      'https://2130706433/',
      'https://0x7f.0.0.1/',
      'https://0.0.0.0/',
      'https://10.1.2.3/',
      'https://172.16.0.1/',
      'https://192.168.0.1/',
      'https://100.64.0.1/',
      'https://169.254.169.254/',
      'https://224.0.0.1/',
      'https://[::1]/',
      'https://[::]/',
      'https://[::ffff:127.0.0.1]/',
      'https://[::ffff:10.0.0.1]/',
      'https://[::7f00:1]/',
      'https://[64:ff9b::a00:1]/',
      'https://[fe80::1]/',
      'https://[fd00::1]/',
      // A name that resolves inside, on every machine.
      'https://localhost/',
    ])('When %s is registered in production, then it is 422 and says nothing of the network', async (url) => {
      expect(await refusedUrl(inProduction, url)).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/url', message: INNER }] },
      });
    });

    test('When http is registered in production, then it is 422, also to this machine', async () => {
      for (const url of ['http://127.0.0.1/', 'http://localhost/', 'http://93.184.216.34/'])
        expect(await refusedUrl(inProduction, url)).toMatchObject({ status: 422 });
    });

    test('When a public address is registered in production, then it is taken', async () => {
      const { status, body } = await inProduction.post<Subscription>(SUBSCRIPTIONS, {
        url: 'https://93.184.216.34:8443/hooks?of=pps',
      });
      expect([status, body.events, body.audience]).toEqual([201, ['enrollment.*'], 'all']);
    });
  });
});

describe('whose events', () => {
  async function enrollBy(client: ApiClient, changes: object = {}): Promise<Enrollment> {
    const { status, body } = await client.post('/v1/enrollments', { ...t.form(), ...changes });
    expect(status).toBe(201);
    await t.untilEvent(body.id, 'advertiser_located');
    return body;
  }
  const toldOf = async (client: ApiClient, { subscriptionId }: Subscription) =>
    [...new Set((await deliveries(client, subscriptionId)).map(({ enrollmentId }) => enrollmentId))].sort();

  test('When callers, partners and admins subscribe, then each is told of what it may see, and of nothing else', async () => {
    const events = ['enrollment.opened', 'enrollment.advertiser_located'];
    const url = (who: string) => receiver.url(`/scope/${who}`);
    const of = {
      caller: await subscribe(t.caller, url('caller'), events),
      otherCaller: await subscribe(t.otherCaller, url('otherCaller'), events),
      partner: await subscribe(t.partner, url('partner'), events),
      otherPartner: await subscribe(t.otherPartner, url('otherPartner'), events),
      admin: await subscribe(t.admin, url('admin'), events),
    };
    const ours = (await enrollBy(t.caller)).id;
    const theirs = (await enrollBy(t.otherCaller, { surveyPartner: 'fairing' })).id;
    const expected: Record<keyof typeof of, string[]> = {
      caller: [ours],
      otherCaller: [theirs],
      partner: [ours],
      otherPartner: [theirs],
      admin: [ours, theirs].sort(),
    };
    for (const who of Object.keys(of) as (keyof typeof of)[]) {
      expect([who, await toldOf(t[who], of[who])]).toEqual([who, expected[who]]);
      const received = await receiver.until(`/scope/${who}`, expected[who].length * 2);
      for (const one of received)
        expect(expected[who]).toContain(verified(of[who].secret, one).data.enrollmentId);
    }
  });

  test('When a subscription is made with a test key, then it tells of programs on test clocks only', async () => {
    const make = async (test: boolean) => {
      const { body } = await t.admin.post<{ key: string }>('/v1/api-keys', {
        role: 'caller',
        id: 'integrator',
        test,
      });
      return createApiClient(t.service.apiUrl, body.key, requireContract);
    };
    const [testKey, liveKey] = [await make(true), await make(false)];
    const rehearsal = await subscribe(testKey, receiver.url('/rehearsal'), [
      'enrollment.questionnaire_completed',
    ]);
    const live = await subscribe(liveKey, receiver.url('/live'), ['enrollment.questionnaire_completed']);
    expect([rehearsal.test, live.test]).toEqual([true, false]);
    const { id: programId } = await publishProgram(t);
    const real = await enrollBy(liveKey, { programId });
    // On a test clock its window was open; from now on it is a real program.
    await t.db.query(`update program set clock = '[]' where program_id = $1`, [programId]);
    const rehearsed = await enrollBy(testKey);
    for (const { id } of [real, rehearsed])
      await liveKey.post(`/v1/enrollments/${id}/questionnaire`, { answers: t.answers });
    expect(await toldOf(testKey, rehearsal)).toEqual([rehearsed.id]);
    expect(await toldOf(liveKey, live)).toEqual([real.id, rehearsed.id].sort());
    // A test key meets nothing that is live.
    expect((await testKey.get(`${SUBSCRIPTIONS}/${live.subscriptionId}`)).status).toBe(404);
    expect((await liveKey.get(`${SUBSCRIPTIONS}/${rehearsal.subscriptionId}`)).status).toBe(200);
  });

  test("When somebody asks for another's subscription, then it is 404 on every route, and listed for its owner and for admins, operators and auditors", async () => {
    const { subscriptionId } = await subscribe(t.caller, receiver.url('/owned'));
    const deliveryId = await sendTest(t.caller, subscriptionId);
    const path = `${SUBSCRIPTIONS}/${subscriptionId}`;
    for (const stranger of [t.otherCaller, t.partner]) {
      const statuses = [
        await stranger.get(path),
        await stranger.get(`${path}/deliveries`),
        await stranger.post(`${path}/deletion`, {}),
        await stranger.post(`${path}/rotation`, {}),
        await stranger.post(`${path}/enabling`, {}),
        await stranger.post(`${path}/test`, {}),
        await stranger.post(`${path}/deliveries/${deliveryId}/redelivery`, {}),
      ].map(({ status }) => status);
      expect(statuses).toEqual(Array(7).fill(404));
    }
    const listed = async (client: ApiClient) =>
      (await client.get<{ items: Subscription[] }>(SUBSCRIPTIONS)).body.items.map(
        (one) => one.subscriptionId,
      );
    expect(await listed(t.caller)).toEqual([subscriptionId]);
    for (const key of ['pps_dev_admin_ana', 'pps_dev_operator_cy', 'pps_dev_auditor_di']) {
      const overseer = createApiClient(t.service.apiUrl, key, requireContract);
      expect([key, await listed(overseer)]).toEqual([key, [subscriptionId]]);
    }
    expect(await listed(t.otherCaller)).toEqual([]);
    expect((await t.approver.get(SUBSCRIPTIONS)).status).toBe(403);
    const other = await subscribe(t.otherCaller, receiver.url('/other'));
    const foreign = `${SUBSCRIPTIONS}/${other.subscriptionId}/deliveries/${deliveryId}/redelivery`;
    expect((await t.otherCaller.post(foreign, {})).status).toBe(404);
  });
});

test('When an equal request subscribes again, then there is one subscription and the secret is not told again', async () => {
  const key = randomUUID();
  const body = { url: receiver.url('/once') };
  const first = await t.caller.post<Subscription>(SUBSCRIPTIONS, body, key);
  const again = await t.caller.post<Subscription>(SUBSCRIPTIONS, body, key);
  expect(first.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(again.body).toEqual({ ...first.body, secret: null });
  // Neither when the first answer was lost before it was kept.
  await t.db.query('update idempotency_key set response_status = null, response_body = null where key = $1', [
    key,
  ]);
  expect((await t.caller.post(SUBSCRIPTIONS, body, key)).body).toEqual({ ...first.body, secret: null });
});

test('When a secret is made, then it is nowhere in the database, and cannot be read in another row', async () => {
  const [one, other] = [
    await subscribe(t.caller, receiver.url('/sealed')),
    await subscribe(t.caller, receiver.url('/sealed')),
  ];
  const { rows } = await t.db.query<{ table: string }>(
    `select quote_ident(tablename) as table from pg_tables where schemaname = 'public'`,
  );
  for (const { table } of rows) {
    const found = await t.db.query(`select from ${table} r where strpos(to_jsonb(r)::text, $1) > 0`, [
      one.secret.slice('whsec_'.length),
    ]);
    expect([table, found.rowCount]).toEqual([table, 0]);
  }
  await t.db.query(
    `update webhook_secret s set nonce = o.nonce, ciphertext = o.ciphertext, tag = o.tag
       from webhook_secret o where s.subscription_id = $1 and o.subscription_id = $2`,
    [one.subscriptionId, other.subscriptionId],
  );
  await sendTest(t.caller, one.subscriptionId);
  const [unsent] = await eventually(
    () => deliveries(t.caller, one.subscriptionId),
    ([delivery]) => delivery!.lastError !== null,
  );
  expect(unsent).toMatchObject({ status: 'pending', lastError: 'NOT_SENT' });
});

test('When a secret is rotated, then messages are signed with both for the overlap, and with the new one after it', async () => {
  const { subscriptionId, secret } = await subscribe(t.caller, receiver.url('/rotated'));
  const rotate = async (overlapHours: number) => {
    const path = `${SUBSCRIPTIONS}/${subscriptionId}/rotation`;
    const { status, body } = await t.caller.post<Subscription>(path, { overlapHours });
    expect(status).toBe(201);
    return body.secret;
  };
  const received = async (count: number) => {
    await sendTest(t.caller, subscriptionId);
    return (await receiver.until('/rotated', count)).at(-1)!;
  };
  const second = await rotate(24);
  const both = await received(1);
  for (const known of [secret, second]) expect(verified(known, both).type).toBe('webhook.test');
  // The first one ends with the next rotation, whatever it was given.
  const third = await rotate(24);
  const later = await received(2);
  for (const known of [second, third]) verified(known, later);
  expect(() => verified(secret, later)).toThrow('No matching signature');
  const fourth = await rotate(0);
  const last = await received(3);
  verified(fourth, last);
  expect(() => verified(third, last)).toThrow('No matching signature');
  expect(last.headers['webhook-signature']!.split(' ')).toHaveLength(1);
});

test('When a subscription is deleted, then its secrets and log are gone, and what was to be sent is not', async () => {
  const { subscriptionId } = await subscribe(t.caller, receiver.url('/deleted'));
  await sendTest(t.caller, subscriptionId);
  const path = `${SUBSCRIPTIONS}/${subscriptionId}`;
  expect(await t.caller.post(`${path}/deletion`, {})).toMatchObject({
    status: 200,
    body: { subscriptionId },
  });
  expect((await t.caller.get(path)).status).toBe(404);
  for (const table of ['webhook_subscription', 'webhook_secret', 'webhook_delivery']) {
    const { rowCount } = await t.db.query(`select from ${table} where subscription_id = $1`, [
      subscriptionId,
    ]);
    expect([table, rowCount]).toEqual([table, 0]);
  }
});

test('When an owner has twenty subscriptions, then there is no other, also when they come at once', async () => {
  const asked = await Promise.all(
    Array.from({ length: 24 }, () =>
      t.caller.post<{ code?: string }>(SUBSCRIPTIONS, { url: receiver.url('/many') }),
    ),
  );
  expect(asked.filter(({ status }) => status === 201)).toHaveLength(20);
  expect(asked.filter(({ body }) => body.code === 'TOO_MANY_WEBHOOKS')).toHaveLength(4);
  expect((await t.otherCaller.post(SUBSCRIPTIONS, { url: receiver.url('/many') })).status).toBe(201);
  const first = await t.caller.get<{ items: Subscription[]; next: string }>(`${SUBSCRIPTIONS}?limit=15`);
  const rest = await t.caller.get<{ items: Subscription[]; next: null }>(
    `${SUBSCRIPTIONS}?limit=15&after=${first.body.next}`,
  );
  const ids = [...first.body.items, ...rest.body.items].map((one) => one.subscriptionId);
  expect([ids.length, new Set(ids).size, rest.body.next]).toEqual([20, 20, null]);
});

test('When keys for test clocks have twenty subscriptions, then live ones of the same owner are not counted with them', async () => {
  const made = await t.admin.post<{ key: string }>('/v1/api-keys', {
    role: 'caller',
    id: 'shop-app',
    test: true,
  });
  const tester = createApiClient(t.service.apiUrl, made.body.key, requireContract);
  const url = receiver.url('/many');
  for (let made = 0; made < 20; made += 1) await subscribe(tester, url);
  expect(await tester.post(SUBSCRIPTIONS, { url })).toMatchObject({
    status: 409,
    body: { code: 'TOO_MANY_WEBHOOKS' },
  });
  const { audience } = await subscribe(t.caller, url);
  const { items } = (await tester.get<{ items: Subscription[] }>(SUBSCRIPTIONS)).body;
  expect(items.map((one) => one.audience)).toEqual(Array.from({ length: 20 }, () => audience));
});

describe('pages of subscriptions', () => {
  interface SubscriptionPage {
    items: Subscription[];
    next: string | null;
  }
  const page = (query: string, client = t.caller) =>
    client.get<SubscriptionPage & { errors: { pointer: string }[] }>(`${SUBSCRIPTIONS}?${query}`);

  test('When the last one of a page is deleted, then the next page goes on behind it', async () => {
    for (let made = 0; made < 4; made += 1) await subscribe(t.caller, receiver.url('/pages'));
    const all = (await page('limit=4')).body;
    expect(all.next).toBeNull();
    const ids = all.items.map(({ subscriptionId }) => subscriptionId);
    const first = (await page('limit=2')).body;
    await t.caller.post(`${SUBSCRIPTIONS}/${ids[1]}/deletion`, {});
    const second = (await page(`limit=2&after=${first.next}`)).body;
    expect([...first.items, ...second.items].map(({ subscriptionId }) => subscriptionId)).toEqual(ids);
    expect(second.next).toBeNull();
  });

  test('When "after" is no end of a page of this list and key, then it is 400', async () => {
    for (let made = 0; made < 2; made += 1) await subscribe(t.caller, receiver.url('/pages'));
    const { items, next } = (await page('limit=1')).body;
    const [{ subscriptionId }] = items as [Subscription];
    await sendTest(t.caller, subscriptionId);
    for (const [after, client] of [
      ['whk_typo', t.caller],
      [subscriptionId, t.caller],
      [next, t.otherCaller],
      [next, t.admin],
    ] as const)
      expect([after, await page(`after=${after}`, client)]).toMatchObject([
        after,
        { status: 400, body: { code: 'INVALID_REQUEST', errors: [{ pointer: '/after' }] } },
      ]);
    for (const path of [
      `${SUBSCRIPTIONS}/${subscriptionId}/deliveries`,
      '/v1/api-keys',
      '/v1/webhook-secrets',
    ])
      expect([path, (await t.admin.get(`${path}?after=${next}`)).status]).toEqual([path, 400]);
  });
});

test('When the log is read by page and by status, then each delivery is there once', async () => {
  const { subscriptionId } = await subscribe(t.caller, receiver.url('/log'));
  for (let sent = 0; sent < 3; sent += 1) await sendTest(t.caller, subscriptionId);
  await receiver.until('/log', 3);
  const all = await eventually(
    () => deliveries(t.caller, subscriptionId),
    (log) => log.every(({ status }) => status === 'delivered'),
  );
  const page = async (query: string) =>
    (
      await t.caller.get<{ items: typeof all; next: string | null }>(
        `${SUBSCRIPTIONS}/${subscriptionId}/deliveries?${query}`,
      )
    ).body;
  const first = await page('limit=2');
  const second = await page(`limit=2&after=${first.next}`);
  expect([...first.items, ...second.items]).toEqual(all);
  expect(await page('status=failed')).toEqual({ items: [], next: null });
  expect((await page('status=delivered')).items).toEqual(all);
});

test('When deliveries ended two weeks ago, then they are swept, and what is still to be sent stays', async () => {
  const { subscriptionId } = await subscribe(t.caller, receiver.url('/swept'));
  receiver.answer('/swept', { status: 204 }, { status: 500 });
  const old = await sendTest(t.caller, subscriptionId);
  await receiver.until('/swept', 1);
  const pending = await sendTest(t.caller, subscriptionId);
  await eventually(
    () => deliveries(t.caller, subscriptionId),
    (log) => log.some(({ deliveryId, lastStatus }) => deliveryId === pending && lastStatus === 500),
  );
  await t.db.query(
    `update webhook_delivery set made_at = made_at - interval '15 days', ended_at = ended_at - interval '15 days'`,
  );
  // A worker sweeps when it starts.
  await t.service.worker.stop();
  await t.service.startWorker();
  const left = await eventually(
    () => deliveries(t.caller, subscriptionId),
    (log) => !log.some(({ deliveryId }) => deliveryId === old),
  );
  expect(left.map(({ deliveryId }) => deliveryId)).toEqual([pending]);
  expect((await subscriptionIs(t.caller, subscriptionId)).disabledAt).toBeNull();
});

test('When more is old than one statement can sweep, then it is swept all the same', async () => {
  await t.service.worker.stop();
  await t.db.query(`
    insert into idempotency_key (owner, route, key, body_hash, message_id, created_at)
    select 'caller old', 'POST /v1/enrollments', key::text, '', '', now() - interval '2 days' from generate_series(1, 8000) key`);
  const slow = await slowDeletes(t.db, 'idempotency_key');
  await t.service.startWorker();
  await eventually(
    async () => (await t.db.query(`select from idempotency_key where owner = 'caller old'`)).rowCount,
    (left) => left === 0,
    60_000,
  );
  await slow.end();
});

test('When a workflow names an event, then a subscriber can ask for it', () => {
  const named = sourcesOf('workflows').flatMap((source) =>
    [...source.matchAll(/\btype: '([a-z_]+)'/g)].map(([, type]) => type!),
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((type) => !(EVENT_TYPES as readonly string[]).includes(type))).toEqual([]);
  expect(EVENT_TYPES).toEqual([...new Set(EVENT_TYPES)]);
});

test('When the partner of an enrollment changes, then the new one is told from then on', async () => {
  const [old, next] = [
    await subscribe(t.partner, receiver.url('/old')),
    await subscribe(t.otherPartner, receiver.url('/new')),
  ];
  const { programId, ...form } = t.form();
  const { id } = (await t.caller.post('/v1/enrollments', { ...form, programId })).body;
  await t.untilEvent(id, 'advertiser_located');
  await t.caller.post(`/v1/enrollments/${id}/resubmission`, { ...form, surveyPartner: 'fairing' });
  const events = async (client: ApiClient, { subscriptionId }: Subscription) =>
    (await deliveries(client, subscriptionId)).map(({ event }) => event).sort();
  expect(await events(t.partner, old)).toEqual(['enrollment.advertiser_located', 'enrollment.opened']);
  expect(await events(t.otherPartner, next)).toEqual(['enrollment.resubmitted']);
});
