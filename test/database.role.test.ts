/** What the application's own role may not do, whatever its code does. */
import { Pool } from 'pg';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
let application: Pool;
beforeAll(async () => {
  t = await startTestService();
  application = new Pool({ connectionString: t.plan.databaseUrl, max: 1 });
  const { id } = (await t.caller.post('/v1/enrollments', t.form())).body;
  await t.untilEvent(id, 'advertiser_located');
});
afterAll(async () => {
  await application?.end();
  await t?.stop();
});

const KEPT_FOR_EVER = [
  'submission',
  'program_revision',
  'clock_adjustment',
  'credit_statement',
  'questionnaire_answers',
  'note',
];
const NEVER_DELETED = [...KEPT_FOR_EVER, 'enrollment', 'payout', 'program'];

async function firstColumn(table: string): Promise<string> {
  const { rows } = await t.db.query<{ name: string }>(
    `select column_name as name from information_schema.columns where table_name = $1 order by ordinal_position`,
    [table],
  );
  return rows[0]!.name;
}

const INSUFFICIENT_PRIVILEGE = { code: '42501' };

test.each([
  'submission set advertiser_id = advertiser_id',
  'submission set data_sharing_authorized = true',
  'note set written_by = written_by',
  'questionnaire_answers set received_by = received_by',
  'partner_key set enrollment_id = enrollment_id',
  'decision set payload = payload',
])('When the application says "update %s", then the database refuses', async (change) => {
  await expect(application.query(`update ${change}`)).rejects.toMatchObject(INSUFFICIENT_PRIVILEGE);
});

test.each(KEPT_FOR_EVER)(
  'When the application changes a row of %s, then the database refuses',
  async (table) => {
    const column = await firstColumn(table);
    const change = application.query(`update ${table} set ${column} = ${column}`);
    await expect(change).rejects.toMatchObject(INSUFFICIENT_PRIVILEGE);
  },
);

test.each(NEVER_DELETED)(
  'When the application deletes rows of %s, then the database refuses',
  async (table) => {
    await expect(application.query(`delete from ${table}`)).rejects.toMatchObject(INSUFFICIENT_PRIVILEGE);
    await expect(application.query(`truncate ${table}`)).rejects.toMatchObject(INSUFFICIENT_PRIVILEGE);
  },
);

test.each([
  'create table mine (id int)',
  'create schema mine',
  'create function mine() returns int language sql as $$ select 1 $$',
  'alter table payout add column mine int',
  'drop index enrollment_one_per_brand',
  'drop table outbox',
  'alter table submission disable trigger all',
  'grant update on submission to current_user',
  'create role mine',
  'set role postgres',
  'select pg_read_file($$/etc/passwd$$)',
])('When the application says "%s", then the database refuses', async (statement) => {
  const before = await t.db.query('select count(*) from pg_class');
  // PostgreSQL only warns about a grant that grants nothing.
  if (statement.startsWith('grant')) await application.query(statement).catch(() => undefined);
  else await expect(application.query(statement)).rejects.toMatchObject(INSUFFICIENT_PRIVILEGE);
  expect((await t.db.query('select count(*) from pg_class')).rows).toEqual(before.rows);
  const { rows } = await application.query(
    `select has_table_privilege('submission', 'update') as "mayUpdate", rolsuper from pg_roles where rolname = current_user`,
  );
  expect(rows).toEqual([{ mayUpdate: false, rolsuper: false }]);
});

test('When a table exists, then its owner is another role than the application', async () => {
  const { rows } = await t.db.query<{ owner: string }>(
    `select distinct tableowner as owner from pg_tables where schemaname = 'public'`,
  );
  const { username } = new URL(t.plan.databaseUrl);
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.map(({ owner }) => owner)).not.toContain(username);
  expect(rows.map(({ owner }) => owner)).not.toContain('pps_app');
});
