/**
 * Pages and counts of enrollments; the scope is in every WHERE. A page is read along indexes, from a position on, so that
 * what comes in elsewhere does not shift it.
 *
 * PostgreSQL cannot know that status and age go together, and would look for the newest paid enrollment by reading all that
 * came after it. So each status is read by itself, in order, and these are merged; there is no index of all by age.
 */
import {
  STATUSES,
  statusesThatWaitFor,
  type Awaited,
  type EnrollmentStatus,
  type Waitee,
} from '../program/status';
import { inScope, ROW, WITH_SUBMISSION, type EnrollmentRow, type Scope } from './enrollments';
import { instant, microseconds, type Page, type PageRequest } from './pages';
import { firstRow, type Queryable } from './pool';

export interface EnrollmentFilter {
  programId?: string | undefined;
  /** Any of them. */
  statuses?: readonly EnrollmentStatus[] | undefined;
  /** A party, or what is waited for. */
  waitingFor?: Waitee | Awaited | undefined;
  surveyPartner?: string | undefined;
  calculationMonth?: string | undefined;
  brandKey?: string | undefined;
  reasonCode?: string | undefined;
  /** Epoch ms, real time. */
  updatedSince?: number | undefined;
}

export interface ListOrder {
  by: 'createdAt' | 'updatedAt';
  descending: boolean;
}

export interface OrderedPageRequest extends PageRequest {
  order: ListOrder;
}

export async function listEnrollments(
  db: Queryable,
  scope: Scope,
  filter: EnrollmentFilter,
  page: OrderedPageRequest,
): Promise<Page<EnrollmentRow>> {
  if (statusesOf(filter).length === 0) return { rows: [], next: null };
  const { text, values } = pageStatement(scope, filter, page);
  const found = (await db.query(text, values)).rows as (EnrollmentRow & { at: string })[];
  const rows = found.slice(0, page.limit);
  const last = found.length > page.limit ? rows.at(-1) : undefined;
  return { rows, next: last ? { at: last.at, id: last.enrollmentId } : null };
}

export async function countEnrollments(
  db: Queryable,
  scope: Scope,
  filter: EnrollmentFilter,
): Promise<number> {
  const { where, values } = conditions(scope, filter);
  const result = await db.query(`select count(*)::int as total from enrollment e where ${where}`, values);
  return firstRow<{ total: number }>(result)!.total;
}

export async function countByStatus(
  db: Queryable,
  scope: Scope,
  filter: Pick<EnrollmentFilter, 'programId'>,
): Promise<{ status: string; count: number }[]> {
  const { text, values } = countStatement(scope, filter);
  return (await db.query(text, values)).rows as { status: string; count: number }[];
}

export function countStatement(
  scope: Scope,
  filter: Pick<EnrollmentFilter, 'programId'>,
): { text: string; values: unknown[] } {
  const { where, values } = conditions(scope, filter);
  const text = `select e.status, count(*)::int as count from enrollment e where ${where} group by e.status`;
  return { text, values };
}

/** One row more than the page has, to know whether another page follows. */
export function pageStatement(
  scope: Scope,
  filter: EnrollmentFilter,
  { order, limit, after }: OrderedPageRequest,
): { text: string; values: unknown[] } {
  const { where, values } = conditions(scope, { ...filter, statuses: undefined });
  const parameter = (value: unknown) => `$${values.push(value)}`;
  const column = order.by === 'createdAt' ? 'created_at' : 'updated_at';
  const direction = order.descending ? 'desc' : 'asc';
  const atMost = parameter(limit + 1);
  const behind = after
    ? ` and (e.${column}, e.enrollment_id) ${order.descending ? '<' : '>'} (${instant(parameter(after.at), 'microsecond')}, ${parameter(after.id)})`
    : '';
  const found = (condition: string) =>
    `select e.enrollment_id, e.${column} as at from enrollment e where ${where}${behind} and ${condition}`;
  const inOrder = `order by at ${direction}, enrollment_id ${direction} limit ${atMost}`;
  const sources = isNarrow(filter)
    ? // Found first and then put in order: "offset 0" keeps PostgreSQL from reading along the order in search of a few.
      [`${found(`e.status = any(${parameter(statusesOf(filter))})`)} offset 0`]
    : statusesOf(filter).map((status) => `${found(`e.status = ${parameter(status)}`)} ${inOrder}`);
  const text = `select ${ROW}, ${microseconds('page.at')} as at
    from (select * from (${sources.map((source) => `(${source})`).join(' union all ')}) source ${inOrder}) page
      join enrollment e on e.enrollment_id = page.enrollment_id
      ${WITH_SUBMISSION}
    order by page.at ${direction}, page.enrollment_id ${direction}`;
  return { text, values };
}

/** Few enrollments have it, wherever they stand in the order. */
function isNarrow({ brandKey, reasonCode, waitingFor }: EnrollmentFilter): boolean {
  return (
    brandKey !== undefined || reasonCode !== undefined || (waitingFor !== undefined && !isUsual(waitingFor))
  );
}

/** Most enrollments of the statuses that can wait for it do; the other waits are exceptions, such as a hold. */
function isUsual(word: Waitee | Awaited): boolean {
  return USUAL.includes(word);
}

const USUAL: readonly (Waitee | Awaited)[] = [
  'advertiser',
  'partner',
  'approver',
  'service',
  'partner_confirmation',
  'questionnaire',
  'calculation_date',
  'calculation',
  'approval',
  'payout_date',
  'payout',
  'payout_outcome',
];

/** Where it makes sense to look. */
function statusesOf({ statuses = STATUSES, waitingFor }: EnrollmentFilter): readonly EnrollmentStatus[] {
  if (waitingFor === undefined) return statuses;
  const waiting = statusesThatWaitFor(waitingFor);
  return statuses.filter((status) => waiting.includes(status));
}

function conditions(scope: Scope, filter: EnrollmentFilter): { where: string; values: unknown[] } {
  const visible = inScope(scope, 1);
  const values: unknown[] = [...visible.values];
  const clauses = [visible.sql];
  const require = (value: unknown, condition: (parameter: string) => string) => {
    if (value !== undefined) clauses.push(condition(`$${values.push(value)}`));
  };
  require(filter.programId, (id) => `e.program_id = ${id}`);
  require(filter.statuses, (statuses) => `e.status = any(${statuses})`);
  // The index of words is of use for exceptions only; "any" does without it.
  require(filter.waitingFor, (word) =>
    isUsual(filter.waitingFor!) ? `${word} = any(e.waiting_for)` : `e.waiting_for @> array[${word}]`);
  require(filter.surveyPartner, (partner) => `e.survey_partner = ${partner}`);
  require(filter.calculationMonth, (month) => `e.calculation_month = ${month}`);
  require(filter.brandKey, (brand) => `e.brand_key = ${brand}`);
  require(filter.reasonCode, (code) => `e.reason_codes @> array[${code}]`);
  require(filter.updatedSince, (since) => `e.updated_at >= ${instant(since, 'millisecond')}`);
  return { where: clauses.join(' and '), values };
}
