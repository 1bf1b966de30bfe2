/** Calendar dates (YYYY-MM-DD) as the spend report takes them: both ends inclusive. */

export interface DateRange {
  from: string;
  to: string;
}

const DAY_MS = 86_400_000;

export function isDate(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`);
  // Date.parse takes 30 February for 1 March.
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(ms) && format(ms) === text;
}

/** The range in consecutive pieces of at most `maxDays` days. RangeError if it is not a range of dates. */
export function splitRange({ from, to }: DateRange, maxDays: number): DateRange[] {
  if (!isDate(from) || !isDate(to) || from > to)
    throw new RangeError(`Not a range of dates: ${from} to ${to}`);
  const pieces: DateRange[] = [];
  const end = Date.parse(to);
  for (let start = Date.parse(from); start <= end; start += maxDays * DAY_MS) {
    pieces.push({ from: format(start), to: format(Math.min(start + (maxDays - 1) * DAY_MS, end)) });
  }
  return pieces;
}

function format(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
