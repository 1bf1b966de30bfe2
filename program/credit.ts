/**
 * The credit: a pure function of the definition's amounts, the ad account's country and currency, its spend and a few
 * facts, explained line by line. No I/O, no library; recomputing from stored inputs gives the same result for ever, so a
 * change of any result is a new ENGINE_VERSION.
 */
import type { SpendRow } from './adAccount';
import type { AmountTable, Bonus, ProgramDefinition } from './definition';
import { formatAmount, formatMoney, parseDecimal, sumMinor } from './money';

export const ENGINE_VERSION = 1;

/** The part of a definition that the credit reads; a whole definition may be passed. */
export type CreditTerms = Pick<ProgramDefinition, 'regions' | 'spendBasis' | 'credit' | 'bonuses'>;

export interface CreditInput {
  terms: CreditTerms;
  /** ISO 3166-1 alpha-2 country of the ad account. */
  country: string;
  /** ISO 4217 currency of the ad account. */
  currency: string;
  /** The days of the calculation period, in any order, each at most once. */
  rows: readonly SpendRow[];
  /** Ids of the definition's partners and store platforms. */
  facts: { surveyPartner: string; storePlatform: string };
}

/** One step of the computation. The amounts of all lines add up to the credit. */
export interface CreditLine {
  rule: 'tier' | 'bonus' | 'cap' | 'region' | 'currency' | 'spend' | 'minimum_spend';
  /** For people, e.g. `region US, tier "10,000 and more"`. */
  text: string;
  /** What the rule looked at; amounts in minor units. */
  inputs: Record<string, string | number>;
  amountMinor: number;
}

export type NoCreditReason =
  'NO_SPEND_IN_PERIOD' | 'BELOW_MINIMUM_SPEND' | 'CURRENCY_MISMATCH' | 'REGION_NOT_ELIGIBLE';

export type CreditResult = {
  /** The ad account's currency; that of every amount in the result. */
  currency: string;
  lines: CreditLine[];
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

/**
 * Computes the credit of one calculation period. Having none is a result with its reason. Throws MoneyError for an
 * unreadable amount and CreditInputError for a day that is reported twice.
 */
export function computeCredit(input: CreditInput): CreditResult {
  const { terms, country, currency, facts } = input;
  const spendMinor = totalSpend(input);
  const region = regionOf(terms.regions, country);
  const none = (
    reasonCode: NoCreditReason,
    rule: CreditLine['rule'],
    text: string,
    inputs: CreditLine['inputs'],
  ): CreditResult => ({
    outcome: 'none',
    reasonCode,
    spendMinor,
    currency,
    region,
    lines: [{ rule, text, inputs, amountMinor: 0 }],
    engineVersion: ENGINE_VERSION,
  });

  if (region === null) {
    return none('REGION_NOT_ELIGIBLE', 'region', `country ${country} is in no region of the program`, {
      country,
    });
  }
  const table = terms.credit.find(
    (candidate) => candidate.region === region && candidate.currency === currency,
  );
  if (!table) {
    return none('CURRENCY_MISMATCH', 'currency', `region ${region} has no amounts in ${currency}`, {
      region,
      currency,
    });
  }
  if (spendMinor === null) {
    return none(
      'CURRENCY_MISMATCH',
      'currency',
      `the spend report is not in ${currency}, the currency of the ad account`,
      {
        region,
        currency,
      },
    );
  }
  const inputs = { region, currency, spendBasis: terms.spendBasis, spendMinor };
  if (spendMinor <= 0) return none('NO_SPEND_IN_PERIOD', 'spend', 'no spend in the period', inputs);

  const minimumMinor = parseDecimal(table.minimumSpend, currency);
  const tier = highestTier(table, spendMinor);
  if (spendMinor < minimumMinor || !tier) {
    const spend = formatMoney({ amountMinor: spendMinor, currency });
    const minimum = formatMoney({ amountMinor: minimumMinor, currency });
    return none('BELOW_MINIMUM_SPEND', 'minimum_spend', `spend ${spend} is below the minimum ${minimum}`, {
      ...inputs,
      minimumMinor,
    });
  }

  const lines: CreditLine[] = [
    {
      rule: 'tier',
      text: `region ${region}, tier "${roundAmount(tier.fromMinor, currency)} and more"`,
      inputs: { ...inputs, tierFromMinor: tier.fromMinor },
      amountMinor: tier.amountMinor,
    },
    ...bonusLines(terms.bonuses, table, facts),
  ];
  const cap = capLine(table, lines);
  if (cap) lines.push(cap);
  const amountMinor = sumMinor(lines.map((line) => line.amountMinor));
  return {
    outcome: 'credit',
    amountMinor,
    spendMinor,
    currency,
    region,
    lines,
    engineVersion: ENGINE_VERSION,
  };
}

/** Minor units of the program's spend basis; null if any day is in another currency. "-" is no data. */
function totalSpend({ terms, currency, rows }: CreditInput): number | null {
  const dates = new Set(rows.map((row) => row.date));
  if (dates.size < rows.length)
    throw new CreditInputError('The spend report has a day twice; read it again.');
  const reported = rows.filter((row) => row.amounts[terms.spendBasis] !== '-');
  if (reported.some((row) => row.currency !== currency)) return null;
  return sumMinor(reported.map((row) => parseDecimal(row.amounts[terms.spendBasis], currency)));
}

function highestTier(table: AmountTable, spendMinor: number) {
  return table.tiers
    .map((tier) => ({
      fromMinor: parseDecimal(tier.from, table.currency),
      amountMinor: parseDecimal(tier.amount, table.currency),
    }))
    .findLast((tier) => tier.fromMinor <= spendMinor);
}

function bonusLines(
  bonuses: readonly Bonus[],
  table: AmountTable,
  facts: CreditInput['facts'],
): CreditLine[] {
  return bonuses
    .filter((bonus) => applies(bonus, facts))
    .map((bonus) => {
      const amount = Object.hasOwn(table.bonuses, bonus.id) ? table.bonuses[bonus.id] : undefined;
      if (amount === undefined) {
        throw new CreditInputError(
          `Region ${table.region} states no ${table.currency} amount for bonus "${bonus.id}".`,
        );
      }
      return {
        rule: 'bonus' as const,
        text: bonus.name,
        inputs: { bonus: bonus.id, ...facts },
        amountMinor: parseDecimal(amount, table.currency),
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
function roundAmount(amountMinor: number, currency: string): string {
  return formatAmount({ amountMinor, currency }).replace(/\.0+$/, '');
}
