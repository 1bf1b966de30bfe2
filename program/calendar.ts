/**
 * From dates to instants: which period an enrollment has, when it may be computed and when it is paid. Needs a time-zone
 * table, so never imported by workflow code, except for its types; workflows get the instants as recorded results.
 */
import { Temporal } from 'temporal-polyfill';
import type { CalendarRow, ProgramDefinition } from './definition';
import { requireTimeZone } from './timeZone';

/** The part of a definition that the calendar reads. */
export type CalendarTerms = Pick<
  ProgramDefinition,
  'timeZone' | 'window' | 'calendar' | 'settlementDelayHours'
>;

/** One calculation period with its instants (epoch milliseconds). */
export interface PeriodPlan {
  /** The calculation month, YYYY-MM: the month of the period's last day. */
  month: string;
  /** First and last day on which spend counts, in the ad account's time zone. */
  periodFrom: string;
  periodTo: string;
  /** End of the last day in the ad account's time zone (the program's while the account is unknown) + settlement delay. */
  calculationAt: number;
  /** Start of the payout date in the program's time zone. */
  payoutAt: number;
}

export type FirstPlan =
  { ok: true; plan: PeriodPlan } | { ok: false; reasonCode: 'PROGRAM_CLOSED' | 'MONTH_NOT_IN_CALENDAR' };

export type DeferralPlan =
  /** `none`: the enrollment is in that month already; nothing moves and no deferral is used up. */
  | { ok: true; change: 'later' | 'earlier' | 'none'; plan: PeriodPlan }
  | { ok: false; reasonCode: 'MONTH_NOT_IN_CALENDAR' | 'MONTH_NOT_LATER' | 'MONTH_PAST' };

/** The month of enrollment, YYYY-MM, of an instant: in the program's time zone. */
export function enrollmentMonth(terms: Pick<CalendarTerms, 'timeZone'>, at: number): string {
  return dateInZone(at, terms.timeZone).slice(0, 7);
}

/** The calculation month of a row of the calendar. */
export function calculationMonthOf(row: CalendarRow): string {
  return row.periodTo.slice(0, 7);
}

/** The plan of a calculation month, or undefined if the calendar has no such month. Throws TimeZoneError. */
export function planFor(
  terms: CalendarTerms,
  month: string,
  accountTimeZone: string | null,
): PeriodPlan | undefined {
  const row = terms.calendar.find((candidate) => calculationMonthOf(candidate) === month);
  return row && planRow(terms, row, accountTimeZone);
}

/** The plan that follows from the month of enrollment. Throws TimeZoneError. */
export function firstPlan(terms: CalendarTerms, at: number, accountTimeZone: string | null): FirstPlan {
  const today = dateInZone(at, terms.timeZone);
  if (today < terms.window.from || today > terms.window.to)
    return { ok: false, reasonCode: 'PROGRAM_CLOSED' };
  const row = terms.calendar.find((candidate) => candidate.enrollmentMonth === today.slice(0, 7));
  if (!row) return { ok: false, reasonCode: 'MONTH_NOT_IN_CALENDAR' };
  return { ok: true, plan: planRow(terms, row, accountTimeZone) };
}

/** The calculation month that follows `month` in the calendar, or undefined if it was the last. */
export function nextMonth(terms: Pick<CalendarTerms, 'calendar'>, month: string): string | undefined {
  return terms.calendar
    .map(calculationMonthOf)
    .filter((candidate) => candidate > month)
    .sort()
    .at(0);
}

export interface DeferralRequest {
  /** The enrollment's calculation month now. */
  currentMonth: string;
  toMonth: string;
  /** Program time of the request, epoch milliseconds. */
  at: number;
  accountTimeZone: string | null;
  /** Forwards only for partners; an admin may undo a deferral while the earlier calculation date has not come. */
  allowEarlier: boolean;
}

/** Whether the calendar permits a move to another month, and the plan it gives. Throws TimeZoneError. */
export function planDeferral(terms: CalendarTerms, request: DeferralRequest): DeferralPlan {
  const { currentMonth, toMonth } = request;
  const plan = planFor(terms, toMonth, request.accountTimeZone);
  if (!plan) return { ok: false, reasonCode: 'MONTH_NOT_IN_CALENDAR' };
  if (toMonth === currentMonth) return { ok: true, change: 'none', plan };
  const earlier = toMonth < currentMonth;
  if (earlier && !request.allowEarlier) return { ok: false, reasonCode: 'MONTH_NOT_LATER' };
  if (plan.calculationAt <= request.at) return { ok: false, reasonCode: 'MONTH_PAST' };
  return { ok: true, change: earlier ? 'earlier' : 'later', plan };
}

/** The plan of one row of the calendar. Throws TimeZoneError. */
export function planRow(
  terms: Pick<CalendarTerms, 'timeZone' | 'settlementDelayHours'>,
  row: CalendarRow,
  accountTimeZone: string | null,
): PeriodPlan {
  // The delay is elapsed time, whatever the clocks on the wall do meanwhile.
  const endOfPeriod = startOfDay(
    Temporal.PlainDate.from(row.periodTo).add({ days: 1 }),
    accountTimeZone ?? terms.timeZone,
  );
  return {
    month: calculationMonthOf(row),
    periodFrom: row.periodFrom,
    periodTo: row.periodTo,
    calculationAt: endOfPeriod + terms.settlementDelayHours * 3_600_000,
    payoutAt: startOfDay(Temporal.PlainDate.from(row.payoutDate), terms.timeZone),
  };
}

/** The calendar date, YYYY-MM-DD, of an instant in a zone. Throws TimeZoneError. */
export function dateInZone(at: number, timeZone: string): string {
  requireTimeZone(timeZone);
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).toPlainDate().toString();
}

/** Where the clocks go forward at midnight, the day starts at 01:00. */
function startOfDay(day: Temporal.PlainDate, timeZone: string): number {
  requireTimeZone(timeZone);
  return day.toZonedDateTime(timeZone).epochMilliseconds;
}
