/**
 * The process of one enrollment a second time: naive, written from the program page, the design and docs/api.md, and with
 * nothing of program/ or workflows/. It has no time but the program's clock, and nothing is ever under way: after each
 * step all that follows from it has happened.
 */
import { end, goOn, keepOrMovePayoutDate } from './modelDates';
import { FIRST_MONTH, LAST_MONTH, OPENS_AT, periodOf, type ModelRules, type Period } from './modelProgram';
import {
  PARTNER_CRITERIA,
  type Advance,
  type Command,
  type ModelForm,
  type PartnerCriterion,
} from './stories';

export interface Model {
  rules: ModelRules;
  /** On the program's clock. */
  now: number;
  stage: 'collecting' | 'approving' | 'scheduled' | 'paying' | 'ended';
  form: ModelForm;
  /** The survey partner's word on the present form: `confirmed`, or the reason why not. */
  words: Partial<Record<PartnerCriterion, string>>;
  waived: string[];
  answered: boolean;
  period: Period;
  deferredFrom: string[];
  rolledOn: number;
  /** For whom the survey partner vouched first. */
  vouchedFor: Pick<ModelForm, 'account' | 'contact'> | null;
  makers: string[];
  onHold: string | null;
  credit: { amountMinor: number; currency: string } | null;
  approval: { causes: string[]; outcome: string | null } | null;
  ending: { status: string; reasonCodes: string[] } | null;
  isRailAway: boolean;
  payoutsBegun: number;
}

/** `code` is that of a refusal. */
export interface Answer {
  status: number;
  code?: string;
}

export type Tell = (model: Model, command: Command) => Answer;

const OK: Answer = { status: 200 };
const DAY_MS = 24 * 3_600_000;

export function opened(rules: ModelRules, form: ModelForm): Model {
  return {
    rules,
    now: OPENS_AT,
    stage: 'collecting',
    form,
    words: {},
    waived: [],
    answered: false,
    period: periodOf(FIRST_MONTH, form.account)!,
    deferredFrom: [],
    rolledOn: 0,
    vouchedFor: null,
    makers: [],
    onHold: null,
    credit: null,
    approval: null,
    ending: null,
    isRailAway: rules.rail === 'away',
    payoutsBegun: 0,
  };
}

export function railComesBack(model: Model): void {
  model.isRailAway = false;
  goOn(model);
}

/** The clock never goes backwards; no story sets it while it is being paid, when nobody looks at it. */
export function advance(model: Model, to: Advance['to']): void {
  if (model.stage === 'paying') return;
  const { calculationAt, payoutAt } = model.period;
  const instant = {
    'before calculation': calculationAt - 1_000,
    calculation: calculationAt,
    'before payout': payoutAt - 1_000,
    payout: payoutAt,
    'a month later': model.now + 31 * DAY_MS,
  }[to];
  model.now = Math.max(model.now, instant);
  goOn(model);
}

/** What the service answers to a command; the model is then as the service is once it has come to rest. */
export const tell: Tell = (model, command) => {
  const answer = answerTo(model, command);
  goOn(model);
  return answer;
};

function answerTo(model: Model, command: Command): Answer {
  const { by } = command;
  if ((by === 'kno' || by === 'fairing') && by !== model.form.partner) return refused('NOT_FOUND', 404);
  if (command.do === 'defer' && !mayDefer(model, command)) return refused('FORBIDDEN', 403);
  if (model.ending) return refused('ENROLLMENT_ENDED');
  // Facts and moves are taken until the calculation begins.
  const ifCollecting = (take: () => Answer) =>
    model.stage === 'collecting' ? take() : refused('CALCULATION_BEGUN');
  switch (command.do) {
    case 'confirm':
    case 'reject':
      return ifCollecting(() => hear(model, command));
    case 'complete':
      return ifCollecting(() => {
        if (!model.answered) make(model, by);
        return change(model, { answered: true });
      });
    case 'reopen':
      return ifCollecting(() => (model.answered ? change(make(model, by), { answered: false }) : OK));
    case 'resubmit':
      return resubmit(model, command);
    case 'waive': {
      const waived = [...model.waived, command.criterion];
      const isOfPartner = (PARTNER_CRITERIA as readonly string[]).includes(command.criterion);
      return ifCollecting(() => {
        if (isOfPartner) model.vouchedFor ??= model.form;
        return change(make(model, by), { waived });
      });
    }
    case 'defer':
      return ifCollecting(() => defer(model, command));
    case 'hold':
      // Nothing was submitted: the model pays in no time once the rail is there.
      if (model.stage === 'paying') model.stage = 'scheduled';
      return change(model, { onHold: command.reasonCode });
    case 'release':
      return release(model, command);
    case 'decide':
      return decide(model, command);
    case 'withdraw':
      end(model, 'withdrawn', ['WITHDRAWN']);
      return OK;
  }
}

/** None of the makers can approve. */
function make(model: Model, by: string): Model {
  model.makers.push(by);
  return model;
}

function change(model: Model, to: Partial<Model>): Answer {
  Object.assign(model, to);
  return OK;
}

/** The survey partner's word. The same once more is known already, and no decisive change. */
function hear(model: Model, command: Extract<Command, { do: 'confirm' | 'reject' }>): Answer {
  if (command.account === 'other') return refused('SUBMISSION_SUPERSEDED');
  const word = command.do === 'confirm' ? 'confirmed' : (command.reasonCode ?? 'PARTNER_REJECTED');
  const criteria = command.criteria ?? PARTNER_CRITERIA;
  if (criteria.every((criterion) => model.words[criterion] === word)) return OK;
  for (const criterion of criteria) model.words[criterion] = word;
  if (word === 'confirmed') model.vouchedFor ??= model.form;
  make(model, command.by);
  return OK;
}

/** "Equal data are 200, change nothing"; changed data open the partner's word again. */
function resubmit(model: Model, command: Extract<Command, { do: 'resubmit' }>): Answer {
  const before = model.form;
  const form = { ...before, ...command.change };
  if (JSON.stringify(form) === JSON.stringify(before)) return OK;
  if (model.stage !== 'collecting') return refused('CALCULATION_BEGUN');
  change(make(model, command.by), { form, words: {} });
  // An ad account that is found moves the calculation date to its time zone.
  if (form.account !== before.account && form.account !== 'unknown')
    model.period = periodOf(model.period.month, form.account)!;
  return OK;
}

/** Taking a deferral back is an admin's in every program. */
function mayDefer({ rules, period }: Model, { by, month }: Extract<Command, { do: 'defer' }>): boolean {
  const role = by === 'ana' ? 'admin' : 'partner';
  return rules.deferral.by.includes(role) || (role === 'admin' && month <= period.month);
}

/** "Forwards only for partners; an admin may undo one while the earlier calculation date has not come." */
function defer(model: Model, { by, month }: Extract<Command, { do: 'defer' }>): Answer {
  const { now, form, deferredFrom, rules } = model;
  const present = model.period.month;
  if (month === present) return OK;
  const isBack = month < present;
  if (isBack && by !== 'ana') return refused('MONTH_NOT_LATER');
  if (isBack && !deferredFrom.includes(month)) return refused('NO_SUCH_DEFERRAL');
  if (!isBack && deferredFrom.length >= rules.deferral.maximum) return refused('DEFERRAL_LIMIT_REACHED');
  if (periodOf(LAST_MONTH, form.account)!.calculationAt <= now) return refused('PROGRAM_CLOSED');
  const period = periodOf(month, form.account);
  if (!period) return refused('MONTH_NOT_IN_CALENDAR');
  if (period.calculationAt <= now) return refused('MONTH_PAST');
  model.period = period;
  make(model, by);
  model.deferredFrom = isBack ? deferredFrom.filter((other) => other < month) : [...deferredFrom, present];
  return OK;
}

function release(model: Model, { by }: Command): Answer {
  if (!model.onHold) return refused('NOT_ON_HOLD');
  model.onHold = null;
  make(model, by);
  if (model.stage === 'scheduled') keepOrMovePayoutDate(model);
  return OK;
}

function decide(model: Model, { by, outcome, statement }: Extract<Command, { do: 'decide' }>): Answer {
  if (model.stage !== 'approving') return refused('NO_APPROVAL_AWAITED');
  if (model.onHold) return refused('ON_HOLD');
  if (statement === 'old') return refused('DECISION_OUTDATED');
  if (by === 'ana as approver' && model.makers.includes('ana')) return refused('MAKER_IS_CHECKER');
  model.approval!.outcome = outcome;
  if (outcome === 'approve') {
    model.stage = 'scheduled';
    keepOrMovePayoutDate(model);
  } else if (outcome === 'reject') {
    end(model, 'rejected', ['REJECTED_BY_APPROVER']);
  } else {
    change(model, {
      ...{ stage: 'collecting', credit: null, approval: null },
      onHold: 'SENT_BACK_BY_APPROVER',
    });
  }
  return OK;
}

function refused(code: string, status = 409): Answer {
  return { status, code };
}
