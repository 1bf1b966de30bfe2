/**
 * The credit computed a second time, from the words of the definition alone and with nothing of program/: amounts are
 * fractions of whole numbers in major units, rounded once at the end. Slow and plain, to compare with.
 */
import type { CreditInput, CreditTerms, NoCreditReason } from '../../program/credit';
import type { Pay } from '../../program/definition';

export type NaiveCredit =
  { amountMinor: bigint; reason?: undefined } | { amountMinor: 0n; reason: NoCreditReason };

/** numerator / denominator; the denominator is a power of ten. */
type Fraction = readonly [bigint, bigint];

const DECIMALS: Record<string, number> = { JPY: 0, KRW: 0, USD: 2, EUR: 2, KWD: 3, TND: 3 };

export function naiveCredit(terms: CreditTerms, input: CreditInput): NaiveCredit {
  const { country, currency } = input;
  const region = Object.keys(terms.regions).find((name) => terms.regions[name]!.includes(country));
  if (region === undefined) return none('REGION_NOT_ELIGIBLE');
  const table = terms.credit
    .filter((each) => each.region === region)
    .find((each) => each.currency === currency);
  if (!table) return none('CURRENCY_MISMATCH');

  const spend = spendOf(input.spend.rows);
  if (spend === 'another currency') return none('CURRENCY_MISMATCH');
  // Zeros of any currency are no spend, and refunds undo none.
  const rowsBefore = (input.lookBack?.rows ?? []).filter(
    ({ amounts }) => amounts[terms.spendBasis] !== '-' && Number(amounts[terms.spendBasis]) > 0,
  );
  const before = spendOf(rowsBefore);
  if (before === 'another currency' || isMore(before, zero)) return none('SPENT_BEFORE_ENROLLMENT');
  if (!isMore(spend, zero)) return none('NO_SPEND_IN_PERIOD');

  let tier: Pay | undefined;
  for (const candidate of table.tiers) if (!isMore(fraction(candidate.from), spend)) tier = candidate;
  if (!tier) return none('BELOW_MINIMUM_SPEND');
  let amountMinor = paid(tier, spend);
  for (const { id, when } of terms.bonuses) {
    if (when.surveyPartner && !when.surveyPartner.includes(input.facts.surveyPartner)) continue;
    if (when.storePlatformNot?.includes(input.facts.storePlatform)) continue;
    amountMinor += paid(table.bonuses[id]!, spend);
  }
  if (table.cap !== null && amountMinor > minor(fraction(table.cap)))
    amountMinor = minor(fraction(table.cap));
  return amountMinor === 0n ? none('BELOW_MINIMUM_SPEND') : { amountMinor };

  function spendOf(rows: CreditInput['spend']['rows']): Fraction | 'another currency' {
    let total = zero;
    for (const row of rows) {
      const text = row.amounts[terms.spendBasis];
      if (text === '-') continue;
      if (row.currency !== currency) return 'another currency';
      total = plus(total, fraction(text));
    }
    return total;
  }

  function paid({ amount, percent, upTo }: Pay, [numerator, denominator]: Fraction): bigint {
    if (amount !== undefined) return minor(fraction(amount));
    const [percentOver, percentUnder] = fraction(percent!);
    const share = minor([numerator * percentOver, denominator * percentUnder * 100n]);
    const limit = minor(fraction(upTo!));
    return share < limit ? share : limit;
  }

  /** Rounded; what is stated in the currency's decimals is a whole number anyway. */
  function minor([numerator, denominator]: Fraction): bigint {
    const over = numerator * 10n ** BigInt(DECIMALS[currency]!);
    if (terms.rounding === 'down') return over / denominator;
    const isHalf = (over * 2n) % (denominator * 2n) === denominator;
    const halfUp = (over * 2n + denominator) / (denominator * 2n);
    return isHalf && terms.rounding === 'half_even' && halfUp % 2n === 1n ? halfUp - 1n : halfUp;
  }
}

const zero: Fraction = [0n, 1n];

function none(reason: NoCreditReason): NaiveCredit {
  return { amountMinor: 0n, reason };
}

function fraction(text: string): Fraction {
  const [whole = '', decimals = ''] = text.split('.');
  return [BigInt(whole + decimals), 10n ** BigInt(decimals.length)];
}

function plus([a, b]: Fraction, [c, d]: Fraction): Fraction {
  return [a * d + c * b, b * d];
}

function isMore([a, b]: Fraction, [c, d]: Fraction): boolean {
  return a * d > c * b;
}
