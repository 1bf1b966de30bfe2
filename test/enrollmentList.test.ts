/** Pages among very many enrollments: whatever is asked for, few rows are read. On the real database, without the service. */
import type { Pool } from 'pg';
import {
  COUNTS,
  LISTS,
  ORDERS,
  PAGE,
  readingOfCounts,
  readingOfList,
  readingOfPage,
} from '../bench/measure/listPages';
import { manyEnrollments, type ManyEnrollments } from '../bench/measure/manyEnrollments';
import {
  countByStatus,
  countEnrollments,
  listEnrollments,
  type EnrollmentFilter,
  type ListOrder,
} from '../database/enrollmentList';
import type { Position } from '../database/pages';
import type { Scope } from '../database/enrollments';
import { sharedServers } from './support/shared';

/** `npm run bench -- list` reads the same pages among a million. */
const ROWS = 40_000;
let many: ManyEnrollments;
let owner: Pool;

beforeAll(async () => {
  const { postgresAdminUrl, templateDatabase } = sharedServers();
  many = await manyEnrollments(postgresAdminUrl, ROWS, { template: templateDatabase });
  owner = many.db;
});
afterAll(() => many?.drop());

const kno: Scope = { kind: 'partner', surveyPartner: 'kno' };

test.each(LISTS)(
  'When a page of %s is read, in any order, then few rows are looked at',
  async (_what, scope, filter) => {
    expect((await readingOfList(owner, scope, filter)).broken).toEqual([]);
    for (const order of ORDERS) {
      const { rows } = await listEnrollments(owner, scope, filter, { order, limit: PAGE });
      expect(rows.length).toBeLessThanOrEqual(PAGE);
    }
  },
);

test.each([
  [
    'from end to end',
    `select from enrollment order by state->>'facts' limit $1`,
    ['a table is read from end to end', '40000 rows and entries are looked at, fewer than 400 are allowed'],
  ],
  [
    'along an index in search of a few',
    `select from enrollment where status = 'paid' and owner <> 'large' order by created_at limit $1`,
    [expect.stringMatching(/^\d{4,} rows and entries are looked at, fewer than 400 are allowed$/) as string],
  ],
])('When a page is read %s, then the bench says so', async (_how, text, broken) => {
  expect((await readingOfPage(owner, { text, values: [PAGE] })).broken).toEqual(broken);
});

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
  for (const [name, scope, filter] of COUNTS)
    expect([name, (await readingOfCounts(owner, scope, filter)).broken]).toEqual([name, []]);
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
