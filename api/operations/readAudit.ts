/** Who did or tried what, page by page. */
import { readAudit, SERVICE_CHAIN, type AuditRow } from '../../database/audit';
import type { Principal } from '../authentication';
import type { ApiContext } from '../context';
import { readEnrollment } from './readEnrollment';

export interface AuditPage {
  rows: AuditRow[];
  /** The position after which the next page begins; null on the last. */
  next: number | null;
}

interface PageQuery {
  limit: number;
  after: number;
}

/** Throws a 404 unless the enrollment is in the key's scope. */
export async function auditOfEnrollment(
  context: ApiContext,
  principal: Principal,
  enrollmentId: string,
  query: PageQuery,
): Promise<AuditPage> {
  await readEnrollment(context, principal, enrollmentId);
  return pageOf(await readAudit(context.database.pool, enrollmentId, query), query);
}

/** Of all that belongs to no enrollment. */
export async function auditOfService({ database }: ApiContext, query: PageQuery): Promise<AuditPage> {
  return pageOf(await readAudit(database.pool, SERVICE_CHAIN, query), query);
}

function pageOf(rows: AuditRow[], { limit }: PageQuery): AuditPage {
  return { rows, next: rows.length === limit ? rows.at(-1)!.position : null };
}
