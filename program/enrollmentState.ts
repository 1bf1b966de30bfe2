/**
 * What is known of one enrollment: facts only. Status, what is waited for and the sentences for people are pure
 * functions of it (status.ts, explain.ts), so they cannot disagree with it. It travels through Temporal, so it holds
 * ids, enums, dates, amounts and reason codes, never personal data. Instants are epoch milliseconds on the program's
 * clock.
 */
import type { AdAccount } from './adAccount';
import type { CriterionId } from './criteria';
import type { ApprovalOutcome } from './decision';
import type { Money } from './money';
import type { PayoutState } from './payout';
import type { ReasonCode } from './reasonCodes';
import type { ReminderSubject } from './reminders';

/** Roles of people and systems; `operator` is also whoever works in Temporal UI, `service` is this service itself. */
export type ActorRole = 'caller' | 'partner' | 'admin' | 'approver' | 'operator' | 'auditor' | 'service';

export interface Actor {
  role: ActorRole;
  /** A person or a system; for API callers the id of their key. */
  id: string;
}

/** What to do on the calculation date when a requirement is not met. */
export type MissingPolicy = { then: 'roll_on'; atMost: number } | { then: 'close' };

/** The excerpt of the pinned program revision that the process needs; the definition itself never enters a workflow. */
export interface EnrollmentTerms {
  missedFacts: MissingPolicy;
  noSpend: MissingPolicy;
  /** How many times partner or admin may defer. */
  maximumDeferrals: number;
  /** The payouts of one date begin within so many minutes. */
  payoutSpreadMinutes: number;
  /** Days after the start of a wait on which each party is reminded, ascending. */
  reminders: { advertiserDays: number[]; partnerDays: number[]; approverDays: number[] };
}

/** The part of a submission that the process needs; the rest of the form stays in PostgreSQL. */
export interface SubmissionFacts {
  id: string;
  advertiserId: string;
  surveyPartner: string;
  storePlatform: string;
  dataSharingAuthorized: boolean;
  /** Another contact has another id; the same contact keeps its own over all submissions. */
  contactId: string;
  /** The stored API key of the survey partner, if one was submitted; another key has another id. */
  partnerKeyId: string | null;
}

/** The span in which spend counts, and its instants, as computed outside the workflow and recorded. */
export interface PeriodFacts {
  /** The calculation month that names the period, YYYY-MM. */
  month: string;
  /** Calendar dates, both inclusive, in the ad account's time zone. */
  periodFrom: string;
  periodTo: string;
  calculationAt: number;
  /** YYYY-MM-DD, in the program's time zone. */
  payoutDate: string;
  payoutAt: number;
  /** Program revision whose calendar the period was taken from. */
  calendarRevision: number;
}

export type LookUpFacts =
  | { state: 'pending' }
  | {
      state: 'located';
      account: AdAccount;
      /** By the account's country; null if the program has none for it. */
      region: string | null;
      /** From which spend the brand counts as actively advertising; null if the region has no amounts in its currency. */
      minimumSpend: Money | null;
      at: number;
    }
  | { state: 'not_located'; at: number };

/** What the survey partner knows: criteria 1 to 3 of the program page. */
export type PartnerCriterion = 'subscription' | 'survey_template' | 'data_sharing';

/** The survey partner's word, or an admin's for it. It names what it attests and stands only while that is current. */
export interface PartnerStatement {
  outcome: 'confirmed' | 'rejected';
  /** Why it was rejected. */
  reasonCode: ReasonCode | null;
  submissionId: string;
  advertiserId: string;
  by: Actor;
  at: number;
}

/** What the submitted API key of a survey partner gave access to. */
export interface KeyCheckFacts {
  /** The stored key; a check of another one says nothing of this. */
  partnerKeyId: string;
  outcome: 'valid' | 'invalid';
  template: 'found' | 'not_found';
  at: number;
}

/** The decision of an admin that a criterion need not be met. */
export interface WaiverFacts {
  decisionId: string;
  by: Actor;
  at: number;
}

export interface CreditFacts {
  amountMinor: number;
  currency: string;
  spendMinor: number;
  region: string;
  statementId: string;
}

/** The payout row's word: after a reset the process may have computed another credit than the one that was sent. */
export interface PayoutFacts {
  key: string;
  state: PayoutState;
  railPaymentId: string | null;
  amountMinor: number;
  currency: string;
  statementId: string;
}

export type EndStatus = 'paid' | 'ineligible' | 'withdrawn' | 'rejected';

export interface Ending {
  status: EndStatus;
  reasonCodes: ReasonCode[];
  at: number;
}

/** Where the process stands on its way; facts may arrive only while `collecting`. */
export type Stage = 'collecting' | 'calculating' | 'approving' | 'scheduled' | 'paying' | 'closed';

/** Why a second person has to look at a credit. */
export type ApprovalCause = 'above_threshold' | 'changed_after_confirmation';

export interface ApprovalFacts {
  /** What the approver decides on; a credit that is computed again needs a decision of its own. */
  statementId: string;
  causes: ApprovalCause[];
  since: number;
  /** Null while an approver is waited for. */
  decided: {
    outcome: ApprovalOutcome;
    decisionId: string;
    by: Actor;
    reasonCode: ReasonCode | null;
  } | null;
}

export interface EnrollmentState {
  enrollmentId: string;
  programId: string;
  /** The revision whose terms hold for this enrollment. */
  programRevision: number;
  terms: EnrollmentTerms;
  submission: SubmissionFacts;
  /** The day of enrollment in the program's time zone, YYYY-MM-DD. */
  enrolledOn: string;
  period: PeriodFacts;
  lookUp: LookUpFacts;
  partnerStatements: Partial<Record<PartnerCriterion, PartnerStatement>>;
  keyCheck: KeyCheckFacts | null;
  waivers: Partial<Record<CriterionId, WaiverFacts>>;
  questionnaire: { answersId: string | null; by: Actor; at: number } | null;
  /** The months that partner or admin deferred from, oldest first; an admin may go back to one of them. */
  deferredFrom: string[];
  /** Moves that the missed-facts or no-spend policy made. */
  rollOns: number;
  stage: Stage;
  credit: CreditFacts | null;
  /** Null while no approval is or was needed. */
  approval: ApprovalFacts | null;
  /** For which the survey partner, its key or a waiver vouched first: another one later needs an approver. */
  firstConfirmed: Pick<SubmissionFacts, 'advertiserId' | 'contactId'> | null;
  /** Ids of all who changed what a credit depends on: none of them can approve it. */
  makers: string[];
  payout: PayoutFacts | null;
  /** `id` is that of the message by which it came, or changed: a release names it. */
  onHold: { id: string; since: number; reasonCode: ReasonCode } | null;
  ending: Ending | null;
  /** What somebody is waited for since when, and how often they were reminded of it (reminders.ts). */
  pending: Partial<Record<ReminderSubject, { since: number; reminded: number }>>;
  /** A message that could not be used, shown to operators: Signals have no answer. */
  lastRefusal: { message: string; reason: string; at: number } | null;
}

/** What is known when an enrollment is opened. */
export type OpeningFacts = Pick<
  EnrollmentState,
  | 'enrollmentId'
  | 'programId'
  | 'programRevision'
  | 'terms'
  | 'submission'
  | 'enrolledOn'
  | 'period'
  /** Who sent the form. */
  | 'makers'
>;

export function openedState(opened: OpeningFacts): EnrollmentState {
  const { enrollmentId, programId, programRevision, terms, submission, enrolledOn, period, makers } = opened;
  return {
    enrollmentId,
    programId,
    programRevision,
    terms,
    submission: { ...submission },
    enrolledOn,
    period: { ...period },
    lookUp: { state: 'pending' },
    partnerStatements: {},
    keyCheck: null,
    waivers: {},
    questionnaire: null,
    deferredFrom: [],
    rollOns: 0,
    stage: 'collecting',
    credit: null,
    approval: null,
    firstConfirmed: null,
    makers: [...makers],
    payout: null,
    onHold: null,
    ending: null,
    pending: {},
    lastRefusal: null,
  };
}
