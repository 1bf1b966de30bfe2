/** Lists of enrollments, page by page, and how many there are of each status. */
import {
  countByStatus,
  countEnrollments,
  listEnrollments as readPage,
  type EnrollmentFilter,
  type ListOrder,
} from '../../database/enrollmentList';
import type { EnrollmentRow } from '../../database/enrollments';
import { STATUSES, type EnrollmentStatus } from '../../program/status';
import { scopeOf, type Principal } from '../authentication';
import type { ApiContext } from '../context';
import { pageOf, type CursorPage } from '../cursor';
import type { ExportQuery, ListQuery } from '../schemas';

export interface EnrollmentList extends CursorPage<EnrollmentRow> {
  /** Of all pages; only if it was asked for. */
  total?: number;
}

/** Throws a 400 for a cursor of another list. */
export async function listEnrollments(
  { database: { pool } }: ApiContext,
  principal: Principal,
  query: ListQuery,
): Promise<EnrollmentList> {
  const scope = scopeOf(principal);
  const filter = filterOf(query);
  const list = { scope, filter, sort: query.sort };
  const order = orderOf(query.sort);
  const [page, total] = await Promise.all([
    pageOf(list, query, (request) => readPage(pool, scope, filter, { ...request, order })),
    query.total ? countEnrollments(pool, scope, filter) : undefined,
  ]);
  return { ...page, ...(total !== undefined && { total }) };
}

export async function enrollmentCounts(
  { database }: ApiContext,
  principal: Principal,
  { program: programId }: { program?: string | undefined },
): Promise<{ total: number; statuses: Record<EnrollmentStatus, number> }> {
  const counts = await countByStatus(database.pool, scopeOf(principal), { programId });
  const countOf = (wanted: string) => counts.find(({ status }) => status === wanted)?.count ?? 0;
  return {
    total: counts.reduce((sum, { count }) => sum + count, 0),
    statuses: Object.fromEntries(STATUSES.map((status) => [status, countOf(status)])) as Record<
      EnrollmentStatus,
      number
    >,
  };
}

/** The filters of a list, or of an export. */
export function filterOf(query: ExportQuery): EnrollmentFilter {
  return {
    programId: query.program,
    // In any order it is the same list.
    statuses: query.status && [...new Set(query.status)].sort(),
    waitingFor: query.waitingFor,
    surveyPartner: query.partner,
    calculationMonth: query.month,
    brandKey: query.brandDomain,
    reasonCode: query.reasonCode,
    updatedSince: query.updatedSince === undefined ? undefined : Date.parse(query.updatedSince),
  };
}

function orderOf(sort: ListQuery['sort']): ListOrder {
  const descending = sort.startsWith('-');
  return { by: (descending ? sort.slice(1) : sort) as ListOrder['by'], descending };
}
