/** Days, months and starts of days found the plain way: what program/ must come out at by its own. */
const HOUR = 3_600_000;

/** All zones that this machine knows, and the two fixed ones at the ends of the world. */
export const ZONES: readonly string[] = [...Intl.supportedValuesOf('timeZone'), 'Etc/GMT+12', 'Etc/GMT-14'];

/**
 * The first instant at which the calendar on the wall shows `day` or a later one. Every zone of this century begins its
 * days on a quarter of an hour of UTC, so each quarter around the day is looked at.
 */
export function startOfDay(day: string, timeZone: string): number {
  const wall = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
  let instant = Date.parse(day) - 15 * HOUR;
  while (wall.format(instant) < day) instant += HOUR / 4;
  return instant;
}

/** The day after a day, YYYY-MM-DD. */
export function dayAfter(day: string): string {
  return plusDays(day, 1);
}

export function plusDays(day: string, count: number): string {
  return new Date(Date.parse(day) + count * 24 * HOUR).toISOString().slice(0, 10);
}

export function plusMonths(month: string, count: number): string {
  const index = Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1 + count;
  return `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}`;
}

/** All months from one to another, both included. */
export function monthsFrom(first: string, last: string): string[] {
  return first > last ? [] : [first, ...monthsFrom(plusMonths(first, 1), last)];
}
