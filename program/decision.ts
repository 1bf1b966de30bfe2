/**
 * Decisions of people that release money or waive a rule. The API writes a row; the message to the workflow carries its
 * id only, and the workflow reads the row before it acts: a forged message finds none and changes nothing.
 */
import type { CriterionId } from './criteria';
import type { Actor, EnrollmentState } from './enrollmentState';
import type { ReasonCode } from './reasonCodes';

/** What an admin may waive: what parties do or say, never what the ad platform knows or what was spent. */
export const WAIVABLE = [
  'subscription',
  'survey_template',
  'data_sharing',
  'questionnaire',
] as const satisfies readonly CriterionId[];
export type WaivableCriterion = (typeof WAIVABLE)[number];

export const APPROVAL_OUTCOMES = ['approve', 'reject', 'send_back'] as const;
export type ApprovalOutcome = (typeof APPROVAL_OUTCOMES)[number];

/** The reason codes that fit what people say and decide. */
export const REASONS_FOR = {
  partner_rejection: [
    'PARTNER_REJECTED',
    'SUBSCRIPTION_NOT_CONFIRMED',
    'API_KEY_INVALID',
    'TEMPLATE_NOT_FOUND',
    'DATA_SHARING_NOT_AUTHORIZED',
  ],
  hold: ['FRAUD_REVIEW', 'POSSIBLE_DUPLICATE'],
  waiver: [
    'PARTNER_REJECTED',
    'SUBSCRIPTION_NOT_CONFIRMED',
    'API_KEY_INVALID',
    'TEMPLATE_NOT_FOUND',
    'DATA_SHARING_NOT_AUTHORIZED',
    'QUESTIONNAIRE_OVERDUE',
  ],
  approval: ['FRAUD_REVIEW', 'POSSIBLE_DUPLICATE', 'AD_ACCOUNT_ALREADY_CREDITED', 'BUDGET_EXHAUSTED'],
} as const satisfies Record<string, readonly ReasonCode[]>;

/** What is decided. */
export type DecisionContent = {
  /** Why, from the one list; the note beside it stays in PostgreSQL. */
  reasonCode: ReasonCode | null;
} & (
  | { kind: 'waive'; criterion: WaivableCriterion }
  /** The hold that the admin has seen: one that came or changed since is not released by it. */
  | { kind: 'release'; hold: EnrollmentState['onHold'] }
  /** `statementId` is the credit that the approver has seen. */
  | { kind: 'approval'; outcome: ApprovalOutcome; statementId: string }
  /** Of an enrollment that has ended: its brand may enroll again. The workflow never reads it. */
  | { kind: 'new_enrollment' }
  /**
   * Of an open enrollment whose workflow was stopped: it goes on from its recorded facts, `lastKnown` if they are those of
   * PostgreSQL because the workflow could not be asked or knew less. Never read by the workflow.
   */
  | { kind: 'restart'; replacedWorkflowId: string; lastKnown: boolean }
  /** Of the personal data of an enrollment that has ended. Never read by the workflow. */
  | { kind: 'erasure' }
);

export type Decision = DecisionContent & { decisionId: string; enrollmentId: string; by: Actor };

export type DecisionKind = Decision['kind'];
