/** A total of spend, spread over days so that the days add up to it exactly. */

const DAY_MS = 86_400_000;

/** YYYY-MM-DD of a real day. */
export function isDate(text: string): boolean {
  const ms = Date.parse(text);
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

/** Every date from one to the other, both included; none if they are the wrong way round. */
export function datesBetween(from: string, to: string): string[] {
  const dates: string[] = [];
  for (let ms = Date.parse(from); ms <= Date.parse(to); ms += DAY_MS) {
    dates.push(new Date(ms).toISOString().slice(0, 10));
  }
  return dates;
}

/**
 * `count` decimal strings in the currency's minor unit that differ by at most one of it; the first are the larger
 * ones. RangeError if the total has more decimals than the currency.
 */
export function spread(total: string, currency: string, count: number): string[] {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  const decimals = format.resolvedOptions().maximumFractionDigits ?? 2;
  const [, whole = '', fraction = ''] = /^(\d+)(?:\.(\d+))?$/.exec(total) ?? [];
  if (whole === '' || fraction.length > decimals) {
    throw new RangeError(`${total} is not an amount with at most ${decimals} decimals`);
  }
  const minor = BigInt(whole + fraction.padEnd(decimals, '0'));
  const days = BigInt(count);
  return Array.from({ length: count }, (_, i) =>
    toDecimal(minor / days + (BigInt(i) < minor % days ? 1n : 0n), decimals),
  );
}

function toDecimal(minor: bigint, decimals: number): string {
  const digits = minor.toString().padStart(decimals + 1, '0');
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
