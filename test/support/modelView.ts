/** What everybody can see of an enrollment: as the model has it, and the same of the service's answer. */
import type { Enrollment } from '../../dev/apiClient';
import { missingFor } from './modelDates';
import { accountNamed } from './modelProgram';
import type { Model } from './processModel';

export interface View {
  status: string;
  /** `who: what`, in alphabetical order. */
  waitingFor: string[];
  /** Status of each criterion, in the order of the program page. */
  criteria: Record<string, string>;
  calculationMonth: string;
  calculationDate: string;
  payoutDate: string;
  onHold: string | null;
  credit: { amountMinor: number; currency: string } | null;
  approval: { causes: string[]; outcome: string | null } | null;
  /** Why it ended without a credit, in alphabetical order. */
  reasonCodes: string[];
}

export function viewOf(model: Model): View {
  const { period, onHold, credit, approval, ending } = model;
  return {
    status: statusOf(model),
    waitingFor: waitingFor(model).sort(),
    criteria: criteriaOf(model),
    calculationMonth: period.month,
    calculationDate: new Date(period.calculationAt).toISOString(),
    payoutDate: new Date(period.payoutAt).toISOString(),
    onHold,
    credit,
    approval,
    reasonCodes: [...(ending?.reasonCodes ?? [])].sort(),
  };
}

export function viewOfAnswer(answer: Enrollment): View {
  const { status, calculationMonth, calculationDate, payoutDate, onHold, credit, approval } = answer;
  const { criteria } = answer as Enrollment & { criteria: { criterion: string; status: string }[] };
  const decided = approval?.decided as { outcome: string } | null | undefined;
  return {
    status,
    waitingFor: answer.waitingFor.map(({ who, what }) => `${who}: ${what}`).sort(),
    criteria: Object.fromEntries(criteria.map((each) => [each.criterion, each.status])),
    calculationMonth,
    calculationDate,
    payoutDate,
    onHold: onHold?.reasonCode ?? null,
    credit: credit && { amountMinor: credit.amountMinor, currency: credit.currency },
    approval: approval && { causes: approval.causes, outcome: decided?.outcome ?? null },
    reasonCodes: [...answer.reasonCodes].sort(),
  };
}

function statusOf(model: Model): string {
  if (model.ending) return model.ending.status;
  if (model.stage === 'approving') return 'awaiting_approval';
  if (model.stage === 'scheduled' || model.stage === 'paying') return model.stage;
  const missing = missingFor(model);
  // To answer the questionnaire is simply not done yet; the rest is wrong, and the advertiser's to mend.
  if (missing.some(({ who, what }) => who === 'advertiser' && what !== 'questionnaire'))
    return 'action_required';
  return missing.length > 0 ? 'verifying' : 'measuring';
}

function waitingFor(model: Model): string[] {
  if (model.ending) return [];
  const held = model.onHold ? ['admin: release'] : [];
  if (model.stage === 'approving') return [...held, 'approver: approval'];
  if (model.stage === 'scheduled') return [...held, 'service: payout_date'];
  if (model.stage === 'paying') return ['service: payout'];
  const missing = new Set(missingFor(model).map(({ who, what }) => `${who}: ${what}`));
  return [...held, ...(missing.size > 0 ? missing : ['service: calculation_date'])];
}

function criteriaOf(model: Model): Record<string, string> {
  const { words, waived, form, answered, credit, ending } = model;
  const word = (criterion: keyof typeof words) => {
    if (waived.includes(criterion)) return 'waived';
    if (criterion === 'data_sharing' && !form.authorized) return 'failed';
    if (words[criterion] === undefined) return 'pending';
    return words[criterion] === 'confirmed' ? 'attested' : 'failed';
  };
  const account = accountNamed(form.account);
  const fault = account && 'fault' in account.means ? account.means.fault : null;
  const isCountryWrong = fault === 'REGION_NOT_ELIGIBLE' || fault === 'CURRENCY_MISMATCH';
  const checked = (isWrong: boolean) => (isWrong ? 'failed' : 'verified');
  const isWithoutSpend = ending?.reasonCodes.some((code) => /^(NO_SPEND|BELOW_MINIMUM_SPEND)/.test(code));
  return {
    subscription: word('subscription'),
    survey_template: word('survey_template'),
    data_sharing: word('data_sharing'),
    questionnaire: waived.includes('questionnaire') ? 'waived' : answered ? 'verified' : 'pending',
    advertiser_located: checked(!account),
    ad_account_active: account ? checked(fault === 'ADVERTISER_SUSPENDED') : 'pending',
    region_eligible: account ? checked(isCountryWrong) : 'pending',
    active_advertising: credit ? 'verified' : isWithoutSpend ? 'failed' : 'pending',
  };
}
