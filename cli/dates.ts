/** Instants as people of a program read them. */
import { Temporal } from 'temporal-polyfill';

/** `2023-12-03 00:00` on the clocks of a zone; `at` is epoch milliseconds. */
export function dateTimeInZone(at: number, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(at)
    .toZonedDateTimeISO(timeZone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'minute' })
    .replace('T', ' ');
}

/** The start of a day, YYYY-MM-DD, in a zone: epoch milliseconds; undefined for a text that is no day. */
export function startOfDay(day: string, timeZone: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return undefined;
  try {
    return Temporal.PlainDate.from(day).toZonedDateTime(timeZone).epochMilliseconds;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
