/**
 * Money: integer minor units with an ISO 4217 currency. Pure and without a library, because workflow code uses it too;
 * BigInt only inside, safe integers in and out. No Intl: what is printed must not depend on a machine's locale data.
 */
export interface Money {
  /** Minor units of the currency: 450000 is 4,500.00 USD, and 450,000 JPY. */
  amountMinor: number;
  /** ISO 4217 alphabetic code. */
  currency: string;
}

export interface DisplayedMoney extends Money {
  /** For people, e.g. `4,500.00 USD`. */
  display: string;
}

export class MoneyError extends Error {
  override readonly name = 'MoneyError';
  constructor(
    readonly code: 'MALFORMED' | 'TOO_MANY_DECIMALS' | 'OUT_OF_RANGE',
    message: string,
  ) {
    super(message);
  }
}

/** The currencies of ISO 4217 whose minor unit is not a hundredth; CLF and UYW are units of account with 4 decimals. */
const EXPONENTS: ReadonlyMap<string, number> = new Map([
  ...['BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV'].map(
    (code) => [code, 0] as const,
  ),
  ...['XAF', 'XOF', 'XPF'].map((code) => [code, 0] as const),
  ...['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'].map((code) => [code, 3] as const),
  ...['CLF', 'UYW'].map((code) => [code, 4] as const),
]);

/** Decimals of a currency: 0, 2, 3 or 4; 2 for every code that is no exception. */
export function currencyExponent(currency: string): number {
  return EXPONENTS.get(currency) ?? 2;
}

/**
 * Minor units of a decimal string such as `4500`, `4500.5` or `-4500.50`; exact, never rounded. Decimals beyond those of
 * the currency are accepted only if they are zeros (reports write `100.00` for yen). Throws MoneyError for anything else:
 * signs other than `-`, thousands separators, exponents, blanks, amounts beyond safe integers.
 */
export function parseDecimal(text: string, currency: string): number {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (!match) throw new MoneyError('MALFORMED', `"${text}" is not a decimal amount such as "1234.50".`);
  const exponent = currencyExponent(currency);
  const decimals = match[3] ?? '';
  if (/[1-9]/.test(decimals.slice(exponent))) {
    throw new MoneyError(
      'TOO_MANY_DECIMALS',
      `"${text}" has more decimals than ${currency} has (${exponent}).`,
    );
  }
  const digits = BigInt(match[2]! + decimals.slice(0, exponent).padEnd(exponent, '0'));
  return toSafeInteger(match[1] === '-' ? -digits : digits);
}

/** The sum of amounts in minor units of one currency. Throws MoneyError if it, or one of them, is no safe integer. */
export function sumMinor(amounts: Iterable<number>): number {
  let sum = 0n;
  for (const amount of amounts) sum += toBigInt(amount);
  return toSafeInteger(sum);
}

export type Rounding = 'half_up' | 'half_even' | 'down';

/**
 * So many per cent (a decimal string such as `12.5`, not negative) of an amount that is not negative, in minor units,
 * rounded once to the whole minor unit; `upToMinor` is the most that it gives. Throws MoneyError, also for a result
 * without limit that is no safe integer.
 */
export function percentageOf(
  amountMinor: number,
  percent: string,
  rounding: Rounding,
  upToMinor?: number,
): number {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(percent);
  if (!match || amountMinor < 0) {
    throw new MoneyError(
      'MALFORMED',
      `"${percent}" per cent of ${amountMinor} cannot be taken; neither may be negative, and the percentage is written like "12.5".`,
    );
  }
  const decimals = match[2] ?? '';
  const dividend = toBigInt(amountMinor) * BigInt(match[1]! + decimals);
  const divisor = 100n * 10n ** BigInt(decimals.length);
  const [whole, rest] = [dividend / divisor, dividend % divisor];
  const half = rest * 2n - divisor;
  const up =
    rounding === 'half_up'
      ? half >= 0n
      : rounding === 'half_even' && (half > 0n || (half === 0n && whole % 2n === 1n));
  const share = up ? whole + 1n : whole;
  return upToMinor !== undefined && share > upToMinor ? upToMinor : toSafeInteger(share);
}

/** `4,500.00`: thousands grouped by commas, as many decimals as the currency has. Throws MoneyError. */
export function formatAmount({ amountMinor, currency }: Money): string {
  const exponent = currencyExponent(currency);
  const digits = toBigInt(Math.abs(amountMinor))
    .toString()
    .padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent).replace(/\B(?=(\d{3})+$)/g, ',');
  const decimals = exponent === 0 ? '' : `.${digits.slice(-exponent)}`;
  return `${amountMinor < 0 ? '-' : ''}${whole}${decimals}`;
}

/** `4500.00`: what parseDecimal reads as the same amount. Throws MoneyError. */
export function toDecimal(money: Money): string {
  return formatAmount(money).replaceAll(',', '');
}

/** `4,500.00 USD`. */
export function formatMoney(money: Money): string {
  return `${formatAmount(money)} ${money.currency}`;
}

/** Money as the API shows it. */
export function displayMoney({ amountMinor, currency }: Money): DisplayedMoney {
  return { amountMinor, currency, display: formatMoney({ amountMinor, currency }) };
}

function toSafeInteger(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new MoneyError('OUT_OF_RANGE', 'The amount is too large to be counted exactly.');
  }
  return number;
}

function toBigInt(amountMinor: number): bigint {
  if (!Number.isSafeInteger(amountMinor)) {
    throw new MoneyError(
      'OUT_OF_RANGE',
      `${amountMinor} is no whole number of minor units that can be counted exactly.`,
    );
  }
  return BigInt(amountMinor);
}
