/**
 * The contract of the enrollment workflow: its start input and every message that it takes.
 *
 * Vocabulary: a *fact* is something that happened outside and is reported once (a confirmation, a completed
 * questionnaire); a *message* reports a fact or asks for a move. Each message exists as an Update (for programs: the
 * sender gets an answer) and, where operators need it, as a Signal of the same name (for Temporal UI and the command
 * line: `{"month":"2023-12"}` is a complete deferral). `messageId` is applied once, whatever way it comes.
 *
 * Nothing here may hold personal data or free text: histories carry ids, enums, dates, amounts and reason codes.
 */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Projection } from '../activities/types';
import type { ProgramClock } from '../program/clock';
import type {
  Actor,
  EndStatus,
  EnrollmentState,
  OpeningFacts,
  PartnerCriterion,
  SubmissionFacts,
} from '../program/enrollmentState';
import type { ReasonCode } from '../program/reasonCodes';

/** The names under which the workflows are registered. */
export const ENROLLMENT_WORKFLOW = 'enrollment';
export const COMPARISON_WORKFLOW = 'comparison';

export interface EnrollmentInput extends OpeningFacts {
  version: 1;
  clock: ProgramClock;
  /** Task queue of `pay` and `settle`. */
  payoutTaskQueue: string;
  /** From what it goes on: when its history grew long, or when an admin has restarted it. */
  resumed?: Resumed;
}

/** All that an earlier run knew; of a workflow that was stopped, what the read model held. */
export interface Resumed {
  state: EnrollmentState;
  /** Entries go on counting from here. */
  sequence: number;
  /** Messages and decisions that count already. */
  applied: string[];
  /** Entries that the read model may not hold yet. */
  unwritten: Projection['events'];
  /** Reports of what was known already. */
  repeated: number;
  /** Null if it went on by itself. */
  restartedBy: Actor | null;
}

/** How an enrollment ended: a result, not a failure. */
export interface EnrollmentResult {
  status: EndStatus;
  reasonCodes: ReasonCode[];
  /** The same in sentences. */
  text: string;
  amountMinor: number | null;
  currency: string | null;
  payoutKey: string | null;
}

/** With all that happened in this run; earlier entries are known to the run from which it continued. */
export interface WholeProjection extends Projection {
  continuedFrom: string | null;
}

/** What every message says besides its content. */
export interface Message {
  version: 1;
  messageId: string;
  actor: Actor;
}

export interface ResubmitMessage extends Message {
  submission: SubmissionFacts;
}

/** What the survey partner says of criteria 1 to 3. */
export interface PartnerWordMessage extends Message {
  /** The ad account of which it speaks; another one than the current submission's is refused. */
  advertiserId: string;
  /** The submission of which it speaks, as the sender saw it; another one than the current is refused. */
  submissionId?: string;
  /** All three if it names none. */
  criteria?: PartnerCriterion[];
}

export interface ConfirmPartnerMessage extends PartnerWordMessage {
  /** When the partner said it, on the program's clock, if that was before the enrollment. */
  statedAt?: number;
}

export interface RejectPartnerMessage extends PartnerWordMessage {
  reasonCode: ReasonCode;
}

export interface ReopenQuestionnaireMessage extends Message {
  noteId: string | null;
}

export interface HoldMessage extends Message {
  reasonCode: ReasonCode;
  noteId: string | null;
}

export interface WithdrawMessage extends Message {
  noteId: string | null;
}

/** A message that waives a rule or lets money go: only the decision counts, which the process reads from PostgreSQL. */
export interface DecisionMessage extends Message {
  decisionId: string;
}

export interface CompleteQuestionnaireMessage extends Message {
  /** The row that holds the answers; null when an operator vouches for it in Temporal UI. */
  answersId: string | null;
}

export interface DeferMessage extends Message {
  /** The calculation month to move to, YYYY-MM. */
  month: string;
  /** When it was asked for, on the program's clock: a reset that applies it again judges it by that, too. */
  askedAt?: number;
  /** The survey partner on whose behalf it is asked for; refused if the enrollment has another one by now. */
  surveyPartner?: string;
}

/** Answer to every message: the state with this sequence number holds its effect. */
export interface MessageAnswer {
  sequence: number;
}

/** A message as an operator sends it: only what it says; sender, id and version are filled in. */
export type OperatorMessage<M extends Message> = Partial<Omit<M, 'actor'>>;

export const resubmit = defineUpdate<MessageAnswer, [ResubmitMessage]>('resubmit');
export const confirmPartner = defineUpdate<MessageAnswer, [ConfirmPartnerMessage]>('confirmPartner');
export const completeQuestionnaire = defineUpdate<MessageAnswer, [CompleteQuestionnaireMessage]>(
  'completeQuestionnaire',
);
export const defer = defineUpdate<MessageAnswer, [DeferMessage]>('defer');
export const rejectPartner = defineUpdate<MessageAnswer, [RejectPartnerMessage]>('rejectPartner');
export const reopenQuestionnaire = defineUpdate<MessageAnswer, [ReopenQuestionnaireMessage]>(
  'reopenQuestionnaire',
);
export const hold = defineUpdate<MessageAnswer, [HoldMessage]>('hold');
export const release = defineUpdate<MessageAnswer, [DecisionMessage]>('release');
export const waive = defineUpdate<MessageAnswer, [DecisionMessage]>('waive');
export const decideApproval = defineUpdate<MessageAnswer, [DecisionMessage]>('decideApproval');
export const withdraw = defineUpdate<MessageAnswer, [WithdrawMessage]>('withdraw');

export const confirmPartnerSignal = defineSignal<[OperatorMessage<ConfirmPartnerMessage>?]>('confirmPartner');
export const rejectPartnerSignal = defineSignal<[OperatorMessage<RejectPartnerMessage>?]>('rejectPartner');
export const holdSignal = defineSignal<[OperatorMessage<HoldMessage>?]>('hold');
export const completeQuestionnaireSignal =
  defineSignal<[OperatorMessage<CompleteQuestionnaireMessage>?]>('completeQuestionnaire');
export const deferSignal = defineSignal<[OperatorMessage<DeferMessage>?]>('defer');

/** "Look at the program's clock again": sent when a test clock was adjusted. */
export const wake = defineSignal('wake');

/** The facts as they are now; lists and reads come from PostgreSQL, this is for operators. */
export const enrollmentQuery = defineQuery<EnrollmentState>('enrollment');
/** What the read model should hold; the comparison repairs it by this. */
export const projectionQuery = defineQuery<WholeProjection>('projection');

/**
 * Types of the typed failures by which an Update is refused. The failure's message is a sentence for people; a refusal
 * for a program rule carries its reason code as type.
 */
export type RefusalType =
  | ReasonCode
  | 'ENROLLMENT_ENDED'
  | 'TRY_AGAIN'
  | 'INVALID_MESSAGE'
  /** The data are those that the enrollment has: not an error for whoever sent them. */
  | 'NOTHING_CHANGED'
  /** The same fact was reported so often that the history would overflow. */
  | 'REPEATED_TOO_OFTEN';

/** What operators can filter by in Temporal UI. They must exist before the first start (temporal/setup.ts). */
export const PROGRAM_ID = defineSearchAttributeKey('ProgramId', SearchAttributeType.KEYWORD);
export const SURVEY_PARTNER = defineSearchAttributeKey('SurveyPartner', SearchAttributeType.KEYWORD);
/** Written again on a move to another month. */
export const CALCULATION_MONTH = defineSearchAttributeKey('CalculationMonth', SearchAttributeType.KEYWORD);
/** Coarse: `open`, or a status that operators look for (journal.ts). */
export const ENROLLMENT_STATUS = defineSearchAttributeKey('EnrollmentStatus', SearchAttributeType.KEYWORD);
