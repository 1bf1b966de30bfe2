/** Who did or tried what, page by page. */
import { readAudit, readServiceAudit, type AuditPage, type AuditRow } from '../../database/audit';
import { scopeOf, type Principal } from '../authentication';
import type { ApiContext } from '../context';
import { readEnrollment } from './readEnrollment';

export interface AuditEntries {
  rows: AuditRow[];
  /** The position after which the next page begins; null on the last. */
  next: number | null;
}

/** Throws a 404 unless the enrollment is in the key's scope. */
export async function auditOfEnrollment(
  context: ApiContext,
  principal: Principal,
  enrollmentId: string,
  page: AuditPage,
): Promise<AuditEntries> {
  await readEnrollment(context, principal, enrollmentId);
  const rows = await readAudit(context.database.pool, scopeOf(principal), enrollmentId, page);
  return entriesOf(rows, page);
}

/** Of all that belongs to no enrollment. */
export async function auditOfService({ database }: ApiContext, page: AuditPage): Promise<AuditEntries> {
  return entriesOf(await readServiceAudit(database.pool, page), page);
}

function entriesOf(rows: AuditRow[], { limit }: AuditPage): AuditEntries {
  return { rows, next: rows.length === limit ? rows.at(-1)!.position : null };
}
