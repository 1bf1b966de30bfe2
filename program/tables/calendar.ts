/** "Ad Credit Payout Dates" as CSV: one row for each month of enrollment. */
import type { CalendarRow, ProgramDefinition } from '../definition';
import { readCsv, writeCsv } from './csv';
import { importTable, type Place } from './importTable';
import { TableError } from './tableError';

const COLUMNS = ['enrollment_month', 'period_from', 'period_to', 'payout_date'] as const;

const KEYS = {
  enrollment_month: 'enrollmentMonth',
  period_from: 'periodFrom',
  period_to: 'periodTo',
  payout_date: 'payoutDate',
} as const satisfies Record<(typeof COLUMNS)[number], keyof CalendarRow>;

/** The calendar in its order. Throws TableError for a program with a rolling period, which has no calendar. */
export function calendarRows({
  calendar,
  rollingPeriod,
}: ProgramDefinition): Record<(typeof COLUMNS)[number], string>[] {
  if (rollingPeriod !== null) {
    const message =
      'This program has a rollingPeriod instead of a calendar, so there are no rows to write; read the rollingPeriod in the definition.';
    throw new TableError([{ row: null, column: null, message }]);
  }
  return calendar.map((row) => ({
    enrollment_month: row.enrollmentMonth,
    period_from: row.periodFrom,
    period_to: row.periodTo,
    payout_date: row.payoutDate,
  }));
}

/** As a file. Throws TableError as `calendarRows` does. */
export function calendarToCsv(definition: ProgramDefinition): string {
  return writeCsv(COLUMNS, calendarRows(definition));
}

/** A copy of the definition with the calendar of the file. Throws TableError, also for a program with a rolling period. */
export function withCalendarFromCsv(definition: ProgramDefinition, csv: string): ProgramDefinition {
  const { rows, errors } = readCsv(csv, COLUMNS);
  if (definition.rollingPeriod !== null) {
    const message =
      'This program has a rollingPeriod instead of a calendar; remove rollingPeriod from the definition first.';
    errors.unshift({ row: null, column: null, message });
  }
  const places = new Map<string, Place>([['/calendar', { row: null, column: null }]]);
  const calendar = rows.map(({ row, values }, index): CalendarRow => {
    places.set(`/calendar/${index}`, { row, column: null });
    for (const column of COLUMNS) places.set(`/calendar/${index}/${KEYS[column]}`, { row, column });
    return {
      enrollmentMonth: values.enrollment_month,
      periodFrom: values.period_from,
      periodTo: values.period_to,
      payoutDate: values.payout_date,
    };
  });
  return importTable({ ...definition, calendar }, places, errors);
}
