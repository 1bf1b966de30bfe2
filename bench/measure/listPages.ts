/** What is asked of lists, and what PostgreSQL may read for it: a few entries of indexes, however many enrollments there are. */
import type { Pool } from 'pg';
import {
  countStatement,
  listEnrollments,
  pageStatement,
  type EnrollmentFilter,
  type ListOrder,
} from '../../database/enrollmentList';
import type { Scope } from '../../database/enrollments';

export const PAGE = 50;
/** Rows of tables and entries of indexes for one page: each status is read by itself, and then they are merged. */
const LOOKED_AT_BELOW = 400;

export const ORDERS: readonly ListOrder[] = (['createdAt', 'updatedAt'] as const).flatMap((by) =>
  [true, false].map((descending) => ({ by, descending })),
);
const all: Scope = { kind: 'all' };
const large: Scope = { kind: 'owner', owner: 'large' };
const small: Scope = { kind: 'owner', owner: 'small' };
const kno: Scope = { kind: 'partner', surveyPartner: 'kno' };

/** Of the enrollments of manyEnrollments.ts. */
export const LISTS: readonly [name: string, Scope, EnrollmentFilter][] = [
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

export const COUNTS: readonly [name: string, Scope, Pick<EnrollmentFilter, 'programId'>][] = [
  ['all', all, {}],
  ['those of a program', all, { programId: 'p1' }],
  ['those of a caller', large, {}],
  ['those of a caller and a program', large, { programId: 'p1' }],
  ['those of a survey partner', kno, {}],
  ['those of a survey partner and a program', kno, { programId: 'p1' }],
];

interface PlanNode {
  'Node Type': string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: PlanNode[];
}

export interface Reading {
  /** The most of one statement. */
  lookedAt: number;
  /** One sentence for each bound that is broken. */
  broken: string[];
}

/** How the first and the second page are read, in every order. */
export async function readingOfList(db: Pool, scope: Scope, filter: EnrollmentFilter): Promise<Reading> {
  const readings: Reading[] = [];
  for (const order of ORDERS) {
    const first = { order, limit: PAGE };
    const { next } = await listEnrollments(db, scope, filter, first);
    for (const page of [first, ...(next ? [{ ...first, after: next }] : [])])
      readings.push(await readingOfPage(db, pageStatement(scope, filter, page)));
  }
  return {
    lookedAt: Math.max(...readings.map(({ lookedAt }) => lookedAt)),
    broken: [...new Set(readings.flatMap(({ broken }) => broken))],
  };
}

export async function readingOfPage(db: Pool, statement: Statement): Promise<Reading> {
  const scans = await scansOf(db, statement);
  const lookedAt = looksOf(scans);
  return {
    lookedAt,
    broken: [
      ...(scans.some((scan) => scan['Node Type'] === 'Seq Scan') ? ['a table is read from end to end'] : []),
      ...(lookedAt >= LOOKED_AT_BELOW
        ? [`${lookedAt} rows and entries are looked at, fewer than ${LOOKED_AT_BELOW} are allowed`]
        : []),
    ],
  };
}

/** Counts read one index and no table. */
export async function readingOfCounts(
  db: Pool,
  scope: Scope,
  filter: Pick<EnrollmentFilter, 'programId'>,
): Promise<Reading> {
  const scans = await scansOf(db, countStatement(scope, filter));
  const kinds = scans.map((scan) => scan['Node Type']).join(', ');
  return { lookedAt: looksOf(scans), broken: kinds === 'Index Only Scan' ? [] : [`read by ${kinds}`] };
}

interface Statement {
  text: string;
  values: unknown[];
}

/** The steps of its plan that read, with what they really did. */
async function scansOf(db: Pool, { text, values }: Statement): Promise<PlanNode[]> {
  const { rows } = await db.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    `explain (analyze, costs off, timing off, format json) ${text}`,
    values,
  );
  const steps = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(steps)];
  return steps(rows[0]!['QUERY PLAN'][0].Plan).filter((node) =>
    /^(Seq|Index|Bitmap) .*Scan|^Index Only/.test(node['Node Type']),
  );
}

function looksOf(scans: readonly PlanNode[]): number {
  const looks = scans
    .map((node) => {
      const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
      return (node['Actual Rows'] + removed) * node['Actual Loops'];
    })
    .reduce((sum, count) => sum + count, 0);
  // What several processes did side by side is told as their mean.
  return Math.round(looks);
}
