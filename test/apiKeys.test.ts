/** API keys in PostgreSQL: told once, known by a hash, and whoever holds one is the actor. */
import { randomUUID } from 'node:crypto';
import { createApiClient, eventually, type Enrollment } from '../dev/apiClient';
import { makeKey, readKey } from '../api/keyFormat';
import { requireContract } from './support/contract';
import { startCuttableProxy, type CuttableProxy } from './support/cuttableProxy';
import { sharedServers } from './support/shared';
import { startTestService, type TestService } from './support/testService';

interface Key {
  keyId: string;
  key: string | null;
  role: string;
  id: string;
  surveyPartner: string | null;
  createdBy: { role: string; id: string; keyId: string };
  expiresAt: string | null;
  lastUsedAt: string | null;
  revokedAt: string | null;
  replacedBy: string | null;
}

describe('the text of a key', () => {
  const { key, keyId, forTestClocks } = makeKey(false);

  test('When a key is made, then its prefix says what it is and its parts are found again', () => {
    expect(key).toMatch(/^pps_live_[0-9a-f]{16}_[0-9A-Za-z]{49}$/);
    expect([forTestClocks, readKey(key)?.keyId]).toEqual([false, keyId]);
    expect(readKey(makeKey(true).key)).toMatchObject({ forTestClocks: true });
    expect(new Set(Array.from({ length: 100 }, () => makeKey(false).key)).size).toBe(100);
  });

  test('When a key is cut, or mistyped in any place, then it is no key', () => {
    for (let at = 0; at < key.length; at += 1) {
      const other = key[at] === 'a' ? 'b' : 'a';
      expect(readKey(key.slice(0, at) + other + key.slice(at + 1))).toBeUndefined();
      expect(readKey(key.slice(0, at))).toBeUndefined();
    }
    expect(readKey(`${key}a`)).toBeUndefined();
  });
});

describe('over HTTP', () => {
  let t: TestService;
  let database: CuttableProxy;
  beforeAll(async () => {
    const { host } = new URL(sharedServers().postgresAdminUrl);
    database = await startCuttableProxy(host);
    t = await startTestService();
    // The API alone goes through the proxy.
    const through = new URL(t.plan.databaseUrl);
    through.host = database.address;
    await t.service.api.stop();
    t.plan.environment = { ...t.plan.environment, DATABASE_URL: through.href };
    await t.service.startApi();
  });
  afterEach(() => database?.restore());
  afterAll(async () => {
    await t?.stop();
    await database?.stop();
  });

  const as = (key: string | null) => createApiClient(t.service.apiUrl, key ?? '', requireContract);
  const statusFor = async (key: string | null) => (await as(key).get('/v1/enrollments')).status;

  async function make(body: object, idempotencyKey?: string) {
    const { status, body: made } = await t.admin.post<Key>('/v1/api-keys', body, idempotencyKey);
    expect(status).toBe(201);
    return made;
  }

  async function listed(keyId: string): Promise<Key> {
    const { body } = await t.admin.get<{ items: Key[] }>('/v1/api-keys?limit=200');
    return body.items.find((key) => key.keyId === keyId)!;
  }

  test.each([
    ['/v1/api-keys', { role: 'caller', id: 'paged' }],
    ['/v1/webhook-secrets', { surveyPartner: 'okendo' }],
  ])('When %s is read page by page, then each is there once, newest first', async (list, body) => {
    for (let made = 0; made < 3; made += 1) expect((await t.admin.post(list, body)).status).toBe(201);
    type Page = { items: object[]; next: string | null };
    const page = async (query: string) => (await t.admin.get<Page>(`${list}?${query}`)).body;
    const all = await page('limit=200');
    const paged: object[] = [];
    for (let next: string | null = ''; next !== null;) {
      const read: Page = await page(`limit=2${next && `&after=${next}`}`);
      paged.push(...read.items);
      next = read.next;
    }
    expect(paged.length).toBeGreaterThanOrEqual(3);
    expect({ items: paged, next: null }).toEqual(all);
  });

  test('When an admin makes a key, then its holder is the actor of what is done with it, within its role', async () => {
    const made = await make({ role: 'caller', id: 'new-shop' });
    expect(made).toMatchObject({
      role: 'caller',
      id: 'new-shop',
      createdBy: { role: 'admin', id: 'ana', keyId: 'settings:admin:ana' },
      lastUsedAt: null,
    });
    const { status, body } = await as(made.key).post('/v1/enrollments', t.form());
    expect(status).toBe(201);
    const path = `/v1/enrollments/${body.id}`;
    expect((await as(made.key).post(`${path}/questionnaire`, { answers: t.answers })).status).toBe(200);
    const { actor } = await t.untilEvent(body.id, 'questionnaire_completed');
    expect(actor).toEqual({ role: 'caller', id: 'new-shop' });
    expect((await as(made.key).get<{ items: Enrollment[] }>('/v1/enrollments')).body.items).toHaveLength(1);
    expect((await as(made.key).post('/v1/api-keys', { role: 'admin', id: 'x' })).status).toBe(403);
    expect((await t.caller.get(path)).status).toBe(404);
  });

  test('When a key of a survey partner is made, then it sees the enrollments of that partner', async () => {
    const { body } = await t.caller.post('/v1/enrollments', t.form());
    const kno = await make({ role: 'partner', id: 'kno-support', surveyPartner: 'kno' });
    const fairing = await make({ role: 'partner', id: 'fairing-support', surveyPartner: 'fairing' });
    expect((await as(kno.key).get(`/v1/enrollments/${body.id}`)).status).toBe(200);
    expect((await as(fairing.key).get(`/v1/enrollments/${body.id}`)).status).toBe(404);
  });

  test.each([
    [{ role: 'partner', id: 'x' }, '/surveyPartner'],
    [{ role: 'admin', id: 'x', surveyPartner: 'kno' }, '/surveyPartner'],
    [{ role: 'root', id: 'x' }, '/role'],
    [{ role: 'caller', id: 'two words' }, '/id'],
    [{ role: 'caller', id: 'x', key: 'pps_live_mine' }, '/key'],
  ])('When a key is asked for as %j, then it is 400 and names %s', async (body, pointer) => {
    const refused = await t.admin.post<{ errors: object[] }>('/v1/api-keys', body);
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
  });

  test('When a key is to expire before now, then it is 422 and says so', async () => {
    const past = { role: 'caller', id: 'x', expiresAt: '2020-01-01T00:00:00Z' };
    const refused = await t.admin.post<{ errors: object[] }>('/v1/api-keys', past);
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ pointer: '/expiresAt' }] } });
  });

  test('When a key is made, then nothing in the database, in the list or in the log gives it away', async () => {
    const made = await make({ role: 'caller', id: 'secretive' });
    await statusFor(made.key);
    const secret = made.key!.split('_')[3]!;
    const { rows } = await t.db.query<{ table: string }>(
      `select quote_ident(tablename) as table from pg_tables where schemaname = 'public'`,
    );
    expect(rows.length).toBeGreaterThan(15);
    for (const { table } of rows) {
      const found = await t.db.query(`select from ${table} r where strpos(to_jsonb(r)::text, $1) > 0`, [
        secret,
      ]);
      expect([table, found.rowCount]).toEqual([table, 0]);
    }
    expect(JSON.stringify(await listed(made.keyId))).not.toContain(secret);
  });

  test('When an equal request makes a key again, then there is one key and the answer does not tell it again', async () => {
    const idempotencyKey = randomUUID();
    const made = await make({ role: 'caller', id: 'twice' }, idempotencyKey);
    const again = await make({ role: 'caller', id: 'twice' }, idempotencyKey);
    expect(again).toEqual({ ...made, key: null });
    // Neither when the first answer was lost before it was kept.
    await t.db.query(
      'update idempotency_key set response_status = null, response_body = null where key = $1',
      [idempotencyKey],
    );
    expect(await make({ role: 'caller', id: 'twice' }, idempotencyKey)).toMatchObject({
      keyId: made.keyId,
      key: null,
    });
    expect(await statusFor(made.key)).toBe(200);
  });

  test('When a key is used, then the list says when, to the minute', async () => {
    const { keyId, key } = await make({ role: 'caller', id: 'user' });
    await statusFor(key);
    const { lastUsedAt } = await eventually(
      () => listed(keyId),
      (row) => row.lastUsedAt !== null,
    );
    await statusFor(key);
    expect((await listed(keyId)).lastUsedAt).toBe(lastUsedAt);
    await t.db.query(`update api_key set last_used_at = now() - interval '61 seconds' where key_id = $1`, [
      keyId,
    ]);
    await statusFor(key);
    await eventually(
      () => listed(keyId),
      (row) => Date.parse(row.lastUsedAt!) >= Date.parse(lastUsedAt!),
    );
  });

  test('When a key is revoked, then it opens nothing from the next request on, and cannot be rotated', async () => {
    const { keyId, key } = await make({ role: 'caller', id: 'leaked' });
    expect(await statusFor(key)).toBe(200);
    const revoked = await t.admin.post<Key>(`/v1/api-keys/${keyId}/revocation`, {});
    expect(revoked).toMatchObject({ status: 200, body: { keyId } });
    expect(await statusFor(key)).toBe(401);
    const again = await t.admin.post<Key>(`/v1/api-keys/${keyId}/revocation`, {});
    expect(again.body.revokedAt).toBe(revoked.body.revokedAt);
    expect(await t.admin.post(`/v1/api-keys/${keyId}/rotation`, {})).toMatchObject({
      status: 409,
      body: { code: 'API_KEY_ENDED' },
    });
    expect((await t.admin.post('/v1/api-keys/apk_0000000000000000/revocation', {})).status).toBe(404);
    expect((await t.admin.post('/v1/api-keys/apk_0000000000000000/rotation', {})).status).toBe(404);
  });

  test('When a key has expired, then it opens nothing', async () => {
    const { keyId, key } = await make({ role: 'caller', id: 'brief', expiresAt: '2099-01-01T00:00:00Z' });
    expect(await statusFor(key)).toBe(200);
    await t.db.query(`update api_key set expires_at = now() where key_id = $1`, [keyId]);
    expect(await statusFor(key)).toBe(401);
  });

  test('When a key is rotated, then both open the same for the overlap, and the old one nothing after it', async () => {
    const old = await make({ role: 'caller', id: 'rotating' });
    const { body } = await as(old.key).post('/v1/enrollments', t.form());
    const rotated = await t.admin.post<Key>(`/v1/api-keys/${old.keyId}/rotation`, { overlapHours: 2 });
    expect(rotated).toMatchObject({ status: 201, body: { role: 'caller', id: 'rotating', expiresAt: null } });
    for (const key of [old.key, rotated.body.key])
      expect((await as(key).get(`/v1/enrollments/${body.id}`)).status).toBe(200);
    const replaced = await listed(old.keyId);
    expect(replaced.replacedBy).toBe(rotated.body.keyId);
    const hours = (Date.parse(replaced.expiresAt!) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(1.9);
    expect(hours).toBeLessThanOrEqual(2);
    expect((await t.admin.post(`/v1/api-keys/${old.keyId}/rotation`, {})).status).toBe(409);

    const next = await t.admin.post<Key>(`/v1/api-keys/${rotated.body.keyId}/rotation`, { overlapHours: 0 });
    expect([await statusFor(rotated.body.key), await statusFor(next.body.key)]).toEqual([401, 200]);
  });

  test('When a key has another secret than its row, then it is 401 like one that is not there', async () => {
    const [one, other] = [makeKey(false), await make({ role: 'admin', id: 'eve' })];
    const mixed = { ...one, keyId: other.keyId };
    await t.db.query(`update api_key set key_hash = $2 where key_id = $1`, [mixed.keyId, mixed.hash]);
    expect([await statusFor(other.key), await statusFor(one.key)]).toEqual([401, 401]);
  });

  test('When PostgreSQL is away, then keys of the settings are known, others are 503, and malformed ones 401', async () => {
    const { key } = await make({ role: 'approver', id: 'far' });
    database.cut();
    // Refused by its role: for that it has to be known.
    expect((await t.approver.post('/v1/api-keys', {})).status).toBe(403);
    const answer = await as(key).get<{ code: string }>('/v1/enrollments');
    expect(answer).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await statusFor(`${key}x`)).toBe(401);
    expect(await statusFor('pps_dev_caller_unknown')).toBe(401);
    database.restore();
    await eventually(
      () => statusFor(key),
      (status) => status === 200,
    );
  });
});
