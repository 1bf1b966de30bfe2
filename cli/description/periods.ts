/** Calculation periods as people read them. */
import { planRow, type PeriodPlan } from '../../program/calendar';
import type { ProgramDefinition } from '../../program/definition';
import { dateInZone } from '../../program/timeZone';
import { dateTimeInZone } from '../dates';
import { countOf, paragraph, section, table } from '../layout';

/** The calendar as a table, or the rolling period in words. */
export function describePeriods(definition: ProgramDefinition): string {
  const { calendar, rollingPeriod, timeZone, settlementDelayHours } = definition;
  const calculated =
    `The credit is calculated ${countOf(settlementDelayHours, 'hour')} after the end of the last day, ` +
    "in the ad account's time zone";
  if (rollingPeriod) {
    const { days, payoutAfterDays, lastMonth } = rollingPeriod;
    return section(
      'Rolling period',
      paragraph(
        `The period is ${countOf(days, 'day')} and begins on the day of enrollment. ${calculated}. It is paid ` +
          `${countOf(payoutAfterDays, 'day')} after the last day of the period. An enrollment can be moved to a month ` +
          `until ${lastMonth}; the period keeps its length and its last day of the month.`,
      ),
    );
  }
  const rows = calendar.map((row) => [
    row.enrollmentMonth,
    ...planCells(planRow(definition, row, null), timeZone),
  ]);
  return section(
    'Calendar',
    table(rows, { head: ['Enrolled in', ...PLAN_HEAD] }),
    paragraph(`${calculated}; the table shows it for an account in ${timeZone}.`),
  );
}

export const PLAN_HEAD = ['Calculation period', 'Calculation', 'Payout'] as const;

/** The cells of a plan below PLAN_HEAD, instants in the program's time zone. */
export function planCells(plan: PeriodPlan, timeZone: string): string[] {
  const { periodFrom, periodTo, calculationAt, payoutAt } = plan;
  return [
    `${periodFrom} to ${periodTo}`,
    dateTimeInZone(calculationAt, timeZone),
    dateInZone(payoutAt, timeZone),
  ];
}
