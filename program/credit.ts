/**
 * The credit: a pure function of the definition's amounts, the ad account's country and currency, its spend and a few
 * facts, explained line by line. No I/O, no library; recomputing from stored inputs gives the same bytes for ever
 * (test/golden/), so a change of any result is a new ENGINE_VERSION, beside the old one.
 */
import type { SpendRow } from './adAccount';
import type { AmountTable, Bonus, Pay, ProgramDefinition } from './definition';
import { formatAmount, formatMoney, parseDecimal, percentageOf, sumMinor, type Rounding } from './money';

export const ENGINE_VERSION = 1;

/** The part of a definition that the credit reads; a whole definition may be passed. */
export type CreditTerms = Pick<
  ProgramDefinition,
  'regions' | 'spendBasis' | 'lookBackDays' | 'credit' | 'rounding' | 'bonuses'
>;

/** What a spend report says of a span of days, both inclusive. */
export interface ReportedSpend {
  from: string;
  to: string;
  /** Days of the span, in any order, each at most once. */
  rows: readonly SpendRow[];
}

export interface CreditInput {
  /** The revision that `terms` are of; null for one that is not published. */
  programRevision: number | null;
  /** ISO 3166-1 alpha-2 country of the ad account. */
  country: string;
  /** ISO 4217 currency of the ad account. */
  currency: string;
  /** The calculation period. */
  spend: ReportedSpend;
  /** The days before the enrollment in which the account must not have spent; null if the terms name none. */
  lookBack: ReportedSpend | null;
  /** Ids of the definition's partners and store platforms. */
  facts: { surveyPartner: string; storePlatform: string };
}

/** One step of the computation. The amounts of all lines add up to the credit. */
export interface CreditLine {
  rule:
    'tier' | 'percentage' | 'bonus' | 'cap' | 'region' | 'currency' | 'spend' | 'minimum_spend' | 'look_back';
  /** For people, e.g. `region US, tier "10,000 and more"`. */
  text: string;
  /** What the rule looked at; amounts in minor units. */
  inputs: Record<string, string | number>;
  amountMinor: number;
}

export type NoCreditReason =
  | 'NO_SPEND_IN_PERIOD'
  | 'BELOW_MINIMUM_SPEND'
  | 'CURRENCY_MISMATCH'
  | 'REGION_NOT_ELIGIBLE'
  | 'SPENT_BEFORE_ENROLLMENT';

export type CreditResult = {
  /** The ad account's currency; that of every amount in the result. */
  currency: string;
  lines: CreditLine[];
  programRevision: number | null;
  engineVersion: typeof ENGINE_VERSION;
} & (
  | { outcome: 'credit'; amountMinor: number; spendMinor: number; region: string }
  /** `spendMinor` is null if the report is in another currency than the ad account: amounts are never converted. */
  | { outcome: 'none'; reasonCode: NoCreditReason; spendMinor: number | null; region: string | null }
);

/** The input contradicts itself or the definition: a fault of the caller, to be looked at by a person. */
export class CreditInputError extends Error {
  override readonly name = 'CreditInputError';
  readonly code = 'CREDIT_INPUT_INVALID';
}

/** The region of a country, or null if the program has none for it. */
export function regionOf(regions: CreditTerms['regions'], country: string): string | null {
  return Object.entries(regions).find(([, countries]) => countries.includes(country))?.[0] ?? null;
}

/** The amounts for ad accounts of a region in a currency, if the program has them. */
export function amountTableOf(
  { credit }: Pick<CreditTerms, 'credit'>,
  region: string,
  currency: string,
): AmountTable | undefined {
  return credit.find((table) => table.region === region && table.currency === currency);
}

/** The spend from which a brand counts as "actively advertising" (program page, 4), in minor units. */
export function minimumSpendMinor({ tiers, currency }: AmountTable): number {
  return parseDecimal(tiers[0]!.from, currency);
}

/**
 * What a tier or bonus pays for a spend (minor units). Throws CreditInputError if it states neither an amount nor a
 * limited percentage.
 */
export function payMinor(pay: Pay, currency: string, spendMinor: number, rounding: Rounding): number {
  if (pay.amount !== undefined) return parseDecimal(pay.amount, currency);
  if (pay.percent === undefined || pay.upTo === undefined)
    throw new CreditInputError('A tier or bonus states neither an amount nor a percentage with its limit.');
  return percentageOf(spendMinor, pay.percent, rounding, parseDecimal(pay.upTo, currency));
}

/**
 * Computes the credit of one calculation period. Having none is a result with its reason. Throws MoneyError for an
 * unreadable amount and CreditInputError for a report that is not one of the period's days, each once.
 */
export function computeCredit(terms: CreditTerms, input: CreditInput): CreditResult {
  const { country, currency, facts, programRevision } = input;
  const spendMinor = totalSpend(terms, currency, input.spend);
  const region = regionOf(terms.regions, country);
  const shared = { currency, programRevision, engineVersion: ENGINE_VERSION } as const;
  const none = (
    reasonCode: NoCreditReason,
    rule: CreditLine['rule'],
    text: string,
    inputs: CreditLine['inputs'],
  ): CreditResult => ({
    outcome: 'none',
    reasonCode,
    spendMinor,
    region,
    lines: [{ rule, text, inputs, amountMinor: 0 }],
    ...shared,
  });

  if (region === null) {
    const text = `country ${country} is in no region of the program`;
    return none('REGION_NOT_ELIGIBLE', 'region', text, { country });
  }
  const table = amountTableOf(terms, region, currency);
  if (!table) {
    const text = `region ${region} has no amounts in ${currency}`;
    return none('CURRENCY_MISMATCH', 'currency', text, { region, currency });
  }
  if (spendMinor === null) {
    const text = `the spend report is not in ${currency}, the currency of the ad account`;
    return none('CURRENCY_MISMATCH', 'currency', text, { region, currency });
  }
  const inputs = { region, currency, spendBasis: terms.spendBasis, spendMinor };
  const lookBack = spentBefore(terms, input);
  if (lookBack) {
    const text =
      lookBack.spendMinor === undefined
        ? `the report from ${lookBack.from} to ${lookBack.to} shows spend in another currency than ${currency}`
        : `the ad account has spent from ${lookBack.from} to ${lookBack.to}`;
    return none('SPENT_BEFORE_ENROLLMENT', 'look_back', text, { ...lookBack });
  }
  if (spendMinor <= 0) return none('NO_SPEND_IN_PERIOD', 'spend', 'no spend in the period', inputs);

  const tier = table.tiers.findLast(({ from }) => parseDecimal(from, currency) <= spendMinor);
  if (!tier) {
    const minimumMinor = minimumSpendMinor(table);
    const [spend, minimum] = [spendMinor, minimumMinor].map((amountMinor) =>
      formatMoney({ amountMinor, currency }),
    );
    const text = `spend ${spend} is below the minimum ${minimum}`;
    return none('BELOW_MINIMUM_SPEND', 'minimum_spend', text, { ...inputs, minimumMinor });
  }

  const lines: CreditLine[] = [
    tierLine(terms, region, tier, currency, spendMinor),
    ...bonusLines(terms, table, spendMinor, facts),
  ];
  const cap = capLine(table, lines);
  if (cap) lines.push(cap);
  const amountMinor = sumMinor(lines.map((line) => line.amountMinor));
  if (amountMinor === 0) {
    // A share of less than a minor unit, say. No rail pays 0.
    return { outcome: 'none', reasonCode: 'BELOW_MINIMUM_SPEND', spendMinor, region, lines, ...shared };
  }
  return { outcome: 'credit', amountMinor, spendMinor, region, lines, ...shared };
}

/** Minor units of the program's spend basis; null if any day is in another currency. "-" is no data. */
function totalSpend(
  { spendBasis }: Pick<CreditTerms, 'spendBasis'>,
  currency: string,
  report: ReportedSpend,
): number | null {
  requireDays(report);
  const reported = report.rows.filter((row) => row.amounts[spendBasis] !== '-');
  if (reported.some((row) => row.currency !== currency)) return null;
  return sumMinor(reported.map((row) => parseDecimal(row.amounts[spendBasis], currency)));
}

/** Throws CreditInputError unless each day is one of the span, once. */
function requireDays({ from, to, rows }: ReportedSpend): void {
  const dates = new Set(rows.map((row) => row.date));
  if (dates.size < rows.length)
    throw new CreditInputError('The spend report has a day twice; read it again.');
  const stray = rows.find(({ date }) => date < from || date > to);
  if (stray)
    throw new CreditInputError(`The spend report has ${stray.date}, which is not from ${from} to ${to}.`);
}

/** The look-back in which the account has spent, if it has. A report in another currency counts as spent. */
function spentBefore(terms: CreditTerms, { currency, lookBack }: CreditInput) {
  if ((terms.lookBackDays === null) !== (lookBack === null))
    throw new CreditInputError(
      'The days before the enrollment are needed if the program looks back, and only then.',
    );
  if (lookBack === null) return undefined;
  requireDays(lookBack);
  const { from, to } = lookBack;
  // Days of 0.00 are no spend, whatever their currency; a refund on another day does not undo a day's spend.
  const rows = lookBack.rows.filter((row) => /^[^-]*[1-9]/.test(row.amounts[terms.spendBasis]));
  const spendMinor = totalSpend(terms, currency, { from, to, rows });
  if (spendMinor !== null && spendMinor <= 0) return undefined;
  return { from, to, ...(spendMinor !== null && { spendMinor }) };
}

function tierLine(
  { rounding, spendBasis }: CreditTerms,
  region: string,
  tier: AmountTable['tiers'][number],
  currency: string,
  spendMinor: number,
): CreditLine {
  const tierFromMinor = parseDecimal(tier.from, currency);
  const name = `region ${region}, tier "${roundAmount(tierFromMinor, currency)} and more"`;
  const share = shareInputs(tier, currency, rounding);
  return {
    rule: share ? 'percentage' : 'tier',
    text: share ? `${name}: ${shareText(tier, currency, spendMinor)}` : name,
    inputs: { region, currency, spendBasis, spendMinor, tierFromMinor, ...share },
    amountMinor: payMinor(tier, currency, spendMinor, rounding),
  };
}

function bonusLines(
  { bonuses, rounding }: CreditTerms,
  { region, currency, bonuses: pays }: AmountTable,
  spendMinor: number,
  facts: CreditInput['facts'],
): CreditLine[] {
  return bonuses
    .filter((bonus) => applies(bonus, facts))
    .map((bonus): CreditLine => {
      const pay = Object.hasOwn(pays, bonus.id) ? pays[bonus.id] : undefined;
      if (!pay)
        throw new CreditInputError(`Region ${region} states no ${currency} amount for bonus "${bonus.id}".`);
      const share = shareInputs(pay, currency, rounding);
      return {
        rule: 'bonus',
        text: share ? `${bonus.name}: ${shareText(pay, currency, spendMinor)}` : bonus.name,
        inputs: { bonus: bonus.id, ...facts, ...(share && { spendMinor, ...share }) },
        amountMinor: payMinor(pay, currency, spendMinor, rounding),
      };
    })
    .filter((line) => line.amountMinor > 0);
}

function applies({ when }: Bonus, { surveyPartner, storePlatform }: CreditInput['facts']): boolean {
  return (
    (when.surveyPartner === undefined || when.surveyPartner.includes(surveyPartner)) &&
    (when.storePlatformNot === undefined || !when.storePlatformNot.includes(storePlatform))
  );
}

/** What a percentage looked at; undefined for a fixed amount. */
function shareInputs({ percent, upTo }: Pay, currency: string, rounding: Rounding) {
  if (percent === undefined || upTo === undefined) return undefined;
  return { percent, upToMinor: parseDecimal(upTo, currency), rounding };
}

/** `10 % of 12,480.00 USD, up to 1,000.00 USD`. */
function shareText({ percent, upTo }: Pay, currency: string, spendMinor: number): string {
  const limit = formatMoney({ amountMinor: parseDecimal(upTo!, currency), currency });
  return `${percent} % of ${formatMoney({ amountMinor: spendMinor, currency })}, up to ${limit}`;
}

/** What the cap takes off, as a negative line. */
function capLine(table: AmountTable, lines: readonly CreditLine[]): CreditLine | undefined {
  if (table.cap === null) return undefined;
  const capMinor = parseDecimal(table.cap, table.currency);
  const uncappedMinor = sumMinor(lines.map((line) => line.amountMinor));
  if (uncappedMinor <= capMinor) return undefined;
  return {
    rule: 'cap',
    text: `capped at ${formatMoney({ amountMinor: capMinor, currency: table.currency })}`,
    inputs: { capMinor, uncappedMinor },
    amountMinor: capMinor - uncappedMinor,
  };
}

/** `10,000` for 10,000.00: how people name a tier. */
export function roundAmount(amountMinor: number, currency: string): string {
  return formatAmount({ amountMinor, currency }).replace(/\.0+$/, '');
}
