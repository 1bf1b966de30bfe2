/** Time zones: their names, and their days. Needs a time-zone table, so never imported by workflow code. */
import { Temporal } from '@js-temporal/polyfill';

/** A time zone that cannot be used: unknown to this machine, or no zone name at all. */
export class TimeZoneError extends Error {
  override readonly name = 'TimeZoneError';
  readonly code = 'TIME_ZONE_UNUSABLE';
  constructor(readonly timeZone: string) {
    super(
      `"${timeZone}" is not a time zone that can be used; an IANA name such as "America/New_York" is needed.`,
    );
  }
}

/** Whether a name is an IANA time zone (`Etc/GMT+8` included; plain offsets are not names). */
export function isTimeZone(name: string): boolean {
  // Temporal would also take the zone out of a whole ISO date-time string.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch {
    return false;
  }
}

/** Throws TimeZoneError. */
export function requireTimeZone(timeZone: string): void {
  if (!isTimeZone(timeZone)) throw new TimeZoneError(timeZone);
}

/** The calendar date, YYYY-MM-DD, of an instant (epoch milliseconds) in a zone. Throws TimeZoneError. */
export function dateInZone(at: number, timeZone: string): string {
  requireTimeZone(timeZone);
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).toPlainDate().toString();
}

/**
 * The instant (epoch milliseconds) at which a calendar date, YYYY-MM-DD, begins in a zone: 01:00 where the clocks go
 * forward at midnight. Throws TimeZoneError.
 */
export function startOfDay(date: string, timeZone: string): number {
  requireTimeZone(timeZone);
  return Temporal.PlainDate.from(date).toZonedDateTime(timeZone).epochMilliseconds;
}
