/** The same program once more, some months later. Needs a time-zone table, so never imported by workflow code. */
import { Temporal } from '@js-temporal/polyfill';
import type { ProgramDefinition } from './definition';
import { DefinitionError, parseDefinition } from './parseDefinition';

/** A season that cannot be asked for. */
export class SeasonError extends Error {
  override readonly name = 'SeasonError';
  readonly code = 'MONTHS_INVALID';
}

export interface NextSeason {
  /** Of the new program. */
  id: string;
  /** As before if it is left out. */
  name?: string;
  /** By how many months all dates move: 12 for the same season of the next year. */
  months: number;
}

/** Definitions know the years 2000 to 2099. */
const MOST_MONTHS = 1_200;

/**
 * A copy of a definition with its own id, in which window, calendar, last month and test clock are so many months later.
 * The last day of a month stays the last, whatever its number. Everything else stays, so before publishing an admin
 * looks at: the name; the payout dates, which may now be weekends or holidays; the amounts, the budgets and the notice;
 * the data sharing text and its version; the questions.
 * Throws SeasonError unless `months` is an integer from 1 to 1200, and DefinitionError if the copy is not valid, e.g.
 * because of its id.
 */
export function copyForNextSeason(
  definition: ProgramDefinition,
  { id, name = definition.name, months }: NextSeason,
): ProgramDefinition {
  if (!Number.isInteger(months) || months < 1 || months > MOST_MONTHS) {
    throw new SeasonError(
      `Dates cannot be moved by ${months} months; state a whole number from 1 to ${MOST_MONTHS}.`,
    );
  }
  if (id === definition.id) {
    const message = `"${id}" is the program that is copied, and this would be its next revision; choose another id.`;
    throw new DefinitionError([{ pointer: '/id', message }]);
  }
  const { window, calendar, rollingPeriod, testClock, timeZone } = definition;
  const date = (text: string) => moved(Temporal.PlainDate.from(text), months).toString();
  const month = (text: string) => Temporal.PlainYearMonth.from(text).add({ months }).toString();
  return parseDefinition({
    ...definition,
    id,
    name,
    window: { from: date(window.from), to: date(window.to) },
    calendar: calendar.map((row) => ({
      enrollmentMonth: month(row.enrollmentMonth),
      periodFrom: date(row.periodFrom),
      periodTo: date(row.periodTo),
      payoutDate: date(row.payoutDate),
    })),
    rollingPeriod: rollingPeriod && { ...rollingPeriod, lastMonth: month(rollingPeriod.lastMonth) },
    testClock: testClock && { ...testClock, startsAt: movedInstant(testClock.startsAt, timeZone, months) },
  });
}

/** The same day of a later month, or its last: then, or if it was the last before. */
function moved(date: Temporal.PlainDate, months: number): Temporal.PlainDate {
  const later = date.add({ months });
  return date.day === date.daysInMonth ? later.with({ day: later.daysInMonth }) : later;
}

/** The same time of day in the program's time zone, so that the clock starts on a day moved like those of the window. */
function movedInstant(instant: string, timeZone: string, months: number): string {
  const before = Temporal.Instant.from(instant).toZonedDateTimeISO(timeZone);
  return moved(before.toPlainDate(), months)
    .toZonedDateTime({ timeZone, plainTime: before.toPlainTime() })
    .toInstant()
    .toString();
}
