/**
 * Who may do what: the one table. An operation without a line here does not compile as a route, and a role that a line does
 * not name is refused. What a role sees of others' enrollments is its scope (authentication.ts).
 */
import type { Principal } from './authentication';

export type Role = Principal['role'];

/** Callers and partners see their own; the others see all. */
const EVERYBODY = ['caller', 'partner', 'admin', 'approver', 'operator', 'auditor'] as const;
const STAFF = ['admin', 'approver', 'operator', 'auditor'] as const;

export const POLICY = {
  createEnrollment: ['caller', 'admin'],
  listEnrollments: EVERYBODY,
  countEnrollments: EVERYBODY,
  getEnrollment: EVERYBODY,
  getCreditStatement: ['caller', ...STAFF],
  getExplanation: EVERYBODY,
  getTimeline: EVERYBODY,
  resubmit: ['caller', 'admin'],
  confirmPartner: ['partner', 'admin'],
  rejectPartner: ['partner', 'admin'],
  completeQuestionnaire: ['caller', 'admin'],
  reopenQuestionnaire: ['admin'],
  getDeferral: EVERYBODY,
  defer: ['partner', 'admin'],
  hold: ['admin'],
  release: ['admin'],
  waive: ['admin'],
  decideApproval: ['approver'],
  withdraw: ['caller', 'admin'],
  permitNewEnrollment: ['admin'],
  restart: ['admin'],
  listPrograms: EVERYBODY,
  getProgram: EVERYBODY,
  getCalendar: EVERYBODY,
  getClock: EVERYBODY,
  estimateCredit: EVERYBODY,
  listProgramRevisions: STAFF,
  getProgramRevision: STAFF,
  publishRevision: ['admin'],
  adjustClock: ['admin'],
  listAttention: STAFF,
  dismissAttention: ['admin', 'operator'],
} as const satisfies Record<string, readonly Role[]>;

export type OperationId = keyof typeof POLICY;

export function rolesOf(operation: OperationId): readonly Role[] {
  return POLICY[operation];
}
