/** The audit, for those who look after others. */
import { readAudit, SERVICE_CHAIN, type AuditRow } from '../../database/audit';
import { auditPage } from '../answers';
import type { ApiContext } from '../context';
import { AUDIT } from '../examples/staff';
import { auditQuery } from '../schemas';
import { enrollmentOf, read, withExample, type Route } from './route';

export const auditRoutes: Route[] = [
  read({
    operationId: 'getAudit',
    path: '/v1/enrollments/{enrollmentId}/audit',
    tag: 'Staff',
    summary: 'Get who did or tried what to an enrollment, oldest first',
    query: auditQuery,
    answer: withExample(auditPage, AUDIT.ofEnrollment),
    async handle(context, call) {
      const { enrollmentId } = await enrollmentOf(context, call);
      return pageOf(context, enrollmentId, call.query);
    },
  }),
  read({
    operationId: 'getServiceAudit',
    path: '/v1/audit',
    tag: 'Staff',
    summary: 'Get who did or tried what that belongs to no enrollment, oldest first',
    query: auditQuery,
    answer: withExample(auditPage, AUDIT.ofService),
    handle: (context, { query }) => pageOf(context, SERVICE_CHAIN, query),
  }),
];

async function pageOf({ database }: ApiContext, chain: string, page: { limit: number; after: number }) {
  const rows = await readAudit(database.pool, chain, page);
  return { items: rows.map(present), next: rows.length === page.limit ? rows.at(-1)!.position : null };
}

function present({ at, status, code, about, messageId, ...entry }: AuditRow) {
  return {
    ...entry,
    at: at.toISOString(),
    status: status ?? null,
    code: code ?? null,
    about: about ?? {},
    messageId: messageId ?? null,
  };
}
