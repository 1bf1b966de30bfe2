/** What happens in the model of the process by itself, when a date has come. */
import { accountNamed, monthAfter, nextPayoutDate, periodOf, type MissingPolicy } from './modelProgram';
import type { Model } from './processModel';
import { PARTNER_CRITERIA } from './stories';

/** A hold stops all of it. */
export function goOn(model: Model): void {
  while (!model.ending && !model.onHold) {
    if (model.stage === 'collecting' && model.period.calculationAt <= model.now) calculate(model);
    else if (model.stage === 'scheduled' && model.period.payoutAt <= model.now) beginPayout(model);
    else if (model.stage === 'paying' && !model.isRailAway) end(model, 'paid', []);
    else return;
  }
}

function calculate(model: Model): void {
  const { account, contact, partner, platform } = model.form;
  const missing = missingFor(model).map(({ reasonCode }) => reasonCode);
  if (missing.length > 0) return rollOnOrClose(model, model.rules.missedFacts, [...new Set(missing)]);
  const { currency, means } = accountNamed(account)!;
  if ('fault' in means) throw new Error('What is wrong with an ad account is missing from what is missing.');
  if ('noCredit' in means) return rollOnOrClose(model, model.rules.noSpend, [means.noCredit]);

  const amountMinor = means.credit + (partner === 'kno' && platform !== 'shopify' ? means.bonus : 0);
  model.credit = { amountMinor, currency };
  keepOrMovePayoutDate(model);
  const vouchedFor = model.vouchedFor ?? model.form;
  const causes: string[] = [];
  if (model.rules.approvalOf === 'every credit' || amountMinor > means.threshold)
    causes.push('above_threshold');
  if (vouchedFor.account !== account || vouchedFor.contact !== contact)
    causes.push('changed_after_confirmation');
  model.approval = causes.length > 0 ? { causes, outcome: null } : null;
  model.stage = model.approval ? 'approving' : 'scheduled';
}

function rollOnOrClose(model: Model, policy: MissingPolicy, reasonCodes: string[]): void {
  const month = monthAfter(model.period.month);
  if (policy.then === 'close' || model.rolledOn >= policy.atMost || month === undefined) {
    end(model, 'ineligible', reasonCodes);
  } else {
    model.rolledOn += 1;
    model.period = periodOf(month, model.form.account)!;
  }
}

/** A payout date that has passed: at once, or the calendar's next one if there is any. */
export function keepOrMovePayoutDate({ now, rules, period }: Model): void {
  if (period.payoutAt > now || rules.latePayoutDate === 'pay_at_once') return;
  period.payoutAt = nextPayoutDate(period.month, now) ?? period.payoutAt;
}

function beginPayout(model: Model): void {
  model.stage = 'paying';
  model.payoutsBegun += 1;
}

export function end(model: Model, status: string, reasonCodes: string[]): void {
  model.stage = 'ended';
  model.ending = { status, reasonCodes };
}

interface Missing {
  who: string;
  what: string;
  reasonCode: string;
}

/** What stands between the enrollment and its calculation. */
export function missingFor({ form, words, waived, answered }: Model): Missing[] {
  const missing: Missing[] = [];
  const need = (who: string, what: string, reasonCode: string) => missing.push({ who, what, reasonCode });
  for (const criterion of PARTNER_CRITERIA.filter((each) => !waived.includes(each))) {
    if (criterion === 'data_sharing' && !form.authorized)
      need('advertiser', 'data_sharing_authorization', 'DATA_SHARING_NOT_AUTHORIZED');
    const word = words[criterion];
    if (word === undefined) need('partner', 'partner_confirmation', 'SUBSCRIPTION_NOT_CONFIRMED');
    else if (word !== 'confirmed') need('advertiser', 'partner_objection', word);
  }
  if (!answered && !waived.includes('questionnaire'))
    need('advertiser', 'questionnaire', 'QUESTIONNAIRE_OVERDUE');
  const account = accountNamed(form.account);
  if (!account) need('advertiser', 'advertiser_id_correction', 'ADVERTISER_NOT_LOCATABLE');
  else if ('fault' in account.means) need('advertiser', 'other_ad_account', account.means.fault);
  return missing;
}
