/** PostgreSQL as the application sees it: with its role, not the owner's. */
import { readdir } from 'node:fs/promises';
import type { Pool } from 'pg';
import { createDatabase, firstRow } from '../../database/pool';
import { migrationsFolder } from '../../database/setup';
import type { PartnerKeySecret } from '../../settings/partnerKeySecrets';
import type { DoctorSettings } from '../../settings/settings';
import { examine, ill, well, type Finding } from './finding';

const OLDEST_SERVER = 14;
/** More, and program dates and the order of runs are in doubt. */
const MOST_SKEW_MS = 2_000;
/** The outbox is emptied every second. */
const LONGEST_IN_OUTBOX_S = 60;
const RUN_SETUP = 'Run node dist/deploy/setup.js with the settings of this service.';

export async function examinePostgres({
  databaseUrl,
  partnerKeySecrets,
}: Pick<DoctorSettings, 'databaseUrl' | 'partnerKeySecrets'>): Promise<Finding[]> {
  const place = placeOf(databaseUrl);
  const database = createDatabase({ connectionString: databaseUrl, maximumConnections: 2 });
  const { pool } = database;
  const check = (name: string, work: () => Promise<Finding>) => examine(name, work, remedyOf);
  try {
    const connected = await check('database', () => connection(pool, place));
    if (!connected.ok) return [connected];
    return [
      connected,
      await check('database role', () => role(pool)),
      await check('migrations', () => migrations(pool)),
      await check('clock', () => clock(pool)),
      await check('outbox', () => outbox(pool)),
      ...(partnerKeySecrets ? [await check('secrets', () => secrets(pool, partnerKeySecrets))] : []),
    ];
  } finally {
    await database.close();
  }
}

/** Where it is, without who asks. */
export function placeOf(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl);
  return `${host}${pathname}`;
}

/** Codes of PostgreSQL and of the network. */
export function remedyOf({ code }: { code?: unknown }): string {
  switch (code) {
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'Start PostgreSQL, or correct host and port in DATABASE_URL.';
    case '28P01':
    case '28000':
      return 'Correct role and password in DATABASE_URL, or run node dist/deploy/setup.js, which makes the role.';
    case '3D000':
      return 'Create the database, then run node dist/deploy/setup.js; or correct its name in DATABASE_URL.';
    case '42P01':
    case '42501':
    case '42703':
      return RUN_SETUP;
    default:
      return 'See that PostgreSQL answers at DATABASE_URL and is not overloaded.';
  }
}

async function connection(pool: Pool, place: string): Promise<Finding> {
  const row = firstRow<{ version: number; readOnly: boolean }>(
    await pool.query(
      `select current_setting('server_version_num')::int / 10000 as version,
              current_setting('transaction_read_only')::boolean as "readOnly"`,
    ),
  )!;
  return judgeServer(place, row);
}

export function judgeServer(place: string, server: { version: number; readOnly: boolean }): Finding {
  const seen = `PostgreSQL ${server.version} at ${place}`;
  if (server.version < OLDEST_SERVER)
    return ill('database', seen, `Use PostgreSQL ${OLDEST_SERVER} or later.`);
  if (server.readOnly)
    return ill('database', `${place} is read-only`, 'Let DATABASE_URL name the primary server.');
  return well('database', seen);
}

async function role(pool: Pool): Promise<Finding> {
  const row = firstRow<{ name: string; superuser: boolean; admitted: boolean; owned: number }>(
    await pool.query(
      `select current_user as name, rolsuper as superuser, pg_has_role('pps_app', 'member') as admitted,
              (select count(*)::int from pg_tables where schemaname = 'public' and tableowner = current_user) as owned
         from pg_roles where rolname = current_user`,
    ),
  )!;
  const { name, superuser, admitted, owned } = row;
  if (superuser || owned > 0) {
    return ill(
      'database role',
      `${name} ${superuser ? 'is a superuser' : `owns ${owned} tables`}, so it could change what is to stay as it is`,
      'Let DATABASE_URL name a role that owns nothing, and DATABASE_ADMIN_URL the owner; then run node dist/deploy/setup.js.',
    );
  }
  return admitted
    ? well('database role', `${name} owns nothing and is a member of pps_app`)
    : ill('database role', `${name} is no member of pps_app`, RUN_SETUP);
}

async function migrations(pool: Pool): Promise<Finding> {
  const shipped = (await readdir(migrationsFolder()))
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.replace(/\.sql$/, ''))
    .sort();
  const { rows } = await pool.query<{ name: string }>('select name from pgmigrations order by name');
  const applied = rows.map(({ name }) => name);
  const missing = shipped.filter((name) => !applied.includes(name));
  const unknown = applied.filter((name) => !shipped.includes(name));
  if (missing.length > 0) return ill('migrations', `not applied: ${missing.join(', ')}`, RUN_SETUP);
  if (unknown.length > 0) {
    return ill(
      'migrations',
      `of a later version: ${unknown.join(', ')}`,
      'This release is older than the database. Deploy the release that the database was migrated by.',
    );
  }
  return well('migrations', `${applied.length} applied`);
}

async function clock(pool: Pool): Promise<Finding> {
  const asked = Date.now();
  const row = firstRow<{ now: number }>(
    await pool.query('select extract(epoch from clock_timestamp())::float8 * 1000 as now'),
  )!;
  return judgeClock({ asked, theirs: row.now, answered: Date.now() });
}

/** Epoch ms: ours when PostgreSQL was asked for its own, what it said, and ours when that was here. */
export function judgeClock({
  asked,
  theirs,
  answered,
}: Record<'asked' | 'theirs' | 'answered', number>): Finding {
  const skew = Math.max(asked - theirs, theirs - answered, 0);
  const seen = `this machine and PostgreSQL differ by ${skew < 1 ? 'less than the answer takes' : `${Math.round(skew)} ms`}`;
  return skew <= MOST_SKEW_MS
    ? well('clock', seen)
    : ill('clock', seen, 'Have both machines set their clocks by NTP.');
}

async function outbox(pool: Pool): Promise<Finding> {
  const row = firstRow<{ due: number; oldest: number | null; error: string | null }>(
    await pool.query(
      `select count(*)::int as due, max(extract(epoch from now() - due_at))::float8 as oldest,
              (array_agg(last_error order by due_at) filter (where last_error is not null))[1] as error
         from outbox where due_at <= now()`,
    ),
  )!;
  const { due, oldest, error } = row;
  if (due === 0) return well('outbox', 'nothing waits');
  const seen = `${due} due, the oldest for ${Math.round(oldest ?? 0)} s${error === null ? '' : `; last error: ${error}`}`;
  return (oldest ?? 0) <= LONGEST_IN_OUTBOX_S
    ? well('outbox', seen)
    : ill('outbox', seen, 'See that a worker runs and reaches Temporal; it empties the outbox.');
}

/** What is still needed of PARTNER_KEY_SECRETS: an erased key and a secret that has expired are read no more. */
async function secrets(pool: Pool, given: readonly PartnerKeySecret[]): Promise<Finding> {
  const { rows } = await pool.query<{ id: string; count: number }>(
    `select secret_id as id, count(*)::int as count
       from (select secret_id from partner_key where ciphertext <> ''
             union all
             select secret_id from webhook_secret where expires_at is null or expires_at > now()) sealed
      group by secret_id order by secret_id`,
  );
  const missing = rows.filter(({ id }) => !given.some((secret) => secret.id === id));
  if (missing.length === 0) return well('secrets', 'PARTNER_KEY_SECRETS has each that rows name');
  const names = missing.map(({ id, count }) => `"${id}" (${count})`).join(', ');
  return ill(
    'secrets',
    `rows are encrypted with what PARTNER_KEY_SECRETS does not have: ${names}`,
    'Put these secrets back, after the first one; without them those keys cannot be read.',
  );
}
