/**
 * What the clocks on the wall show in a time zone. By the standard formatter and not by the date library: temporal-polyfill
 * 0.3 loses changes of the clocks that lie within 60 days of each other (Ramadan in Morocco), and all that come more than
 * ten years after the process was started. Needs a time-zone table, so never imported by workflow code.
 */
import { requireTimeZone } from './timeZone';

const DAY_MS = 24 * 3_600_000;

/** The calendar date, YYYY-MM-DD, of an instant (epoch milliseconds) in a zone. Throws TimeZoneError. */
export function dateInZone(at: number, timeZone: string): string {
  return new Date(wallClock(timeZone)(at)).toISOString().slice(0, 10);
}

/**
 * The instant (epoch milliseconds) at which a calendar date, YYYY-MM-DD, begins in a zone: the first midnight where
 * there are two, and 01:00 where the clocks go forward at midnight. Throws TimeZoneError.
 */
export function startOfDay(date: string, timeZone: string): number {
  const show = wallClock(timeZone);
  const midnight = Date.parse(date);
  const offsets = [midnight - DAY_MS, midnight + DAY_MS].map((instant) => show(instant) - instant);
  // Midnight by the larger offset comes first; by the smaller one it has come in any case.
  let [before, start] = [midnight - Math.max(...offsets), midnight - Math.min(...offsets)];
  if (show(before) >= midnight) return before;
  while (start - before > 1) {
    const middle = Math.floor((before + start) / 2);
    if (show(middle) >= midnight) start = middle;
    else before = middle;
  }
  return start;
}

/** From an instant to what the clocks show, to the second, as if they stood in UTC. */
function wallClock(timeZone: string): (instant: number) => number {
  requireTimeZone(timeZone);
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (instant) => {
    const shown = Object.fromEntries(
      format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
    );
    const { year, month, day, hour, minute, second } = shown as Record<Intl.DateTimeFormatPartTypes, number>;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
}
