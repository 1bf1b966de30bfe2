/** The audit, for those who look after others. */
import type { AuditRow } from '../../database/audit';
import { auditPage } from '../answers';
import { AUDIT } from '../examples/staff';
import { auditOfEnrollment, auditOfService, type AuditEntries } from '../operations/readAudit';
import { auditQuery } from '../schemas';
import { idOf, read, withExample, type Route } from './route';

export const auditRoutes: Route[] = [
  read({
    operationId: 'getAudit',
    path: '/v1/enrollments/{enrollmentId}/audit',
    tag: 'Staff',
    summary: 'Get who did or tried what to an enrollment, oldest first',
    query: auditQuery,
    answer: withExample(auditPage, AUDIT.ofEnrollment),
    handle: async (context, { principal, params, query }) =>
      presentPage(await auditOfEnrollment(context, principal, idOf(params, 'enrollmentId'), query)),
  }),
  read({
    operationId: 'getServiceAudit',
    path: '/v1/audit',
    tag: 'Staff',
    summary: 'Get who did or tried what that belongs to no enrollment, oldest first',
    query: auditQuery,
    answer: withExample(auditPage, AUDIT.ofService),
    handle: async (context, { query }) => presentPage(await auditOfService(context, query)),
  }),
];

function presentPage({ rows, next }: AuditEntries) {
  return { items: rows.map(present), next };
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
