/** The status of an enrollment and whom it waits for: pure functions of its facts. */
import type { EndStatus, EnrollmentState } from './enrollmentState';
import type { ReasonCode } from './reasonCodes';

export type EnrollmentStatus =
  | 'verifying'
  | 'action_required'
  | 'measuring'
  | 'calculating'
  | 'awaiting_approval'
  | 'awaiting_budget'
  | 'scheduled'
  | 'paying'
  | 'payout_unknown'
  | EndStatus;

export type Waitee = 'advertiser' | 'partner' | 'approver' | 'operator' | 'service';

export type Awaited =
  | 'advertiser_id_correction'
  | 'other_ad_account'
  | 'data_sharing_authorization'
  | 'questionnaire'
  | 'partner_confirmation'
  | 'advertiser_look_up'
  | 'calculation_date'
  | 'calculation'
  | 'payout_date'
  | 'payout'
  | 'payout_outcome'
  | 'refused_payout';

/** Who must do what by when (epoch ms, program clock; null: no date). */
export interface Waiting {
  who: Waitee;
  what: Awaited;
  by: number | null;
}

/** A requirement of the program page that is not met (yet). */
export interface OpenCriterion {
  who: Waitee;
  what: Awaited;
  /** Why the enrollment is closed if this is still so on the calculation date. */
  reasonCode: ReasonCode;
  /** Something is wrong that only the advertiser can mend; otherwise it is simply not done yet. */
  actionRequired: boolean;
}

/** Whether the recorded confirmation attests the submission as it is now (program page, 3: "confirm with the partner"). */
export function confirmationStands(state: EnrollmentState): boolean {
  const { confirmation, submission } = state;
  return (
    confirmation?.submissionId === submission.id && confirmation.advertiserId === submission.advertiserId
  );
}

/** All requirements that are not met, in the order of the program page. */
export function openCriteria(state: EnrollmentState): OpenCriterion[] {
  const open: OpenCriterion[] = [];
  if (!state.submission.dataSharingAuthorized) {
    open.push({
      who: 'advertiser',
      what: 'data_sharing_authorization',
      reasonCode: 'DATA_SHARING_NOT_AUTHORIZED',
      actionRequired: true,
    });
  }
  if (!confirmationStands(state)) {
    open.push({
      who: 'partner',
      what: 'partner_confirmation',
      reasonCode: 'SUBSCRIPTION_NOT_CONFIRMED',
      actionRequired: false,
    });
  }
  const account = openAccountCriterion(state);
  if (account) open.push(account);
  if (!state.questionnaire) {
    open.push({
      who: 'advertiser',
      what: 'questionnaire',
      reasonCode: 'QUESTIONNAIRE_OVERDUE',
      actionRequired: false,
    });
  }
  return open;
}

function openAccountCriterion({ lookUp }: EnrollmentState): OpenCriterion | undefined {
  switch (lookUp.state) {
    case 'pending':
      return {
        who: 'service',
        what: 'advertiser_look_up',
        reasonCode: 'ADVERTISER_NOT_LOCATABLE',
        actionRequired: false,
      };
    case 'not_located':
      return {
        who: 'advertiser',
        what: 'advertiser_id_correction',
        reasonCode: 'ADVERTISER_NOT_LOCATABLE',
        actionRequired: true,
      };
    case 'located': {
      const reasonCode =
        lookUp.account.status === 'active'
          ? lookUp.region === null
            ? 'REGION_NOT_ELIGIBLE'
            : undefined
          : 'ADVERTISER_SUSPENDED';
      return reasonCode && { who: 'advertiser', what: 'other_ad_account', reasonCode, actionRequired: true };
    }
  }
}

export function statusOf(state: EnrollmentState): EnrollmentStatus {
  if (state.ending) return state.ending.status;
  switch (state.stage) {
    case 'collecting': {
      const open = openCriteria(state);
      if (open.some((criterion) => criterion.actionRequired)) return 'action_required';
      return open.length === 0 ? 'measuring' : 'verifying';
    }
    case 'calculating':
      return 'calculating';
    case 'scheduled':
      return 'scheduled';
    case 'paying':
      return state.payout?.state === 'unknown' ? 'payout_unknown' : 'paying';
    case 'closed':
      throw new Error('A closed enrollment has an ending.');
  }
}

/** Whom and what the enrollment waits for now; empty once it has ended. */
export function waitingFor(state: EnrollmentState): Waiting[] {
  const { calculationAt, payoutAt } = state.period;
  switch (state.stage) {
    case 'collecting': {
      const open = openCriteria(state);
      if (open.length === 0) return [{ who: 'service', what: 'calculation_date', by: calculationAt }];
      return open.map(({ who, what }) => ({ who, what, by: calculationAt }));
    }
    case 'calculating':
      return [{ who: 'service', what: 'calculation', by: null }];
    case 'scheduled':
      return [{ who: 'service', what: 'payout_date', by: payoutAt }];
    case 'paying':
      if (state.payout?.state === 'refused') return [{ who: 'operator', what: 'refused_payout', by: null }];
      if (state.payout?.state === 'unknown') return [{ who: 'service', what: 'payout_outcome', by: null }];
      return [{ who: 'service', what: 'payout', by: null }];
    case 'closed':
      return [];
  }
}
