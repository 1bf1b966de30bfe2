/**
 * Decisions of people that release money or waive a rule. The API writes a row; the message to the workflow carries its
 * id only, and the workflow reads the row before it acts: a forged message finds none and changes nothing.
 */
import type { CriterionId } from './criteria';
import type { Actor } from './enrollmentState';
import type { ReasonCode } from './reasonCodes';

/** What an admin may waive: what parties do or say, never what the ad platform knows or what was spent. */
export const WAIVABLE = [
  'subscription',
  'survey_template',
  'data_sharing',
  'questionnaire',
] as const satisfies readonly CriterionId[];
export type WaivableCriterion = (typeof WAIVABLE)[number];

export type ApprovalOutcome = 'approve' | 'reject' | 'send_back';

export type Decision = {
  decisionId: string;
  enrollmentId: string;
  by: Actor;
  /** Why, from the one list; the note beside it stays in PostgreSQL. */
  reasonCode: ReasonCode | null;
} & (
  | { kind: 'waive'; criterion: WaivableCriterion }
  | { kind: 'release' }
  /** `statementId` is the credit that the approver has seen. */
  | { kind: 'approval'; outcome: ApprovalOutcome; statementId: string }
);

export type DecisionKind = Decision['kind'];
