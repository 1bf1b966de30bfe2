/** The status of an enrollment and whom it waits for: pure functions of its facts. */
import { criteriaOf, openNeeds } from './criteria';
import type { EnrollmentState } from './enrollmentState';
import { payoutBeginsAt } from './payoutSpread';
import type { ReasonCode } from './reasonCodes';

export const STATUSES = [
  'verifying',
  'action_required',
  'measuring',
  'calculating',
  'awaiting_approval',
  'awaiting_budget',
  'scheduled',
  'paying',
  'payout_unknown',
  'paid',
  'ineligible',
  'withdrawn',
  'rejected',
] as const;
export type EnrollmentStatus = (typeof STATUSES)[number];

export const WAITEES = ['advertiser', 'partner', 'admin', 'approver', 'operator', 'service'] as const;
export type Waitee = (typeof WAITEES)[number];

/** None of these words is a party. */
export const AWAITED = [
  'partner_confirmation',
  'partner_key_check',
  'valid_api_key',
  'survey_template',
  'partner_objection',
  'data_sharing_authorization',
  'questionnaire',
  'advertiser_look_up',
  'advertiser_id_correction',
  'other_ad_account',
  'calculation_date',
  'release',
  'calculation',
  'approval',
  'payout_date',
  'payout',
  'payout_outcome',
  'refused_payout',
] as const;
export type Awaited = (typeof AWAITED)[number];

/** Who must do what by when (epoch ms, program clock; null: no date). */
export interface Waiting {
  who: Waitee;
  what: Awaited;
  by: number | null;
}

export function statusOf(state: EnrollmentState): EnrollmentStatus {
  if (state.ending) return state.ending.status;
  switch (state.stage) {
    case 'collecting': {
      const open = openNeeds(state);
      if (open.some((need) => need.actionRequired)) return 'action_required';
      return open.length === 0 ? 'measuring' : 'verifying';
    }
    case 'calculating':
      return 'calculating';
    case 'approving':
      return 'awaiting_approval';
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
  const held: Waiting[] = state.onHold && !state.ending ? [{ who: 'admin', what: 'release', by: null }] : [];
  return [...held, ...waitingForStep(state)];
}

function waitingForStep(state: EnrollmentState): Waiting[] {
  const { calculationAt } = state.period;
  switch (state.stage) {
    case 'collecting': {
      const open = openNeeds(state);
      if (open.length === 0) return [{ who: 'service', what: 'calculation_date', by: calculationAt }];
      const once = new Map(open.map(({ who, what }) => [what, { who, what, by: calculationAt }]));
      return [...once.values()];
    }
    case 'calculating':
      return [{ who: 'service', what: 'calculation', by: null }];
    case 'approving':
      return [{ who: 'approver', what: 'approval', by: null }];
    case 'scheduled':
      return [{ who: 'service', what: 'payout_date', by: payoutBeginsAt(state) }];
    case 'paying':
      if (state.payout?.state === 'refused') return [{ who: 'operator', what: 'refused_payout', by: null }];
      if (state.payout?.state === 'unknown') return [{ who: 'service', what: 'payout_outcome', by: null }];
      return [{ who: 'service', what: 'payout', by: null }];
    case 'closed':
      return [];
  }
}

/** What is wrong with it: why it ended; of an open one why it is held, and why criteria have failed. Each once. */
export function reasonCodesOf(state: EnrollmentState): ReasonCode[] {
  if (state.ending) return [...new Set(state.ending.reasonCodes)];
  const failed = criteriaOf(state).flatMap(({ status, reasonCode }) =>
    status === 'failed' && reasonCode ? [reasonCode] : [],
  );
  return [...new Set([...(state.onHold ? [state.onHold.reasonCode] : []), ...failed])];
}

const OF_COLLECTING = AWAITED.slice(0, AWAITED.indexOf('calculation_date'));

/** Whom and what can be waited for while it has a status; a hold can come in any but the last four. */
const WAITS: Record<EnrollmentStatus, readonly (Waitee | Awaited)[]> = {
  verifying: ['advertiser', 'partner', 'service', ...OF_COLLECTING],
  action_required: ['advertiser', 'partner', 'service', ...OF_COLLECTING],
  measuring: ['service', 'calculation_date'],
  calculating: ['service', 'calculation'],
  awaiting_approval: ['approver', 'approval'],
  awaiting_budget: ['service'],
  scheduled: ['service', 'payout_date'],
  paying: ['service', 'payout', 'operator', 'refused_payout'],
  payout_unknown: ['service', 'payout_outcome'],
  paid: [],
  ineligible: [],
  withdrawn: [],
  rejected: [],
};

/** The statuses in which somebody, or something, can be waited for: to look for it elsewhere is in vain. */
export function statusesThatWaitFor(word: Waitee | Awaited): EnrollmentStatus[] {
  const holds = word === 'admin' || word === 'release';
  return STATUSES.filter((status) => WAITS[status].includes(word) || (holds && WAITS[status].length > 0));
}
