/**
 * The process of one enrollment a second time: a naive model, written from the program page, the design and docs/api.md
 * and with nothing of program/ or workflows/. It knows no time but the program's clock and nothing that is under way:
 * after each command everything that follows from it has happened.
 */
import { ACCOUNTS } from './modelAccounts';
import type { Command, MissingPolicy, ModelForm, ModelRules, PartnerCriterion } from './modelCommands';

export interface Model {
  rules: ModelRules;
  /** Of the program's clock. */
  now: number;
  stage: 'collecting' | 'approving' | 'scheduled' | 'ended';
  form: ModelForm;
  /** The survey partner's word on the form as it is: confirmed, or the reason why not. */
  words: Partial<Record<PartnerCriterion, string>>;
  waived: string[];
  answered: boolean;
  period: Period;
  deferredFrom: string[];
  rolledOn: number;
  /** For whom a survey partner vouched first. */
  vouchedFor: Pick<ModelForm, 'account' | 'contact'> | null;
  lastDecisiveChangeBy: string;
  onHold: string | null;
  credit: { amountMinor: number; currency: string } | null;
  approval: { causes: string[]; outcome: string | null } | null;
  ending: { status: string; reasonCodes: string[] } | null;
}

interface Period {
  month: string;
  calculationAt: number;
  payoutAt: number;
}

export interface Answer {
  status: number;
  /** Of a refusal. */
  code?: string;
}

export type Tell = (model: Model, command: Command) => Answer;

/** When the program opens, and its calendar: two days after each period, and the payout date's first instant. */
const OPENS = '2023-10-12T16:00:00Z';
const CALENDAR: Record<string, { calculatedOn: string; payoutAt: string }> = {
  '2023-11': { calculatedOn: '2023-12-03', payoutAt: '2023-12-15T08:00:00Z' },
  '2023-12': { calculatedOn: '2024-01-03', payoutAt: '2024-01-15T08:00:00Z' },
  '2024-01': { calculatedOn: '2024-02-03', payoutAt: '2024-02-15T08:00:00Z' },
  '2024-02': { calculatedOn: '2024-03-03', payoutAt: '2024-03-15T07:00:00Z' },
};
const PROGRAM_TIME_ZONE = 'America/Los_Angeles';
/** The hour in UTC at which a day begins, in these winter months. */
const MIDNIGHT: Record<string, string> = {
  'America/Los_Angeles': '08',
  'America/New_York': '05',
  'America/Sao_Paulo': '03',
  'Europe/London': '00',
};
const PARTNER_CRITERIA = ['subscription', 'survey_template', 'data_sharing'] as const;
const OK = { status: 200 };

export function opened(rules: ModelRules, form: ModelForm): Model {
  return {
    rules,
    now: Date.parse(OPENS),
    stage: 'collecting',
    form,
    words: {},
    waived: [],
    answered: false,
    period: period(form, '2023-11')!,
    deferredFrom: [],
    rolledOn: 0,
    vouchedFor: null,
    lastDecisiveChangeBy: 'shop-app',
    onHold: null,
    credit: null,
    approval: null,
    ending: null,
  };
}

/** What the service answers to a command; the model is afterwards as the service will be once it has come to rest. */
export const tell: Tell = (model, command) => {
  const answer = answerTo(model, command);
  goOn(model);
  return answer;
};

function answerTo(model: Model, command: Command): Answer {
  const { by } = { by: 'ana', ...command };
  if (command.do === 'advance') {
    model.now = Math.max(model.now, momentOf(model, command.to));
    return OK;
  }
  if ((by === 'kno' || by === 'fairing') && by !== model.form.partner) return refused('NOT_FOUND', 404);
  if (command.do === 'defer' && !mayDefer(model, command)) return refused('FORBIDDEN', 403);
  if (model.ending) return refused('ENROLLMENT_ENDED');
  const calculationBegun = model.stage !== 'collecting';

  switch (command.do) {
    case 'confirm':
    case 'reject': {
      if (calculationBegun) return refused('CALCULATION_BEGUN');
      if (command.of === 'other') return refused('SUBMISSION_SUPERSEDED');
      const word = command.do === 'confirm' ? 'confirmed' : (command.reasonCode ?? 'PARTNER_REJECTED');
      const criteria = command.criteria ?? PARTNER_CRITERIA;
      if (criteria.every((criterion) => model.words[criterion] === word)) return OK;
      for (const criterion of criteria) model.words[criterion] = word;
      if (command.do === 'confirm') model.vouchedFor ??= model.form;
      model.lastDecisiveChangeBy = by;
      return OK;
    }
    case 'complete':
      if (calculationBegun) return refused('CALCULATION_BEGUN');
      model.answered = true;
      return OK;
    case 'reopen':
      if (calculationBegun) return refused('CALCULATION_BEGUN');
      if (model.answered) model.lastDecisiveChangeBy = by;
      model.answered = false;
      return OK;
    case 'resubmit': {
      const form = { ...model.form, ...command.change };
      if (JSON.stringify(form) === JSON.stringify(model.form)) return OK;
      if (calculationBegun) return refused('CALCULATION_BEGUN');
      const otherAccount = form.account !== model.form.account;
      model.form = form;
      model.words = {};
      model.lastDecisiveChangeBy = by;
      // An account that is found moves the end of the period to its time zone.
      if (otherAccount && form.account !== 'unknown') model.period = period(form, model.period.month)!;
      return OK;
    }
    case 'defer':
      if (calculationBegun) return refused('CALCULATION_BEGUN');
      return defer(model, command.month, by === 'ana');
    case 'waive':
      if (calculationBegun) return refused('CALCULATION_BEGUN');
      model.waived.push(command.criterion);
      model.lastDecisiveChangeBy = by;
      return OK;
    case 'hold':
      model.onHold = command.reasonCode;
      return OK;
    case 'release':
      if (!model.onHold) return refused('NOT_ON_HOLD');
      model.onHold = null;
      model.lastDecisiveChangeBy = by;
      if (model.stage === 'scheduled') model.period.payoutAt = payoutDateLeft(model);
      return OK;
    case 'withdraw':
      end(model, 'withdrawn', ['WITHDRAWN']);
      return OK;
    case 'decide':
      return decide(model, command);
  }
}

function mayDefer({ rules, period: { month } }: Model, command: { by: string; month: string }): boolean {
  const isAdmin = command.by === 'ana';
  return rules.deferral.by.includes(isAdmin ? 'admin' : 'partner') || (isAdmin && command.month < month);
}

/** "Forwards only for partners; an admin may undo one while the earlier calculation date has not come." */
function defer(model: Model, month: string, isAdmin: boolean): Answer {
  const { month: present } = model.period;
  if (month === present) return OK;
  if (month < present && !isAdmin) return refused('MONTH_NOT_LATER');
  if (month < present && !model.deferredFrom.includes(month)) return refused('NO_SUCH_DEFERRAL');
  if (month > present && model.deferredFrom.length === model.rules.deferral.maximum)
    return refused('DEFERRAL_LIMIT_REACHED');
  const last = Object.keys(CALENDAR).at(-1)!;
  if (period(model.form, last)!.calculationAt <= model.now) return refused('PROGRAM_CLOSED');
  const to = period(model.form, month);
  if (!to) return refused('MONTH_NOT_IN_CALENDAR');
  if (to.calculationAt <= model.now) return refused('MONTH_PAST');
  model.deferredFrom =
    month < present
      ? model.deferredFrom.filter((earlier) => earlier < month)
      : [...model.deferredFrom, present];
  model.period = to;
  return OK;
}

function decide(model: Model, command: Extract<Command, { do: 'decide' }>): Answer {
  if (model.stage !== 'approving' || !model.approval) return refused('NO_APPROVAL_AWAITED');
  if (model.onHold) return refused('ON_HOLD');
  if (command.on === 'old') return refused('DECISION_OUTDATED');
  if (command.by === 'ana as approver' && model.lastDecisiveChangeBy === 'ana')
    return refused('MAKER_IS_CHECKER');
  model.approval.outcome = command.outcome;
  switch (command.outcome) {
    case 'approve':
      model.stage = 'scheduled';
      model.period.payoutAt = payoutDateLeft(model);
      break;
    case 'reject':
      end(model, 'rejected', ['REJECTED_BY_APPROVER']);
      break;
    case 'send_back':
      Object.assign(model, { stage: 'collecting', credit: null, approval: null });
      model.onHold = 'SENT_BACK_BY_APPROVER';
  }
  return OK;
}

/** What happens by itself when its time has come; a hold stops all of it. */
function goOn(model: Model): void {
  while (!model.ending && !model.onHold) {
    if (model.stage === 'collecting' && model.period.calculationAt <= model.now) calculate(model);
    else if (model.stage === 'scheduled' && model.period.payoutAt <= model.now) end(model, 'paid', []);
    else return;
  }
}

function calculate(model: Model): void {
  const missing = missingFor(model).map(({ reasonCode }) => reasonCode);
  if (missing.length > 0) return rollOnOrClose(model, model.rules.missedFacts, [...new Set(missing)]);
  const { currency, means } = accountOf(model)!;
  if ('fault' in means) throw new Error('An ad account that cannot be paid was missing something.');
  if ('noCredit' in means) return rollOnOrClose(model, model.rules.noSpend, [means.noCredit]);

  const { partner, platform, account, contact } = model.form;
  const amountMinor = means.credit + (partner === 'kno' && platform !== 'shopify' ? means.bonus : 0);
  model.credit = { amountMinor, currency };
  model.period.payoutAt = payoutDateLeft(model);
  const { vouchedFor } = model;
  const isOther = vouchedFor && (vouchedFor.account !== account || vouchedFor.contact !== contact);
  const causes = [
    ...(amountMinor > means.threshold ? ['above_threshold'] : []),
    ...(isOther ? ['changed_after_confirmation'] : []),
  ];
  model.approval = causes.length > 0 ? { causes, outcome: null } : null;
  model.stage = model.approval ? 'approving' : 'scheduled';
}

function rollOnOrClose(model: Model, policy: MissingPolicy, reasonCodes: string[]): void {
  const next = Object.keys(CALENDAR).find((month) => month > model.period.month);
  if (policy.then === 'close' || model.rolledOn >= policy.atMost || !next) {
    end(model, 'ineligible', reasonCodes);
    return;
  }
  model.rolledOn += 1;
  model.period = period(model.form, next)!;
}

/** The payout date, or what is left when it has passed: at once, or the calendar's next one if there is any. */
function payoutDateLeft({ now, period: { payoutAt, month }, rules }: Model): number {
  if (payoutAt > now || rules.latePayoutDate === 'pay_at_once') return payoutAt;
  const later = Object.entries(CALENDAR)
    .filter(([other]) => other > month)
    .map(([, row]) => Date.parse(row.payoutAt));
  return later.find((date) => date > now) ?? payoutAt;
}

function end(model: Model, status: string, reasonCodes: string[]): void {
  model.stage = 'ended';
  model.ending = { status, reasonCodes };
}

interface Missing {
  who: string;
  what: string;
  reasonCode: string;
}

/** What stands between the enrollment and its calculation, in the order of the program page. */
export function missingFor(model: Model): Missing[] {
  const { form, waived } = model;
  const missing: Missing[] = [];
  for (const criterion of PARTNER_CRITERIA) {
    if (waived.includes(criterion)) continue;
    if (criterion === 'data_sharing' && !form.authorized)
      missing.push(advertiser('data_sharing_authorization', 'DATA_SHARING_NOT_AUTHORIZED'));
    const word = model.words[criterion];
    if (word === undefined)
      missing.push({ who: 'partner', what: 'partner_confirmation', reasonCode: 'SUBSCRIPTION_NOT_CONFIRMED' });
    else if (word !== 'confirmed') missing.push(advertiser('partner_objection', word));
  }
  if (!model.answered && !waived.includes('questionnaire'))
    missing.push(advertiser('questionnaire', 'QUESTIONNAIRE_OVERDUE'));
  const account = accountOf(model);
  if (!account) missing.push(advertiser('advertiser_id_correction', 'ADVERTISER_NOT_LOCATABLE'));
  else if ('fault' in account.means) missing.push(advertiser('other_ad_account', account.means.fault));
  return missing;
}

function advertiser(what: string, reasonCode: string): Missing {
  return { who: 'advertiser', what, reasonCode };
}

/** Null if the ad platform does not know it. */
export function accountOf({ form: { account } }: Pick<Model, 'form'>) {
  return account === 'unknown' ? null : ACCOUNTS[account];
}

/** Of a month, in the time zone of the ad account; in the program's if that is unknown. Undefined without such a month. */
function period(form: ModelForm, month: string): Period | undefined {
  const row = CALENDAR[month];
  if (!row) return undefined;
  const midnight = MIDNIGHT[accountOf({ form })?.timezone ?? PROGRAM_TIME_ZONE]!;
  return {
    month,
    calculationAt: Date.parse(`${row.calculatedOn}T${midnight}:00:00Z`),
    payoutAt: Date.parse(row.payoutAt),
  };
}

const DAY_MS = 24 * 3_600_000;

function momentOf({ now, period: { calculationAt, payoutAt } }: Model, moment: string): number {
  switch (moment) {
    case 'before calculation':
      return calculationAt - 1_000;
    case 'calculation':
      return calculationAt;
    case 'before payout':
      return payoutAt - 1_000;
    case 'payout':
      return payoutAt;
    default:
      return now + 31 * DAY_MS;
  }
}

function refused(code: string, status = 409): Answer {
  return { status, code };
}
