/** API keys at rest, on the real database: what is readable where, and what a row that was tampered with gives away. */
import { randomBytes, randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { createKeyring, UnreadableSecret, type Place } from '../database/keyring';
import { insertPartnerKey, readPartnerKey, type PartnerKey } from '../database/partnerKeys';
import { createDatabase, type Database } from '../database/pool';
import { dropDatabase, prepareDatabase } from '../dev/database';
import { sharedServers } from './support/shared';

const OLD = { id: 's2023', secret: randomBytes(32) };
const NEW = { id: 's2024', secret: randomBytes(32) };
const API_KEY = 'fk_valid_0123456789abcdefWXYZ';
const keyring = createKeyring([OLD]);

const name = `keys_${randomBytes(4).toString('hex')}`;
const { postgresAdminUrl, templateDatabase } = sharedServers();
let database: Database;
/** May do what the application may not. */
let owner: Pool;
beforeAll(async () => {
  const prepared = await prepareDatabase(postgresAdminUrl, name, { template: templateDatabase });
  database = createDatabase({ connectionString: prepared.databaseUrl, maximumConnections: 2 });
  owner = new Pool({ connectionString: prepared.databaseAdminUrl, max: 1 });
  await owner.query(`
    insert into program (program_id, latest_revision) values ('p', 1);
    insert into enrollment (enrollment_id, program_id, brand_key, workflow_id, owner, survey_partner, state, status,
        calculation_month)
      select id, 'p', id, id, 'me', 'fairing', '{}', 'verifying', '2023-11' from unnest(array['enr_1', 'enr_2']) id`);
});
afterAll(async () => {
  await owner?.end();
  await database?.close();
  await dropDatabase(postgresAdminUrl, name);
});

async function stored(enrollmentId = 'enr_1', apiKey = API_KEY): Promise<PartnerKey> {
  const key = { partnerKeyId: `key_${randomUUID()}`, enrollmentId, surveyPartner: 'fairing' };
  await insertPartnerKey(database.pool, keyring, key, apiKey);
  return key;
}

const read = (key: PartnerKey, ring = keyring) => readPartnerKey(database.pool, ring, key);

test('When a key is stored, then it is read as it was, and the same key twice looks different', async () => {
  const [one, other] = [await stored(), await stored()];
  expect([await read(one), await read(other)]).toEqual([API_KEY, API_KEY]);
  const { rows } = await owner.query<{ nonces: number; ciphertexts: number }>(
    `select count(distinct nonce)::int as nonces, count(distinct ciphertext)::int as ciphertexts from partner_key
      where partner_key_id in ($1, $2)`,
    [one.partnerKeyId, other.partnerKeyId],
  );
  expect(rows).toEqual([{ nonces: 2, ciphertexts: 2 }]);
});

test('When the table is dumped, then nothing of the key is in it but its last four characters', async () => {
  const { partnerKeyId } = await stored();
  const { rows } = await owner.query<{ dump: string; lastFour: string }>(
    `select to_jsonb(k)::text as dump, last_four as "lastFour" from partner_key k where partner_key_id = $1`,
    [partnerKeyId],
  );
  const { dump, lastFour } = rows[0]!;
  expect(lastFour).toBe('WXYZ');
  const readable = [...'fk_valid_0123456789abcdef'].map((_, at) => API_KEY.slice(at, at + 5)).slice(0, -4);
  for (const part of readable) {
    expect(dump).not.toContain(part);
    expect(dump).not.toContain(Buffer.from(part).toString('hex'));
  }
  for (const { secret } of [OLD, NEW]) expect(dump).not.toContain(secret.toString('hex'));
});

test('When a key is short, then not even its last four characters are kept', async () => {
  const { partnerKeyId } = await stored('enr_1', 'short-key-1');
  const { rows } = await owner.query('select last_four from partner_key where partner_key_id = $1', [
    partnerKeyId,
  ]);
  expect(rows).toEqual([{ last_four: '' }]);
});

test.each([
  ['enrollment', (one: PartnerKey) => one],
  ['other enrollment', (one: PartnerKey) => ({ ...one, enrollmentId: 'enr_2' })],
])(
  'When a ciphertext is copied to another row of the %s, then it cannot be read there',
  async (_, target) => {
    const source = await stored();
    const copy = { ...target(source), partnerKeyId: `key_${randomUUID()}` };
    await owner.query(
      `insert into partner_key select $2, $3, survey_partner, secret_id, nonce, ciphertext, tag, last_four
       from partner_key where partner_key_id = $1`,
      [source.partnerKeyId, copy.partnerKeyId, copy.enrollmentId],
    );
    await expect(read(copy)).rejects.toThrow(UnreadableSecret);
    await expect(read(copy)).rejects.toThrow(
      /cannot be decrypted .* Look for what changed or copied the row/,
    );
    expect(await read(source)).toBe(API_KEY);
  },
);

test.each([
  ['ciphertext', `ciphertext = set_byte(ciphertext, 0, get_byte(ciphertext, 0) # 1)`],
  ['tag', `tag = set_byte(tag, 15, get_byte(tag, 15) # 1)`],
  ['nonce', `nonce = set_byte(nonce, 0, get_byte(nonce, 0) # 1)`],
])('When the %s was changed, then the key cannot be read', async (_part, change) => {
  const key = await stored();
  await owner.query(`update partner_key set ${change} where partner_key_id = $1`, [key.partnerKeyId]);
  await expect(read(key)).rejects.toThrow(UnreadableSecret);
});

test('When a key is asked for under another enrollment or survey partner, then there is none', async () => {
  const key = await stored();
  for (const wrong of [{ enrollmentId: 'enr_2' }, { surveyPartner: 'okendo' }, { partnerKeyId: 'key_0' }])
    await expect(read({ ...key, ...wrong })).rejects.toThrow('the form must be sent again with it');
});

test('When a new secret is put first, then it writes, and what the old one wrote is still read', async () => {
  const before = await stored();
  const rotated = createKeyring([NEW, OLD]);
  const after = { ...before, partnerKeyId: `key_${randomUUID()}` };
  await insertPartnerKey(database.pool, rotated, after, 'fk_valid_another-key');
  expect([await read(before, rotated), await read(after, rotated)]).toEqual([
    API_KEY,
    'fk_valid_another-key',
  ]);

  await expect(read(after, keyring)).rejects.toThrow(
    'is encrypted with the secret "s2024". Put it back into',
  );
  await expect(read(before, createKeyring([NEW]))).rejects.toThrow('the secret "s2023". Put it back into');
});

test('When a secret has another value, or a row names another secret, then the key cannot be read', async () => {
  const key = await stored();
  const others = [{ ...OLD, secret: NEW.secret }];
  await expect(read(key, createKeyring(others))).rejects.toThrow(UnreadableSecret);

  // Also where both ids stand for the same bytes: the id is bound as well.
  await owner.query(`update partner_key set secret_id = 'alias' where partner_key_id = $1`, [
    key.partnerKeyId,
  ]);
  const aliased = createKeyring([OLD, { id: 'alias', secret: OLD.secret }]);
  await expect(read(key, aliased)).rejects.toThrow(UnreadableSecret);
});

test('When a ciphertext is moved to another table or column, then it cannot be read', () => {
  const place: Place = { table: 'partner_key', column: 'ciphertext', row: ['key_1', 'enr_1'] };
  const sealed = keyring.seal(API_KEY, place);
  expect(keyring.open(sealed, place)).toBe(API_KEY);
  for (const elsewhere of [
    { table: 'other' },
    { column: 'other' },
    { row: ['key_1', 'enr_2'] },
    { row: ['key_1enr_1'] },
  ])
    expect(() => keyring.open(sealed, { ...place, ...elsewhere })).toThrow(UnreadableSecret);
  const shortened = { ...sealed, tag: sealed.tag.subarray(0, 4) };
  expect(() => keyring.open(shortened, place)).toThrow(UnreadableSecret);
});

test('When the application changes or removes a key, then the database refuses', async () => {
  await stored();
  for (const statement of [`update partner_key set last_four = ''`, 'delete from partner_key'])
    await expect(database.pool.query(statement)).rejects.toMatchObject({ code: '42501' });
});
