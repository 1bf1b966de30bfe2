/**
 * Who may do what: the one table. An operation without a line here does not compile as a route, and a role that a line does
 * not name is refused. What a role sees of others' enrollments is its scope (authentication.ts).
 */
import type { Principal } from './authentication';

export type Role = Principal['role'];

/** Callers and partners see their own; the others see all. */
const EVERYBODY = ['caller', 'partner', 'admin', 'approver', 'operator', 'auditor'] as const;
const SUBSCRIBERS = ['caller', 'partner', 'admin'] as const;
const STAFF = ['admin', 'approver', 'operator', 'auditor'] as const;
/** Who looks after the service itself, or checks on those who do. */
const OVERSEERS = ['admin', 'operator', 'auditor'] as const;

/** No role: what comes is authenticated by its signature (signedRequests.ts), and no key has a right to it. */
const SIGNATURE = 'signature';

export const POLICY = {
  createEnrollment: ['caller', 'admin'],
  importEnrollments: ['caller', 'admin'],
  listEnrollments: EVERYBODY,
  countEnrollments: EVERYBODY,
  exportEnrollments: EVERYBODY,
  getEnrollment: EVERYBODY,
  getCreditStatement: ['caller', ...STAFF],
  getExplanation: EVERYBODY,
  getTimeline: EVERYBODY,
  resubmit: ['caller', 'admin'],
  confirmPartner: ['partner', 'admin'],
  rejectPartner: ['partner', 'admin'],
  completeQuestionnaire: ['caller', 'admin'],
  reopenQuestionnaire: ['admin'],
  giveConfirmations: ['partner', 'admin'],
  giveDeferrals: ['partner', 'admin'],
  getBatch: EVERYBODY,
  getBatchItems: EVERYBODY,
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
  eraseEnrollment: ['admin'],
  eraseContact: ['admin'],
  getAudit: OVERSEERS,
  getServiceAudit: OVERSEERS,
  getProgramRevision: STAFF,
  publishRevision: ['admin'],
  adjustClock: ['admin'],
  listAttention: STAFF,
  dismissAttention: ['admin', 'operator'],
  createApiKey: ['admin'],
  listApiKeys: OVERSEERS,
  revokeApiKey: ['admin'],
  rotateApiKey: ['admin'],
  createWebhookSubscription: SUBSCRIBERS,
  listWebhookSubscriptions: ['caller', 'partner', ...OVERSEERS],
  getWebhookSubscription: ['caller', 'partner', ...OVERSEERS],
  deleteWebhookSubscription: SUBSCRIBERS,
  rotateWebhookSecret: SUBSCRIBERS,
  enableWebhookSubscription: SUBSCRIBERS,
  testWebhookSubscription: SUBSCRIBERS,
  listWebhookDeliveries: ['caller', 'partner', ...OVERSEERS],
  redeliverWebhook: SUBSCRIBERS,
  receivePartnerFact: SIGNATURE,
  createPartnerWebhookSecret: ['admin'],
  listPartnerWebhookSecrets: OVERSEERS,
  retirePartnerWebhookSecret: ['admin'],
} as const satisfies Record<string, readonly Role[] | typeof SIGNATURE>;

export type OperationId = keyof typeof POLICY;

export function rolesOf(operation: OperationId): readonly Role[] {
  const who = POLICY[operation];
  return who === SIGNATURE ? [] : who;
}

export function isSigned(operation: OperationId): boolean {
  return POLICY[operation] === SIGNATURE;
}

/**
 * What is there for keys `pps_test_`: operations that keep to programs on test clocks (`scopeOf`, `isProgramInScope`). All
 * others are 404 for them, also one that is forgotten here.
 */
const OPEN_TO_TEST_KEYS: readonly OperationId[] = [
  'createEnrollment',
  'importEnrollments',
  'listEnrollments',
  'getEnrollment',
  'getCreditStatement',
  'getTimeline',
  'countEnrollments',
  'exportEnrollments',
  'getExplanation',
  'giveConfirmations',
  'giveDeferrals',
  'getBatch',
  'getBatchItems',
  'getDeferral',
  'resubmit',
  'confirmPartner',
  'rejectPartner',
  'completeQuestionnaire',
  'reopenQuestionnaire',
  'defer',
  'hold',
  'release',
  'waive',
  'decideApproval',
  'withdraw',
  'permitNewEnrollment',
  'restart',
  'eraseEnrollment',
  'eraseContact',
  'getAudit',
  'listPrograms',
  'getProgram',
  'getCalendar',
  'getClock',
  'estimateCredit',
  'listProgramRevisions',
  'getProgramRevision',
  'adjustClock',
  'listAttention',
  'dismissAttention',
  'createWebhookSubscription',
  'listWebhookSubscriptions',
  'getWebhookSubscription',
  'deleteWebhookSubscription',
  'rotateWebhookSecret',
  'enableWebhookSubscription',
  'testWebhookSubscription',
  'listWebhookDeliveries',
  'redeliverWebhook',
];

export function mayUseTestKey(operation: OperationId): boolean {
  return OPEN_TO_TEST_KEYS.includes(operation);
}
