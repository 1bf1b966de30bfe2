/** Window, calendar and moves: whoever may enroll has a period, and no move leads out of the calendar. */
import {
  calculationMonthOf,
  calendarFor,
  lastDayOf,
  monthsBetween,
  planRow,
  rollingPeriodTo,
} from '../calendar';
import type { CalendarRow } from '../definition';
import { ofMembers, type Check, type Parts, type Report } from './report';

/** With a delay that cannot be read, what is too early for the least one is too early in any case. */
const LEAST_DELAY_HOURS = 48;

export const PERIOD_CHECKS: readonly Check[] = [
  checkWindow,
  checkOneKindOfPeriod,
  ofMembers(checkCalendar),
  checkEnrollmentMonths,
  ofMembers(checkPayoutDates),
  checkRollingPeriod,
  checkMoves,
];

function checkWindow({ window }: Parts, report: Report) {
  if (window && window.from > window.to)
    report(['window', 'to'], `The window ends before it begins; let it end on ${window.from} or later.`);
}

function checkOneKindOfPeriod({ calendar, rollingPeriod }: Parts, report: Report) {
  if (!calendar || rollingPeriod === undefined) return;
  if (calendar.length === 0 && rollingPeriod === null)
    report(['calendar'], 'Add at least one month, or state a rollingPeriod.');
  if (calendar.length > 0 && rollingPeriod !== null)
    report(['rollingPeriod'], 'State either a calendar or a rollingPeriod; remove one.');
}

function checkCalendar({ calendar, window }: Parts, report: Report) {
  calendar?.forEach((row, index) => {
    const at = (key: keyof CalendarRow, message: string) => report(['calendar', index, key], message);
    const month = calculationMonthOf(row);
    if (row.periodFrom > row.periodTo)
      at('periodTo', `The period ends before it begins; let it end on ${row.periodFrom} or later.`);
    if (row.periodFrom < `${row.enrollmentMonth}-01`)
      at('periodFrom', `Begin the period in ${row.enrollmentMonth}, the month of enrollment, or later.`);
    const lastDay = lastDayToEnroll(row.enrollmentMonth, window);
    if (row.periodTo < lastDay)
      at('periodTo', `One may enroll until ${lastDay}; end the period then or later.`);
    const previous = calendar[index - 1];
    if (!previous) return;
    if (row.enrollmentMonth <= previous.enrollmentMonth) {
      at(
        'enrollmentMonth',
        `List the months in order, each once; this one follows ${previous.enrollmentMonth}.`,
      );
    }
    if (row.periodFrom <= previous.periodTo) {
      at('periodFrom', `Begin the period after ${previous.periodTo}, when the previous one ends.`);
    } else if (month === calculationMonthOf(previous)) {
      at(
        'periodTo',
        `Two periods end in ${month}, but a calculation month names one period; end them in two months.`,
      );
    }
  });
}

/** Of a month; the window may close before the month is over. */
function lastDayToEnroll(enrollmentMonth: string, window: Parts['window']): string {
  const last = lastDayOf(enrollmentMonth);
  return window && window.to.slice(0, 7) === enrollmentMonth && window.to < last ? window.to : last;
}

/** Whoever may enroll must get a period. */
function checkEnrollmentMonths({ calendar, window, rollingPeriod }: Parts, report: Report) {
  if (!calendar || !window || window.from > window.to || rollingPeriod) return;
  if (calendar.length === 0) return; // reported as such
  const listed = new Set(calendar.map((row) => row.enrollmentMonth));
  for (const month of monthsBetween(window.from.slice(0, 7), window.to.slice(0, 7))) {
    if (!listed.has(month))
      report(['calendar'], `Add a row for the enrollment month ${month}, which is in the window.`);
  }
}

function checkPayoutDates(
  { calendar, timeZone, settlementDelayHours = LEAST_DELAY_HOURS }: Parts,
  report: Report,
) {
  if (!calendar || timeZone === undefined) return;
  calendar.forEach((row, index) => {
    // The last place on earth where the period can end.
    const latest = planRow({ timeZone, settlementDelayHours }, row, 'Etc/GMT+12');
    if (latest.payoutAt < latest.calculationAt) {
      report(
        ['calendar', index, 'payoutDate'],
        `Pay after ${new Date(latest.calculationAt).toISOString()}: only then, ${settlementDelayHours} hours after the end ` +
          `of ${row.periodTo} in the last place on earth, every credit can be computed.`,
      );
    }
  });
}

function checkRollingPeriod(
  { rollingPeriod, window, settlementDelayHours = LEAST_DELAY_HOURS }: Parts,
  report: Report,
) {
  if (!rollingPeriod) return;
  // From the start of the day after the period in UTC+14 to its start in UTC-12, and an hour of daylight saving.
  const spread = 26 + 1;
  const needed = 1 + Math.ceil((settlementDelayHours + spread) / 24);
  if (rollingPeriod.payoutAfterDays < needed) {
    report(
      ['rollingPeriod', 'payoutAfterDays'],
      `Pay at least ${needed} days after the period: only then every credit can be computed, wherever the ad account is.`,
    );
  }
  if (!window || window.from > window.to) return;
  const month = rollingPeriodTo(rollingPeriod, window.to).slice(0, 7);
  if (month > rollingPeriod.lastMonth) {
    report(
      ['rollingPeriod', 'lastMonth'],
      `Whoever enrolls on ${window.to} has the calculation month ${month}; name it or a later one, or end the window earlier.`,
    );
  }
}

/** Neither a deferral nor a roll-on may reach past the calendar. */
function checkMoves({ calendar, rollingPeriod, window, deferral, policies }: Parts, report: Report) {
  if (deferral && deferral.maximum > 0 && deferral.by.length === 0) {
    report(['deferral', 'by'], 'Say who may defer, or set the maximum to 0.');
  }
  const months = rollingPeriod
    ? window && calendarFor({ calendar: [], rollingPeriod }, window.from).calendar.length
    : calendar?.length;
  if (!months) return; // reported as such
  const most = months - 1;
  const message = `At most ${most} moves are possible, since there are no more calculation months; allow fewer, or add months.`;
  if (deferral && deferral.maximum > most) report(['deferral', 'maximum'], message);
  for (const key of ['missedFacts', 'noSpend'] as const) {
    const policy = policies?.[key];
    if (policy?.then === 'roll_on' && policy.atMost > most) report(['policies', key, 'atMost'], message);
  }
}
