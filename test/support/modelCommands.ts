/** What may happen to an enrollment, as plain data, and random stories made of it. */
import * as fc from 'fast-check';
import type { AccountName } from './modelAccounts';

/** Who does it, by key; `ana` is an admin, and an approver with another key. */
export type Person = 'shop-app' | 'kno' | 'fairing' | 'ana' | 'bo' | 'ana as approver';

export type PartnerCriterion = 'subscription' | 'survey_template' | 'data_sharing';

/** What the form says that matters to the process. */
export interface ModelForm {
  account: AccountName;
  contact: string;
  partner: 'kno' | 'fairing';
  platform: 'shopify' | 'woocommerce';
  authorized: boolean;
}

export type Command =
  | { do: 'confirm'; by: Person; of: 'present' | 'other'; criteria?: PartnerCriterion[] | undefined }
  | { do: 'reject'; by: Person; of: 'present' | 'other'; criteria?: PartnerCriterion[] | undefined; reasonCode?: string | undefined }
  | { do: 'complete'; by: Person }
  | { do: 'reopen'; by: Person }
  | { do: 'resubmit'; by: Person; change: Partial<ModelForm> }
  | { do: 'defer'; by: Person; month: string }
  | { do: 'hold'; by: Person; reasonCode: string }
  | { do: 'release'; by: Person }
  | { do: 'waive'; by: Person; criterion: string }
  | { do: 'withdraw'; by: Person }
  | { do: 'decide'; by: Person; outcome: 'approve' | 'reject' | 'send_back'; on: 'present' | 'old' }
  | { do: 'advance'; to: Moment };

/** Of the enrollment's period as it is then, by the program's clock. */
export type Moment = 'before calculation' | 'calculation' | 'before payout' | 'payout' | 'a month later';

/**
 * A step of a story: a command, an earlier one once more (the same fact, reported again), or an earlier request once
 * more (with its Idempotency-Key). `back` counts from the latest, 0; beyond the first there is nothing to do.
 */
export type Step = Command | { do: 'again'; back: number } | { do: 'retry'; back: number };

/** Where programs differ. */
export interface ModelRules {
  missedFacts: MissingPolicy;
  noSpend: MissingPolicy;
  latePayoutDate: 'pay_at_once' | 'next_in_calendar';
  deferral: { maximum: number; by: ('partner' | 'admin')[] };
}

export type MissingPolicy = { then: 'close' } | { then: 'roll_on'; atMost: number };

export interface Story {
  rules: ModelRules;
  form: ModelForm;
  steps: Step[];
}

const some = fc.constantFrom;
const of = some('present', 'present', 'present', 'other' as const);
const criteria = fc.option(
  fc.subarray<PartnerCriterion>(['subscription', 'survey_template', 'data_sharing'], { minLength: 1 }),
  { nil: undefined, freq: 2 },
);
const form = {
  account: fc.oneof(
    { weight: 4, arbitrary: some<AccountName>('usual', 'large', 'london') },
    {
      weight: 1,
      arbitrary: some<AccountName>('small', 'idle', 'suspended', 'elsewhere', 'inCanadianDollars', 'unknown'),
    },
  ),
  contact: some('nora@northwind.example', 'nils@northwind.example'),
  partner: some('kno', 'kno', 'kno', 'fairing' as const),
  platform: some('shopify', 'woocommerce' as const),
  authorized: some(true, true, true, false),
};
const change = fc.oneof(
  ...Object.entries(form).map(([field, value]) => ({
    weight: field === 'account' ? 3 : 1,
    arbitrary: fc.record({ [field]: value }) as fc.Arbitrary<Partial<ModelForm>>,
  })),
);
const reasonCode = fc.option(some('PARTNER_REJECTED', 'TEMPLATE_NOT_FOUND', 'API_KEY_INVALID'), {
  nil: undefined,
});

/** How often each is drawn; the straight path to the payout is likelier than what leaves it. */
const COMMANDS: [number, fc.Arbitrary<Step>][] = [
  [7, fc.record({ do: some('confirm'), by: some<Person>('kno', 'kno', 'fairing', 'ana'), of, criteria })],
  [2, fc.record({ do: some('reject'), by: some<Person>('kno', 'fairing', 'ana'), of, criteria, reasonCode })],
  [5, fc.record({ do: some('complete'), by: some<Person>('shop-app', 'ana') })],
  [1, fc.record({ do: some('reopen'), by: some<Person>('ana') })],
  [4, fc.record({ do: some('resubmit'), by: some<Person>('shop-app'), change })],
  [4, fc.record({ do: some('defer'), by: some<Person>('kno', 'kno', 'fairing', 'ana', 'ana'), month: months() })],
  [2, fc.record({ do: some('hold'), by: some<Person>('ana'), reasonCode: some('FRAUD_REVIEW', 'POSSIBLE_DUPLICATE') })],
  [4, fc.record({ do: some('release'), by: some<Person>('ana') })],
  [2, fc.record({ do: some('waive'), by: some<Person>('ana'), criterion: waivable() })],
  [1, fc.record({ do: some('withdraw'), by: some<Person>('shop-app', 'ana') })],
  [
    4,
    fc.record({
      do: some('decide'),
      by: some<Person>('bo', 'bo', 'ana as approver'),
      outcome: some('approve', 'approve', 'reject', 'send_back' as const),
      on: some('present', 'present', 'present', 'old' as const),
    }),
  ],
  [8, fc.record({ do: some('advance'), to: moments() })],
  [2, fc.record({ do: some('again'), back: fc.nat({ max: 3 }) })],
  [2, fc.record({ do: some('retry'), back: fc.nat({ max: 3 }) })],
];

const step = fc.oneof(...COMMANDS.map(([weight, arbitrary]) => ({ weight, arbitrary })));

/** Half of the stories begin with all facts in, so that they get as far as the money. */
const beginnings = some<Step[]>(
  [],
  [],
  [
    { do: 'complete', by: 'shop-app' },
    { do: 'confirm', by: 'ana', of: 'present' },
  ],
  [
    { do: 'confirm', by: 'ana', of: 'present' },
    { do: 'complete', by: 'shop-app' },
    { do: 'advance', to: 'calculation' },
  ],
);

export const stories: fc.Arbitrary<Story> = fc.record({
  rules: fc.record({
    missedFacts: policies(),
    noSpend: policies(),
    latePayoutDate: some('pay_at_once', 'next_in_calendar' as const),
    deferral: fc.record({
      maximum: some(1, 2),
      by: some<ModelRules['deferral']['by']>(['partner', 'admin'], ['partner', 'admin'], ['partner'], ['admin']),
    }),
  }),
  form: fc.record(form),
  steps: fc
    .tuple(beginnings, fc.array(step, { minLength: 7, maxLength: 12, size: 'max' }))
    .map(([beginning, rest]) => [...beginning, ...rest]),
});

function policies(): fc.Arbitrary<MissingPolicy> {
  return some<MissingPolicy>({ then: 'close' }, { then: 'roll_on', atMost: 1 });
}

function months(): fc.Arbitrary<string> {
  return some('2023-10', '2023-11', '2023-12', '2023-12', '2024-01', '2024-01', '2024-02', '2024-03');
}

function waivable(): fc.Arbitrary<string> {
  return some('subscription', 'survey_template', 'data_sharing', 'questionnaire');
}

function moments(): fc.Arbitrary<Moment> {
  return some<Moment>('before calculation', 'calculation', 'calculation', 'before payout', 'payout', 'payout', 'a month later');
}
