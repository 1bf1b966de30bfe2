/** The status of an enrollment and whom it waits for: pure functions of its facts. */
import { openNeeds, type Need } from './criteria';
import type { EnrollmentState } from './enrollmentState';

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

export type Waitee = 'advertiser' | 'partner' | 'admin' | 'approver' | 'operator' | 'service';

export type Awaited =
  | Need['what']
  | 'release'
  | 'approval'
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
  const { calculationAt, payoutAt } = state.period;
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
      return [{ who: 'service', what: 'payout_date', by: payoutAt }];
    case 'paying':
      if (state.payout?.state === 'refused') return [{ who: 'operator', what: 'refused_payout', by: null }];
      if (state.payout?.state === 'unknown') return [{ who: 'service', what: 'payout_outcome', by: null }];
      return [{ who: 'service', what: 'payout', by: null }];
    case 'closed':
      return [];
  }
}
