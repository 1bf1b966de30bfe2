/**
 * What the process does to the world: the contract between the workflow and its activities. Inputs and outputs are
 * recorded in histories, so they hold ids, enums, dates and amounts only.
 */
import type { AdAccount } from '../program/adAccount';
import type { ProgramClock } from '../program/clock';
import type { Decision } from '../program/decision';
import type {
  CreditFacts,
  EnrollmentState,
  KeyCheckFacts,
  PayoutFacts,
  PeriodFacts,
} from '../program/enrollmentState';
import type { Money } from '../program/money';
import type { PayoutOutcome } from '../program/payout';
import type { ReasonCode } from '../program/reasonCodes';

/** One thing that happened, for the timeline. */
export interface TimelineEvent {
  /** Message id, or step and period: the same happening has the same key in every run. */
  key: string;
  type: string;
  /** Epoch ms on the program's clock. */
  at: number;
  actor: { role: string; id: string };
  /** Codes, ids, dates, amounts. */
  details: Record<string, string | number | boolean | null>;
}

export interface Projection {
  workflowId: string;
  runId: string;
  /** Epoch ms, as the run itself knows it (database/projection.ts). */
  runStartedAt: number;
  sequence: number;
  state: EnrollmentState;
  /** Happenings since the projection before, in order, each with the sequence that it belongs to. */
  events: (TimelineEvent & { sequence: number })[];
}

/** Short, idempotent work that runs inside a workflow task. */
export interface LocalActivities {
  /** Writes the read model; see database/enrollments.ts for the rules of replacement. */
  project(projection: Projection): Promise<void>;
  planPeriod(request: PlanRequest): Promise<PlanAnswer>;
  /** Null if there is none. */
  readDecision(decisionId: string): Promise<Decision | null>;
}

export interface PlanRequest {
  programId: string;
  /** The revision whose calendar holds: a deferral reads the latest, a new time zone the one already in use. */
  calendar: 'latest' | number;
  /** The day of enrollment in the program's time zone. */
  enrolledOn: string;
  /** Program time of the request. */
  at: number;
  /** The ad account's time zone; null while it is unknown. */
  timeZone: string | null;
  move:
    | { kind: 'same_month'; month: string }
    | { kind: 'defer'; fromMonth: string; month: string; allowEarlier: boolean }
    | { kind: 'roll_on'; fromMonth: string };
}

export type PlanAnswer = { ok: true; period: PeriodFacts } | { ok: false; reasonCode: ReasonCode };

export interface MainActivities {
  /** The same write as the local one, for as long as it takes. */
  project(projection: Projection): Promise<void>;
  readClock(programId: string): Promise<ProgramClock>;
  /**
   * Before an end without a payment: makes a frozen payout void. A credit that has been submitted is returned instead:
   * it cannot be taken back, so its payout has to be brought to its end.
   */
  cancelPayout(enrollmentId: string): Promise<CreditFacts | null>;
  planPeriod(request: PlanRequest): Promise<PlanAnswer>;
  lookUpAdvertiser(request: LookUpRequest): Promise<LookUpAnswer>;
  measure(request: MeasureRequest): Promise<Measurement>;
  /** Tries the submitted API key at the survey partner. */
  checkPartnerKey(request: KeyCheckRequest): Promise<KeyCheckAnswer>;
  /** What is left of a payout date that has passed, by the program's policy. */
  planPayout(request: PayoutPlanRequest): Promise<PayoutDate>;
}

export interface KeyCheckRequest {
  enrollmentId: string;
  programId: string;
  programRevision: number;
  surveyPartner: string;
  partnerKeyId: string;
}

export type KeyCheckAnswer = Pick<KeyCheckFacts, 'outcome' | 'template'>;

export interface PayoutPlanRequest {
  programId: string;
  programRevision: number;
  enrolledOn: string;
  period: PeriodFacts;
  /** Program time. */
  at: number;
}

export interface LookUpRequest {
  programId: string;
  programRevision: number;
  advertiserId: string;
  enrolledOn: string;
  /** The period whose end depends on the ad account's time zone. */
  month: string;
  calendarRevision: number;
}

export type LookUpAnswer =
  | {
      located: true;
      account: AdAccount;
      region: string | null;
      minimumSpend: Money | null;
      period: PeriodFacts;
    }
  | { located: false };

/** The day in the program's time zone, and its start (epoch ms, program clock). */
export type PayoutDate = Pick<PeriodFacts, 'payoutDate' | 'payoutAt'>;

export interface MeasureRequest {
  enrollmentId: string;
  programId: string;
  programRevision: number;
  advertiserId: string;
  surveyPartner: string;
  storePlatform: string;
  enrolledOn: string;
  period: PeriodFacts;
}

export type Measurement =
  | {
      outcome: 'credit';
      credit: CreditFacts;
      /** By the policy, if that of the period is past. */
      latePayout: PayoutDate | null;
      /** What the platform says of the account now. */
      lookUp: LookUpAnswer;
      /** Larger than what is paid without an approver. */
      aboveThreshold: boolean;
    }
  /** After a reset: the rail has been asked to pay it. */
  | { outcome: 'already_sent'; credit: CreditFacts }
  /** Spend or amount is nothing: by policy close or roll on. */
  | { outcome: 'no_credit'; reasonCode: ReasonCode; statementId: string; lookUp: LookUpAnswer }
  /** In the time zone that the account has by now, the period is not over, or its spend not settled. */
  | { outcome: 'too_early'; lookUp: LookUpAnswer }
  /** Looked up again, the ad account is gone, suspended, or not one that the program pays. */
  | { outcome: 'account_not_usable'; lookUp: LookUpAnswer };

/** The scheduled comparison of PostgreSQL with Temporal; its own work, not that of an enrollment. */
export interface ComparisonActivities {
  compare(request: ComparisonRequest): Promise<ComparisonResult>;
}

export interface ComparisonRequest {
  /** The enrollment after which to go on; null from the beginning. */
  after: string | null;
}

export interface ComparisonResult {
  compared: number;
  /** Read models that were behind and have been written. */
  repaired: number;
  /** Where the next one goes on; null when all open enrollments were seen. */
  after: string | null;
}

/** On a task queue of their own, with a rate. Neither is ever a local activity. */
export interface PayoutActivities {
  /** Freezes the request and calls the rail at most once, ever; says what is known of the outcome. */
  pay(request: PayRequest): Promise<PaymentAttempt>;
  /** Books what is known; an unclear outcome is looked up at the rail first. */
  settle(attempt: PaymentAttempt): Promise<PayoutFacts>;
}

export interface PaymentAttempt {
  payoutKey: string;
  outcome: PayoutOutcome;
}

export interface PayRequest {
  enrollmentId: string;
  programId: string;
  programRevision: number;
  advertiserId: string;
  amountMinor: number;
  currency: string;
  statementId: string;
}
