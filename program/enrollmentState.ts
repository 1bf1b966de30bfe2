/**
 * What is known of one enrollment: facts only. Status, what is waited for and the sentences for people are pure
 * functions of it (status.ts, explain.ts), so they cannot disagree with it. It travels through Temporal, so it holds
 * ids, enums, dates, amounts and reason codes, never personal data. Instants are epoch milliseconds on the program's
 * clock.
 */
import type { AdAccount } from './adAccount';
import type { PayoutState } from './payout';
import type { ReasonCode } from './reasonCodes';

/** Roles of people and systems; `operator` is whoever works in Temporal UI, `service` is this service itself. */
export type ActorRole = 'caller' | 'partner' | 'admin' | 'approver' | 'operator' | 'service';

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
}

/** The part of a submission that the process needs; the rest of the form stays in PostgreSQL. */
export interface SubmissionFacts {
  id: string;
  advertiserId: string;
  surveyPartner: string;
  storePlatform: string;
  dataSharingAuthorized: boolean;
}

/** The span in which spend counts, and its instants, as computed outside the workflow and recorded. */
export interface PeriodFacts {
  /** The calculation month that names the period, YYYY-MM. */
  month: string;
  /** Calendar dates, both inclusive, in the ad account's time zone. */
  periodFrom: string;
  periodTo: string;
  calculationAt: number;
  payoutAt: number;
  /** Program revision whose calendar the period was taken from. */
  calendarRevision: number;
}

export type LookUpFacts =
  | { state: 'pending' }
  | { state: 'located'; account: AdAccount; region: string | null; at: number }
  | { state: 'not_located'; at: number };

/** A confirmation names what it attests; it stands only while that is the current submission. */
export interface ConfirmationFacts {
  submissionId: string;
  advertiserId: string;
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
export type Stage = 'collecting' | 'calculating' | 'scheduled' | 'paying' | 'closed';

export interface EnrollmentState {
  enrollmentId: string;
  programId: string;
  /** The revision whose terms hold for this enrollment. */
  programRevision: number;
  terms: EnrollmentTerms;
  submission: SubmissionFacts;
  period: PeriodFacts;
  lookUp: LookUpFacts;
  confirmation: ConfirmationFacts | null;
  questionnaire: { answersId: string | null; by: Actor; at: number } | null;
  /** The months that partner or admin deferred from, oldest first; an admin may go back to one of them. */
  deferredFrom: string[];
  /** Moves that the missed-facts or no-spend policy made. */
  rollOns: number;
  stage: Stage;
  credit: CreditFacts | null;
  payout: PayoutFacts | null;
  onHold: { since: number; reasonCode: ReasonCode } | null;
  ending: Ending | null;
  /** A message that could not be used, shown to operators: Signals have no answer. */
  lastRefusal: { message: string; reason: string; at: number } | null;
}

/** What is known when an enrollment is opened. */
export type OpeningFacts = Pick<
  EnrollmentState,
  'enrollmentId' | 'programId' | 'programRevision' | 'terms' | 'submission' | 'period'
>;

export function openedState(opened: OpeningFacts): EnrollmentState {
  const { enrollmentId, programId, programRevision, terms, submission, period } = opened;
  return {
    enrollmentId,
    programId,
    programRevision,
    terms,
    submission: { ...submission },
    period: { ...period },
    lookUp: { state: 'pending' },
    confirmation: null,
    questionnaire: null,
    deferredFrom: [],
    rollOns: 0,
    stage: 'collecting',
    credit: null,
    payout: null,
    onHold: null,
    ending: null,
    lastRefusal: null,
  };
}
