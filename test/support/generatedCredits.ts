/** Generated terms, which pass parseDefinition, and spend around the amounts at which they change. For fast-check. */
import * as fc from 'fast-check';
import type { SpendRow } from '../../program/adAccount';
import { payMinor, type CreditInput, type CreditTerms } from '../../program/credit';
import type { AmountTable, Pay } from '../../program/definition';
import { parseDecimal, toDecimal, type Rounding } from '../../program/money';

const REGIONS: Record<string, string[]> = {
  US: ['US'],
  EU: ['DE', 'FR'],
  GB: ['GB'],
  JP: ['JP'],
  KW: ['KW'],
  MAGHREB: ['TN', 'LY'],
};
/** Currencies of tables, each with one of no table that has as many decimals. */
const CURRENCIES = { JPY: 'VND', KRW: 'VND', USD: 'CHF', EUR: 'CHF', KWD: 'BHD', TND: 'BHD' };
const BONUSES: CreditTerms['bonuses'] = [
  { id: 'own-store', name: 'not on Shopify', when: { storePlatformNot: ['shopify'] } },
  { id: 'with-kno', name: 'with KnoCommerce', when: { surveyPartner: ['kno'] } },
  {
    id: 'both',
    name: 'both',
    when: { storePlatformNot: ['shopify', 'other'], surveyPartner: ['kno', 'okendo'] },
  },
];
type Generated<Arbitrary> = Arbitrary extends fc.Arbitrary<infer Value> ? Value : never;

const SPAN = { from: '2023-12-01', to: '2023-12-31' };
const DATES = Array.from({ length: 31 }, (_, index) => `2023-12-${String(index + 1).padStart(2, '0')}`);

const percents = fc.oneof(
  fc.constantFrom('50', '12.5', '2.5', '0.5', '33.3333', '100', '250'), // halves are rare otherwise
  fc.integer({ min: 1, max: 1_000_000 }).map((tenThousandths) => String(tenThousandths / 10_000)),
);
/** By how much it pays more than what is below it, in minor units, and whether as a share. */
const rawPay = fc.record({
  rise: fc.oneof(
    { weight: 1, arbitrary: fc.constant(0) },
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 1_000_000 }) },
  ),
  percent: fc.option(percents, { nil: null }),
});

const rawTable = fc.record({
  currencies: fc.subarray(Object.keys(CURRENCIES), { minLength: 1, maxLength: 2 }),
  from: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1_000_000 })),
  tiers: fc.array(fc.record({ step: fc.integer({ min: 1, max: 2_000_000 }), pay: rawPay }), {
    minLength: 1,
    maxLength: 5,
  }),
  bonuses: fc.tuple(rawPay, rawPay, rawPay),
  capAbove: fc.option(fc.integer({ min: 1, max: 3_000_000 }), { nil: null }),
});

/** 1 to 6 regions with one or two currencies each; fixed amounts and percentages, bonuses and caps. */
export const generatedTerms: fc.Arbitrary<CreditTerms> = fc
  .record({
    names: fc.subarray(Object.keys(REGIONS), { minLength: 1 }),
    tables: fc.tuple(rawTable, rawTable, rawTable, rawTable, rawTable, rawTable),
    bonuses: fc.subarray(BONUSES),
    rounding: fc.constantFrom<Rounding>('half_up', 'half_even', 'down'),
    spendBasis: fc.constantFrom('spend', 'billed_cost', 'cash_spend'),
    lookBackDays: fc.constantFrom(null, 31),
  })
  .map(({ names, tables, ...terms }) => ({
    ...terms,
    regions: Object.fromEntries(names.map((name) => [name, REGIONS[name]!])),
    credit: names.flatMap((region, index) =>
      tables[index]!.currencies.map((currency) => tableOf(tables[index]!, region, currency, terms)),
    ),
  }));

function tableOf(
  raw: Generated<typeof rawTable>,
  region: string,
  currency: string,
  { bonuses, rounding }: Pick<CreditTerms, 'bonuses' | 'rounding'>,
): AmountTable {
  const decimal = (amountMinor: number) => toDecimal({ amountMinor, currency });
  const payOf = ({ percent, rise }: Generated<typeof rawPay>, atLeast: number): Pay =>
    percent === null ? { amount: decimal(atLeast + rise) } : { percent, upTo: decimal(atLeast + rise) };
  const paid = (pay: Pay, spendMinor: number) => payMinor(pay, currency, spendMinor, rounding);

  const tiers: AmountTable['tiers'] = [];
  let fromMinor = raw.from;
  for (const { step, pay: rawOfTier } of raw.tiers) {
    const previous = tiers.at(-1);
    if (previous) fromMinor += step;
    // A tier must not pay less than the one below it; a share that would is a fixed amount.
    const below = previous ? paid(previous, fromMinor - 1) : 0;
    const pay = payOf(rawOfTier, below);
    tiers.push({
      from: decimal(fromMinor),
      ...(paid(pay, fromMinor) >= below ? pay : { amount: decimal(below) }),
    });
  }
  // A table that never pays anything is refused.
  const top = tiers.at(-1)!;
  if (parseDecimal((top.amount ?? top.upTo)!, currency) === 0)
    tiers[tiers.length - 1] = { from: top.from, amount: decimal(1) };
  return {
    region,
    currency,
    tiers,
    bonuses: Object.fromEntries(bonuses.map(({ id }, index) => [id, payOf(raw.bonuses[index]!, 1)])),
    // A cap that the first tier reaches alone would leave the bonuses without effect.
    cap: raw.capAbove === null ? null : decimal(paid(tiers[0]!, raw.from) + raw.capAbove),
    approvalThreshold: null,
  };
}

/** What the spend aims at, and what is out of the ordinary; independent of the terms (inputFor). */
export const generatedSpend = fc.record({
  table: fc.nat({ max: 11 }),
  aim: fc.oneof(
    fc.record({
      at: fc.constantFrom('tier', 'limit'),
      tier: fc.nat({ max: 4 }),
      by: fc.integer({ min: -2, max: 2 }),
    }),
    fc.record({
      at: fc.constant('amount'),
      tier: fc.constant(0),
      by: fc.integer({ min: -5, max: 12_000_000 }),
    }),
  ),
  /** All days but the last, which makes up the rest: negative ones are corrections, null is no data. */
  days: fc.array(fc.option(fc.integer({ min: -50_000, max: 500_000 }), { nil: null }), { maxLength: 8 }),
  dates: fc.shuffledSubarray(DATES, { minLength: 9, maxLength: 9 }),
  surveyPartner: fc.constantFrom('fairing', 'kno', 'okendo'),
  storePlatform: fc.constantFrom('shopify', 'woocommerce', 'other'),
  oddity: fc.oneof(
    { weight: 9, arbitrary: fc.constant('none') },
    {
      weight: 1,
      arbitrary: fc.constantFrom('country', 'currency', 'report', 'spent before', 'other before'),
    },
  ),
});
export type GeneratedSpend = Generated<typeof generatedSpend>;

/** The input that a spend is under these terms, with so much more spend (minor units). */
export function inputFor(terms: CreditTerms, generated: GeneratedSpend, moreMinor = 0): CreditInput {
  const { days, dates, oddity, surveyPartner, storePlatform } = generated;
  const table = terms.credit[generated.table % terms.credit.length]!;
  const otherCurrency = CURRENCIES[table.currency as keyof typeof CURRENCIES];
  const currency = oddity === 'currency' ? otherCurrency : table.currency;
  const rowOn = (date: string, amountMinor: number | null, rowCurrency: string): SpendRow => ({
    date,
    currency: rowCurrency,
    amounts: {
      // Unreadable, so that a look at another figure than the program's throws.
      ...{ spend: 'not counted', billed_cost: 'not counted', cash_spend: 'not counted' },
      [terms.spendBasis]: amountMinor === null ? '-' : toDecimal({ amountMinor, currency: table.currency }),
    },
  });
  const rest =
    aimedAt(table, generated.aim) + moreMinor - days.reduce<number>((sum, day) => sum + (day ?? 0), 0);
  const rows = [...days, rest].map((amountMinor, index) =>
    rowOn(
      dates[index]!,
      amountMinor,
      oddity === 'report' && index === days.length ? otherCurrency : currency,
    ),
  );
  const before = oddity === 'spent before' ? [rowOn('2023-12-05', 1, currency)] : [];
  const otherBefore = oddity === 'other before' ? [rowOn('2023-12-05', 0, otherCurrency)] : [];
  return {
    programRevision: 1,
    country: oddity === 'country' ? 'BR' : terms.regions[table.region]!.at(-1)!,
    currency,
    spend: { ...SPAN, rows },
    lookBack: terms.lookBackDays === null ? null : { ...SPAN, rows: [...before, ...otherBefore] },
    facts: { surveyPartner, storePlatform },
  };
}

/** Minor units: the border of a tier, the spend at which its share reaches the limit, or any amount. */
function aimedAt({ tiers, currency }: AmountTable, { at, tier, by }: GeneratedSpend['aim']): number {
  if (at === 'amount') return by;
  const { from, percent, upTo } = tiers[tier % tiers.length]!;
  if (at === 'tier' || percent === undefined || upTo === undefined) return parseDecimal(from, currency) + by;
  return Math.round((parseDecimal(upTo, currency) * 100) / Number(percent)) + by;
}
