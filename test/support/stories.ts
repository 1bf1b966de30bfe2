/** What may happen to an enrollment, as plain data, and random stories made of it. */
import * as fc from 'fast-check';
import type { AccountName, MissingPolicy, ModelRules } from './modelProgram';

/** Who does it, each with a key; `ana` is an admin, and an approver with another key. */
export type Person = 'shop-app' | 'kno' | 'fairing' | 'ana' | 'bo' | 'ana as approver';

export const PARTNER_CRITERIA = ['subscription', 'survey_template', 'data_sharing'] as const;
export type PartnerCriterion = (typeof PARTNER_CRITERIA)[number];

/** What the form says that matters to the process. */
export interface ModelForm {
  account: AccountName;
  contact: string;
  partner: 'kno' | 'fairing';
  platform: 'shopify' | 'woocommerce';
  authorized: boolean;
}

/** The survey partner's word; it names the present ad account or another one. */
interface Word {
  account: 'present' | 'other';
  criteria?: PartnerCriterion[] | undefined;
}

export type Command = { by: Person } & (
  | ({ do: 'confirm' } & Word)
  | ({ do: 'reject'; reasonCode?: string | undefined } & Word)
  | { do: 'complete' | 'reopen' | 'release' | 'withdraw' }
  | { do: 'resubmit'; change: Partial<ModelForm> }
  | { do: 'defer'; month: string }
  | { do: 'hold'; reasonCode: string }
  | { do: 'waive'; criterion: string }
  | { do: 'decide'; outcome: 'approve' | 'reject' | 'send_back'; statement: 'present' | 'old' }
);

/** The program's clock is set, seen from the enrollment's period as it is then. */
export interface Advance {
  do: 'advance';
  to: 'before calculation' | 'calculation' | 'before payout' | 'payout' | 'a month later';
}

/** The payout rail answers from now on. */
export interface RailBack {
  do: 'rail back';
}

/** An earlier command once more, or an earlier request with its Idempotency-Key; `back` counts from the latest, 0. */
export type Step = Command | Advance | RailBack | { do: 'again' | 'retry'; back: number };

export interface Story {
  rules: ModelRules;
  form: ModelForm;
  steps: Step[];
}

/** One of the values; whatever is given twice is twice as likely. */
const some = fc.constantFrom;

const FORM = {
  account: fc.oneof(
    { weight: 4, arbitrary: some<AccountName>('usual', 'large', 'large', 'british') },
    {
      weight: 1,
      arbitrary: some<AccountName>('small', 'idle', 'suspended', 'brazilian', 'inOtherCurrency', 'unknown'),
    },
  ),
  contact: some('nora@northwind.example', 'nils@northwind.example'),
  partner: some('kno', 'kno', 'kno', 'fairing' as const),
  platform: some('shopify', 'woocommerce', 'woocommerce' as const),
  authorized: some(true, true, true, true, false),
};
const CHANGES = fc.oneof(
  { weight: 3, arbitrary: fc.record({ account: FORM.account }) },
  { weight: 2, arbitrary: fc.record({ contact: FORM.contact }) },
  { weight: 1, arbitrary: fc.record({ partner: FORM.partner }) },
  { weight: 1, arbitrary: fc.record({ platform: FORM.platform }) },
  { weight: 2, arbitrary: fc.record({ authorized: FORM.authorized }) },
);

const WORD = {
  by: some<Person>('kno', 'kno', 'kno', 'fairing', 'ana', 'ana'),
  account: some('present', 'present', 'present', 'present', 'other' as const),
  criteria: fc.option(fc.subarray<PartnerCriterion>([...PARTNER_CRITERIA], { minLength: 1 }), {
    nil: undefined,
    freq: 2,
  }),
};
const REASONS = some(undefined, 'PARTNER_REJECTED', 'TEMPLATE_NOT_FOUND', 'API_KEY_INVALID');
const MONTHS = some(
  ...['2023-10', '2023-11', '2023-11', '2023-12', '2023-12', '2023-12'],
  ...['2024-01', '2024-01', '2024-02', '2024-03'],
);
const WAIVABLE = some(...PARTNER_CRITERIA, 'questionnaire');
const MOMENTS = some<Advance['to']>(
  ...(['before calculation', 'calculation', 'calculation', 'before payout'] as const),
  ...(['payout', 'payout', 'a month later'] as const),
);

const admin = some<Person>('ana');
const caller = some<Person>('shop-app', 'shop-app', 'ana');
const partnerOrAdmin = some<Person>('kno', 'kno', 'kno', 'kno', 'fairing', 'ana', 'ana', 'ana');
const approver = some<Person>('bo', 'ana as approver');
const outcome = some('approve', 'approve', 'reject', 'send_back', 'send_back' as const);
const statement = some('present', 'present', 'present', 'present', 'old' as const);
const back = fc.nat({ max: 3 });
const holdReason = some('FRAUD_REVIEW', 'POSSIBLE_DUPLICATE');

const STEPS: Record<Step['do'], fc.Arbitrary<Step>> = {
  confirm: fc.record({ do: some('confirm'), ...WORD }),
  reject: fc.record({ do: some('reject'), ...WORD, reasonCode: REASONS }),
  complete: fc.record({ do: some('complete'), by: caller }),
  reopen: fc.record({ do: some('reopen'), by: admin }),
  resubmit: fc.record({ do: some('resubmit'), by: caller, change: CHANGES }),
  defer: fc.record({ do: some('defer'), by: partnerOrAdmin, month: MONTHS }),
  hold: fc.record({ do: some('hold'), by: admin, reasonCode: holdReason }),
  release: fc.record({ do: some('release'), by: admin }),
  waive: fc.record({ do: some('waive'), by: admin, criterion: WAIVABLE }),
  withdraw: fc.record({ do: some('withdraw'), by: caller }),
  decide: fc.record({ do: some('decide'), by: approver, outcome, statement }),
  advance: fc.record({ do: some('advance'), to: MOMENTS }),
  'rail back': fc.record({ do: some('rail back') }),
  again: fc.record({ do: some('again'), back }),
  retry: fc.record({ do: some('retry'), back }),
};

type Weights = Record<Step['do'], number>;

/** How often each is drawn, before and after the facts are in: everything at any time, but the sensible more often. */
const EARLY: Weights = {
  ...{ confirm: 10, reject: 5, complete: 4, reopen: 3, resubmit: 12, defer: 20, waive: 4 },
  ...{ hold: 2, release: 2, decide: 1, advance: 3, withdraw: 1, again: 3, retry: 4, 'rail back': 0 },
};
const LATE: Weights = {
  ...{ confirm: 2, reject: 1, complete: 1, reopen: 1, resubmit: 5, defer: 4, waive: 1 },
  ...{ hold: 6, release: 10, decide: 20, advance: 10, withdraw: 1, again: 2, retry: 4, 'rail back': 2 },
};

/** In most stories the facts come in at some time, so that it gets as far as the money. */
const BEGINNINGS = some<Step[]>([], [], [{ do: 'confirm', by: 'ana', account: 'present' }]);
const FACTS = some<Step[]>(
  [],
  factsOf({ account: 'usual', partner: 'kno' }, 'kno'),
  factsOf({ account: 'large' }, 'ana'),
  factsOf({ account: 'british' }, 'ana'),
  // Or the dates go by while it is held, and facts and moves are taken.
  [
    { do: 'hold', by: 'ana', reasonCode: 'FRAUD_REVIEW' },
    { do: 'advance', to: 'calculation' },
    { do: 'advance', to: 'a month later' },
    { do: 'defer', by: 'ana', month: '2024-01' },
    { do: 'advance', to: 'a month later' },
  ],
);
/** So that many come to an end. */
const ENDS = some<Step[]>(
  [],
  [
    { do: 'release', by: 'ana' },
    { do: 'decide', by: 'bo', outcome: 'approve', statement: 'present' },
    { do: 'advance', to: 'payout' },
  ],
  [
    { do: 'release', by: 'ana' },
    { do: 'decide', by: 'bo', outcome: 'approve', statement: 'present' },
    { do: 'advance', to: 'payout' },
    { do: 'hold', by: 'ana', reasonCode: 'POSSIBLE_DUPLICATE' },
    { do: 'release', by: 'ana' },
    { do: 'advance', to: 'payout' },
    { do: 'rail back' },
  ],
  [{ do: 'advance', to: 'a month later' }],
  [
    { do: 'advance', to: 'a month later' },
    { do: 'withdraw', by: 'shop-app' },
  ],
);
const POLICIES = some<MissingPolicy>({ then: 'close' }, { then: 'roll_on', atMost: 1 });

const MAY_DEFER = some<ModelRules['deferral']['by']>(
  ['partner', 'admin'],
  ['partner', 'admin'],
  ['partner'],
  ['admin'],
);

export const STORIES: fc.Arbitrary<Story> = fc.record({
  rules: fc.record({
    missedFacts: POLICIES,
    noSpend: POLICIES,
    latePayoutDate: some('pay_at_once', 'next_in_calendar' as const),
    approvalOf: some('large credits', 'every credit' as const),
    deferral: fc.record({
      maximum: some(1, 1, 2),
      by: MAY_DEFER,
    }),
    rail: some('there', 'away' as const),
  }),
  form: fc.record(FORM),
  steps: fc
    .tuple(BEGINNINGS, drawn(EARLY, 1, 5), FACTS, drawn(LATE, 3, 6), ENDS)
    .map((parts): Step[] => parts.flat()),
});

function factsOf(change: Partial<ModelForm>, by: Person): Step[] {
  return [
    { do: 'resubmit', by: 'shop-app', change: { ...change, authorized: true } },
    { do: 'confirm', by, account: 'present' },
    { do: 'complete', by: 'shop-app' },
    { do: 'advance', to: 'calculation' },
  ];
}

function drawn(weights: Weights, minLength: number, maxLength: number): fc.Arbitrary<Step[]> {
  const kinds = Object.keys(STEPS) as Step['do'][];
  const step = fc.oneof(...kinds.map((kind) => ({ weight: weights[kind], arbitrary: STEPS[kind] })));
  return fc.array(step, { minLength, maxLength, size: 'max' });
}

/** The command that a step stands for, after those that were told; undefined if there is nothing to do again. */
export function commandOf(
  step: Exclude<Step, RailBack | { do: 'retry' }>,
  told: readonly (Command | Advance)[],
): Command | Advance | undefined {
  return isAgain(step) ? told.at(-1 - step.back) : step;
}

function isAgain(step: Step): step is Extract<Step, { back: number }> {
  return step.do === 'again';
}
