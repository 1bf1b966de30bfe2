/**
 * From dates to instants: which period an enrollment has, when it may be computed and when it is paid. Needs a time-zone
 * table, so never imported by workflow code, except for its types; workflows get the instants as recorded results.
 */
import { Temporal } from '@js-temporal/polyfill';
import type { CalendarRow, ProgramDefinition } from './definition';
import { dateInZone, startOfDay } from './timeZone';

/** The part of a definition that the calendar reads. */
export type CalendarTerms = Pick<
  ProgramDefinition,
  'timeZone' | 'window' | 'calendar' | 'rollingPeriod' | 'settlementDelayHours'
>;
/** With the rows that hold for one enrollment (calendarFor). */
type EnrollmentCalendar = Pick<CalendarTerms, 'timeZone' | 'calendar' | 'settlementDelayHours'>;

/** One calculation period with its instants (epoch milliseconds). */
export interface PeriodPlan {
  /** The calculation month, YYYY-MM: the month of the period's last day. */
  month: string;
  /** First and last day on which spend counts, in the ad account's time zone. */
  periodFrom: string;
  periodTo: string;
  /** End of the last day in the ad account's time zone (the program's while the account is unknown) + settlement delay. */
  calculationAt: number;
  /** The payout date, YYYY-MM-DD, in the program's time zone. */
  payoutDate: string;
  /** Its start. */
  payoutAt: number;
}

export type FirstPlan =
  | {
      ok: true;
      /** The day of enrollment in the program's time zone. */
      enrolledOn: string;
      plan: PeriodPlan;
    }
  | { ok: false; reasonCode: 'PROGRAM_CLOSED' | 'MONTH_NOT_IN_CALENDAR' };

export type MonthRefusal = 'MONTH_NOT_IN_CALENDAR' | 'MONTH_NOT_LATER' | 'MONTH_PAST' | 'PROGRAM_CLOSED';

export type DeferralPlan =
  /** `none`: the enrollment is in that month already; nothing moves and no deferral is used up. */
  | { ok: true; change: 'later' | 'earlier' | 'none'; plan: PeriodPlan }
  | { ok: false; reasonCode: MonthRefusal };

/** The month of enrollment, YYYY-MM, of an instant: in the program's time zone. */
export function enrollmentMonth(terms: Pick<CalendarTerms, 'timeZone'>, at: number): string {
  return dateInZone(at, terms.timeZone).slice(0, 7);
}

/** The calculation month of a row of the calendar. */
export function calculationMonthOf(row: CalendarRow): string {
  return row.periodTo.slice(0, 7);
}

/**
 * The terms with the rows that hold for whoever enrolled on a day: those of the calendar, or the periods that the day
 * of enrollment gives. Of these, the one for month n ends on the same day of that month, or on its last.
 */
export function calendarFor<T extends Pick<CalendarTerms, 'calendar' | 'rollingPeriod'>>(
  terms: T,
  enrolledOn: string,
): T {
  const { rollingPeriod } = terms;
  if (!rollingPeriod) return terms;
  const { days, payoutAfterDays, lastMonth } = rollingPeriod;
  const firstTo = Temporal.PlainDate.from(rollingPeriodTo(rollingPeriod, enrolledOn));
  const months = monthsBetween(firstTo.toString().slice(0, 7), lastMonth);
  const calendar = months.map((_, index): CalendarRow => {
    const to = firstTo.add({ months: index });
    return {
      enrollmentMonth: enrolledOn.slice(0, 7),
      periodFrom: to.subtract({ days: days - 1 }).toString(),
      periodTo: to.toString(),
      payoutDate: to.add({ days: payoutAfterDays }).toString(),
    };
  });
  return { ...terms, calendar };
}

/** The last day of the rolling period that begins on the day of enrollment. */
export function rollingPeriodTo(
  { days }: NonNullable<CalendarTerms['rollingPeriod']>,
  enrolledOn: string,
): string {
  return Temporal.PlainDate.from(enrolledOn)
    .add({ days: days - 1 })
    .toString();
}

/** The plan of a calculation month, or undefined if the calendar has no such month. Throws TimeZoneError. */
export function planFor(
  terms: EnrollmentCalendar,
  month: string,
  accountTimeZone: string | null,
): PeriodPlan | undefined {
  const row = terms.calendar.find((candidate) => calculationMonthOf(candidate) === month);
  return row && planRow(terms, row, accountTimeZone);
}

/** The plan that follows from the day of enrollment. Throws TimeZoneError. */
export function firstPlan(terms: CalendarTerms, at: number, accountTimeZone: string | null): FirstPlan {
  const enrolledOn = dateInZone(at, terms.timeZone);
  if (enrolledOn < terms.window.from || enrolledOn > terms.window.to)
    return { ok: false, reasonCode: 'PROGRAM_CLOSED' };
  const row = calendarFor(terms, enrolledOn).calendar.find(
    (candidate) => candidate.enrollmentMonth === enrolledOn.slice(0, 7),
  );
  if (!row) return { ok: false, reasonCode: 'MONTH_NOT_IN_CALENDAR' };
  return { ok: true, enrolledOn, plan: planRow(terms, row, accountTimeZone) };
}

/** The days before the enrollment in which the ad account must not have spent; null if the program does not look back. */
export function lookBackSpan(
  { lookBackDays }: Pick<ProgramDefinition, 'lookBackDays'>,
  enrolledOn: string,
): { from: string; to: string } | null {
  if (lookBackDays === null) return null;
  const day = Temporal.PlainDate.from(enrolledOn);
  return {
    from: day.subtract({ days: lookBackDays }).toString(),
    to: day.subtract({ days: 1 }).toString(),
  };
}

/** The calculation month that follows `month` in the calendar, or undefined if it was the last. */
export function nextMonth(terms: Pick<CalendarTerms, 'calendar'>, month: string): string | undefined {
  return terms.calendar
    .map(calculationMonthOf)
    .filter((candidate) => candidate > month)
    .sort()
    .at(0);
}

/** All months from one to another, YYYY-MM, both included; none if the first is later. */
export function monthsBetween(from: string, to: string): string[] {
  const months: string[] = [];
  for (let month = from; month <= to; month = monthAfter(month)) months.push(month);
  return months;
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
export function planDeferral(terms: EnrollmentCalendar, request: DeferralRequest): DeferralPlan {
  const { currentMonth, toMonth, at, accountTimeZone } = request;
  if (isOver(terms, at, accountTimeZone)) return { ok: false, reasonCode: 'PROGRAM_CLOSED' };
  const plan = planFor(terms, toMonth, accountTimeZone);
  if (!plan) return { ok: false, reasonCode: 'MONTH_NOT_IN_CALENDAR' };
  if (toMonth === currentMonth) return { ok: true, change: 'none', plan };
  const earlier = toMonth < currentMonth;
  if (plan.calculationAt <= at) return { ok: false, reasonCode: 'MONTH_PAST' };
  if (earlier && !request.allowEarlier) return { ok: false, reasonCode: 'MONTH_NOT_LATER' };
  return { ok: true, change: earlier ? 'earlier' : 'later', plan };
}

/** Where an enrollment stands when somebody asks to which months it may be deferred. */
export interface DeferralSituation extends Pick<DeferralRequest, 'currentMonth' | 'at' | 'accountTimeZone'> {
  /** How many deferrals the program still allows it. */
  deferralsLeft: number;
  calculationBegun: boolean;
  /** The months that whoever asks may go back to; left out if they may not go back at all. */
  mayGoBackTo?: readonly string[];
}

export type DeferralMonth = { month: string } & (
  | { open: true; plan: PeriodPlan }
  | {
      open: false;
      reasonCode: MonthRefusal | 'NO_SUCH_DEFERRAL' | 'DEFERRAL_LIMIT_REACHED' | 'CALCULATION_BEGUN';
    }
);

/**
 * Each month from the calendar's first to its last: open to a deferral of this enrollment now, or why not. Throws
 * TimeZoneError.
 */
export function deferralMonths(terms: EnrollmentCalendar, situation: DeferralSituation): DeferralMonth[] {
  const listed = terms.calendar.map(calculationMonthOf).sort();
  // A later revision with an earlier last month can leave an enrollment without any.
  const [first, last] = [listed.at(0), listed.at(-1)];
  if (first === undefined || last === undefined) return [];
  return monthsBetween(first, last).map((month): DeferralMonth => {
    const goesBack = situation.mayGoBackTo?.includes(month) === true;
    const asked = planDeferral(terms, { ...situation, toMonth: month, allowEarlier: goesBack });
    if (!asked.ok) {
      const isNone = asked.reasonCode === 'MONTH_NOT_LATER' && situation.mayGoBackTo !== undefined;
      return { month, open: false, reasonCode: isNone ? 'NO_SUCH_DEFERRAL' : asked.reasonCode };
    }
    if (situation.calculationBegun) return { month, open: false, reasonCode: 'CALCULATION_BEGUN' };
    if (asked.change === 'none') return { month, open: false, reasonCode: 'MONTH_NOT_LATER' };
    if (situation.deferralsLeft <= 0 && !goesBack)
      return { month, open: false, reasonCode: 'DEFERRAL_LIMIT_REACHED' };
    return { month, open: true, plan: asked.plan };
  });
}

/** Whether the last calculation date of the calendar has come: then no enrollment moves any more. */
function isOver(terms: EnrollmentCalendar, at: number, accountTimeZone: string | null): boolean {
  const last = terms.calendar.map(calculationMonthOf).sort().at(-1);
  const plan = last === undefined ? undefined : planFor(terms, last, accountTimeZone);
  return plan !== undefined && plan.calculationAt <= at;
}

/** The plan of one row of the calendar. Throws TimeZoneError. */
export function planRow(
  terms: Pick<CalendarTerms, 'timeZone' | 'settlementDelayHours'>,
  row: CalendarRow,
  accountTimeZone: string | null,
): PeriodPlan {
  // The delay is elapsed time, whatever the clocks on the wall do meanwhile.
  const endOfPeriod = startOfDay(
    Temporal.PlainDate.from(row.periodTo).add({ days: 1 }).toString(),
    accountTimeZone ?? terms.timeZone,
  );
  return {
    month: calculationMonthOf(row),
    periodFrom: row.periodFrom,
    periodTo: row.periodTo,
    calculationAt: endOfPeriod + terms.settlementDelayHours * 3_600_000,
    payoutDate: row.payoutDate,
    payoutAt: startOfDay(row.payoutDate, terms.timeZone),
  };
}

/** The last day, YYYY-MM-DD, of a month. */
export function lastDayOf(month: string): string {
  const { daysInMonth } = Temporal.PlainYearMonth.from(month);
  return `${month}-${daysInMonth}`;
}

function monthAfter(month: string): string {
  return Temporal.PlainYearMonth.from(month).add({ months: 1 }).toString();
}
