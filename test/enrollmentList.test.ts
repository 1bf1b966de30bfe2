/** Pages among very many enrollments: whatever is asked for, few rows are read. On the real database, without the service. */
import { randomBytes } from 'node:crypto';
import { Pool } from 'pg';
import {
  countByStatus,
  countEnrollments,
  countStatement,
  listEnrollments,
  pageStatement,
  type EnrollmentFilter,
  type ListOrder,
} from '../database/enrollmentList';
import type { Position } from '../database/pages';
import type { Scope } from '../database/enrollments';
import { eventually } from '../dev/apiClient';
import { dropDatabase, prepareDatabase } from '../dev/database';
import { sharedServers } from './support/shared';

/** `LIST_ROWS=1000000 npm test -- test/enrollmentList.test.ts -t 'few rows'` shows that they are no more among a million. */
const ROWS = Number(process.env['LIST_ROWS'] ?? 40_000);
const name = `list_${randomBytes(4).toString('hex')}`;
const { postgresAdminUrl, templateDatabase } = sharedServers();
let owner: Pool;

/** As a season leaves them: the oldest have ended, the newest wait for their partner, and a few are special. */
beforeAll(async () => {
  const { databaseAdminUrl } = await prepareDatabase(postgresAdminUrl, name, { template: templateDatabase });
  owner = new Pool({ connectionString: databaseAdminUrl, max: 1 });
  await owner.query(`insert into program (program_id, latest_revision) values ('p1', 1), ('p2', 1)`);
  await owner.query(
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
    [ROWS],
  );
  // A transaction elsewhere may keep the first one from knowing that all rows are visible to everybody.
  await eventually(
    async () => {
      await owner.query('vacuum analyze enrollment');
      const { rows } = await owner.query<{ share: number }>(
        `select relallvisible::float8 / relpages as share from pg_class where relname = 'enrollment'`,
      );
      return rows[0]!.share;
    },
    (share) => share === 1,
  );
});
afterAll(async () => {
  await owner?.end();
  await dropDatabase(postgresAdminUrl, name);
});

interface PlanNode {
  'Node Type': string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: PlanNode[];
}

/** Its steps, with what they really did. */
async function planOf({ text, values }: { text: string; values: unknown[] }): Promise<PlanNode[]> {
  const { rows } = await owner.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    `explain (analyze, costs off, timing off, format json) ${text}`,
    values,
  );
  const all = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(all)];
  return all(rows[0]!['QUERY PLAN'][0].Plan);
}

const scans = (nodes: PlanNode[]) =>
  nodes.filter((node) => /^(Seq|Index|Bitmap) .*Scan|^Index Only/.test(node['Node Type']));

/** Rows of tables and entries of indexes that were looked at. */
function lookedAt(nodes: PlanNode[]): number {
  return scans(nodes)
    .map((node) => {
      const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
      return (node['Actual Rows'] + removed) * node['Actual Loops'];
    })
    .reduce((sum, count) => sum + count, 0);
}

const ORDERS: ListOrder[] = (['createdAt', 'updatedAt'] as const).flatMap((by) =>
  [true, false].map((descending) => ({ by, descending })),
);
const all: Scope = { kind: 'all' };
const large: Scope = { kind: 'owner', owner: 'large' };
const small: Scope = { kind: 'owner', owner: 'small' };
const kno: Scope = { kind: 'partner', surveyPartner: 'kno' };

const LISTS: [string, Scope, EnrollmentFilter][] = [
  ['all', all, {}],
  ['those of a caller', large, {}],
  ['those of a caller with few', small, {}],
  ['those of a survey partner', kno, {}],
  ['those of a survey partner, for staff', all, { surveyPartner: 'kno' }],
  ['those of a program', all, { programId: 'p1' }],
  ['the paid ones, which are the oldest', all, { statuses: ['paid'] }],
  ['the verifying ones, which are the newest', all, { statuses: ['verifying'] }],
  ['those of several statuses', all, { statuses: ['awaiting_approval', 'ineligible', 'paid'] }],
  ['those of a status and a program', all, { statuses: ['ineligible'], programId: 'p2' }],
  ['those of a status and a survey partner', kno, { statuses: ['paid'] }],
  ['those of a status and a caller', large, { statuses: ['paid'] }],
  ['those of the earlier month', all, { calculationMonth: '2023-11' }],
  ['those of a month that nobody has', all, { calculationMonth: '2024-05' }],
  ['those that wait for approvers', all, { waitingFor: 'approver' }],
  ['those that wait for a survey partner', kno, { waitingFor: 'partner' }],
  ['those that wait for a questionnaire', all, { waitingFor: 'questionnaire' }],
  ['those that wait for the calculation date', all, { waitingFor: 'calculation_date' }],
  ['those that are held', all, { waitingFor: 'release' }],
  [
    'those that wait for what their status excludes',
    all,
    { waitingFor: 'approval', statuses: ['awaiting_approval', 'paid'] },
  ],
  ['those with a rare reason', all, { reasonCode: 'FRAUD_REVIEW' }],
  ['those with a reason that none has', all, { reasonCode: 'WITHDRAWN' }],
  ['those of a brand', all, { brandKey: 'brand17.example' }],
  ["those of another's brand", kno, { brandKey: 'brand17.example' }],
  ['those that have changed of late', all, { updatedSince: Date.parse('2023-11-28T18:00:00Z') }],
];

test.each(LISTS)(
  'When a page of %s is read, in any order, then few rows are looked at',
  async (_what, scope, filter) => {
    for (const order of ORDERS) {
      const request = { order, limit: 50 };
      const { rows, next } = await listEnrollments(owner, scope, filter, request);
      const pages = [request, ...(next ? [{ ...request, after: next }] : [])];
      for (const page of pages) {
        const plan = await planOf(pageStatement(scope, filter, page));
        expect(scans(plan).map((node) => node['Node Type'])).not.toContain('Seq Scan');
        expect(lookedAt(plan)).toBeLessThan(400);
      }
      expect(rows.length).toBeLessThanOrEqual(50);
    }
  },
);

test.each(LISTS)(
  'When %s are read page by page, then they are those that a plain query finds, in order',
  async (_what, scope, filter) => {
    for (const order of ORDERS) {
      const paged: string[] = [];
      let after: Position | undefined;
      do {
        const { rows, next } = await listEnrollments(owner, scope, filter, { order, limit: 7, after });
        paged.push(...rows.map(({ enrollmentId }) => enrollmentId));
        after = next ?? undefined;
      } while (after && paged.length < 30);
      const plain = (await plainRows()).filter((row) => isIn(row, scope, filter)).sort(inOrder(order));
      expect(paged).toEqual(plain.slice(0, paged.length).map(({ id }) => id));
      expect([after !== undefined, await countEnrollments(owner, scope, filter)]).toEqual([
        plain.length > paged.length,
        plain.length,
      ]);
    }
  },
);

test('When enrollments are counted by status, then an index is read and no table', async () => {
  const counts = await countByStatus(owner, kno, { programId: 'p1' });
  const plain = (await plainRows()).filter((row) => isIn(row, kno, { programId: 'p1' }));
  expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(plain.length);
  for (const { status, count } of counts)
    expect([status, count]).toEqual([status, plain.filter((row) => row.status === status).length]);
  for (const scope of [all, large, kno]) {
    for (const filter of [{}, { programId: 'p1' }]) {
      const plan = await planOf(countStatement(scope, filter));
      expect([scope, filter, scans(plan).map((node) => node['Node Type'])]).toEqual([
        scope,
        filter,
        ['Index Only Scan'],
      ]);
    }
  }
});

interface PlainRow {
  id: string;
  program: string;
  brand: string;
  owner: string;
  partner: string;
  status: string;
  month: string;
  waiting: string[];
  reasons: string[];
  createdAt: number;
  updatedAt: number;
}

let plain: PlainRow[] | undefined;
async function plainRows(): Promise<PlainRow[]> {
  plain ??= (
    await owner.query<PlainRow>(
      `select enrollment_id as id, program_id as program, brand_key as brand, owner, survey_partner as partner, status,
              calculation_month as month, waiting_for as waiting, reason_codes as reasons,
              extract(epoch from created_at)::float8 * 1000 as "createdAt",
              extract(epoch from updated_at)::float8 * 1000 as "updatedAt"
         from enrollment`,
    )
  ).rows;
  return plain;
}

function isIn(row: PlainRow, scope: Scope, filter: EnrollmentFilter): boolean {
  if (scope.kind === 'owner' && row.owner !== scope.owner) return false;
  if (scope.kind === 'partner' && row.partner !== scope.surveyPartner) return false;
  const { programId, statuses, waitingFor, surveyPartner, calculationMonth, brandKey, reasonCode } = filter;
  const { updatedSince = 0 } = filter;
  return (
    (programId ?? row.program) === row.program &&
    (!statuses || (statuses as string[]).includes(row.status)) &&
    (waitingFor === undefined || row.waiting.includes(waitingFor)) &&
    (surveyPartner ?? row.partner) === row.partner &&
    (calculationMonth ?? row.month) === row.month &&
    (brandKey ?? row.brand) === row.brand &&
    (reasonCode === undefined || row.reasons.includes(reasonCode)) &&
    row.updatedAt >= updatedSince
  );
}

function inOrder({ by, descending }: ListOrder) {
  return (one: PlainRow, other: PlainRow) => {
    const ascending = one[by] - other[by] || (one.id < other.id ? -1 : 1);
    return descending ? -ascending : ascending;
  };
}
