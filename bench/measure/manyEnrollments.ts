/** A database of very many enrollments, for lists. They were never carried out: rows only, and no workflow. */
import { randomBytes } from 'node:crypto';
import { Pool } from 'pg';
import { eventually } from '../../dev/apiClient';
import { dropDatabase, prepareDatabase } from '../../dev/database';

export interface ManyEnrollments {
  /** As the owner of the tables. */
  db: Pool;
  drop(): Promise<void>;
}

/** As a season leaves them: the oldest have ended, the newest wait for their partner, and a few are special. */
export async function manyEnrollments(
  serverAdminUrl: string,
  count: number,
  options?: { template: string },
): Promise<ManyEnrollments> {
  const name = `list_${randomBytes(4).toString('hex')}`;
  const { databaseAdminUrl } = await prepareDatabase(serverAdminUrl, name, options);
  const db = new Pool({ connectionString: databaseAdminUrl, max: 1 });
  const drop = async () => {
    await db.end();
    await dropDatabase(serverAdminUrl, name);
  };
  try {
    await fill(db, count);
    await untilAllVisible(db);
  } catch (error) {
    await drop();
    throw error;
  }
  return { db, drop };
}

async function fill(db: Pool, count: number): Promise<void> {
  await db.query(`insert into program (program_id, latest_revision) values ('p1', 1), ('p2', 1)`);
  await db.query(
    `insert into enrollment (enrollment_id, program_id, brand_key, workflow_id, owner, survey_partner, state, status,
       calculation_month, waiting_for, reason_codes, created_at, updated_at)
     select 'enr_' || lpad(n::text, 8, '0'), case when n % 2 = 0 then 'p1' else 'p2' end, 'brand' || n || '.example', 'w' || n,
            case when n % 1000 = 0 then 'small' else 'large' end, case n % 3 when 0 then 'kno' else 'fairing' end,
            jsonb_build_object('ending', null, 'facts', repeat('x', 1200)), s.status, case when n > $1 * 0.6 then '2023-12' else '2023-11' end,
            s.waiting_for, s.reason_codes, '2023-10-01'::timestamptz + n / 3 * interval '1 minute',
            '2023-11-01'::timestamptz + (n::bigint * 7919 % $1) * interval '1 minute'
       from generate_series(1, $1::int) n
       cross join lateral (select * from (values
           (n % ($1 / 10) = 7, 'awaiting_approval', '{approver,approval}'::text[], '{}'::text[]),
           (n % ($1 / 8) = 9, 'verifying', '{admin,release,partner,partner_confirmation}', '{FRAUD_REVIEW}'),
           (n < $1 * 0.5, 'paid', '{}', '{}'),
           (n < $1 * 0.6, 'ineligible', '{}', '{BELOW_MINIMUM_SPEND}'),
           (n < $1 * 0.8, 'measuring', '{service,calculation_date}', '{}'),
           (true, 'verifying', '{partner,partner_confirmation,advertiser,questionnaire}', '{}')
         ) as cases(holds, status, waiting_for, reason_codes) where holds limit 1) s`,
    [count],
  );
}

/** A transaction elsewhere may keep the first vacuum from knowing that all rows are visible to everybody. */
async function untilAllVisible(db: Pool): Promise<void> {
  await eventually(
    async () => {
      await db.query('vacuum analyze enrollment');
      const { rows } = await db.query<{ share: number }>(
        `select relallvisible::float8 / relpages as share from pg_class where relname = 'enrollment'`,
      );
      return rows[0]!.share;
    },
    (share) => share === 1,
  );
}
