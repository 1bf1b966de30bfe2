/** CSV (RFC 4180, as spreadsheets write it) with a header: columns in any order, everything wrong at once. */
import { CsvError, parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import type { TableProblem } from './tableError';

/** One row below the header. */
export interface CsvRow<Column extends string> {
  /** Where a spreadsheet shows it; the first row of the file is 1. */
  row: number;
  /** Without blanks around them. */
  values: Record<Column, string>;
}

export interface CsvTable<Column extends string> {
  /** Those that could be read. */
  rows: CsvRow<Column>[];
  /** What is wrong with the form of the file; empty if every row could be read. */
  errors: TableProblem[];
}

/** A file with a header and one line for each row. */
export function writeCsv<Column extends string>(
  columns: readonly Column[],
  rows: readonly Record<Column, string>[],
): string {
  return stringify([...rows], { header: true, columns: [...columns] });
}

/** Reads a file with exactly these columns. A byte order mark, blank rows and any kind of line end are accepted. */
export function readCsv<Column extends string>(csv: string, columns: readonly Column[]): CsvTable<Column> {
  const { records, errors } = recordsOf(csv);
  const numbered = records
    .map((record, index) => ({ row: index + 1, cells: record.map((cell) => cell.trim()) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  const [header, ...body] = numbered;
  if (!header) {
    const message = `The file is empty; begin it with the header ${columns.join(',')}.`;
    return { rows: [], errors: errors.length > 0 ? errors : [{ row: null, column: null, message }] };
  }
  errors.push(...headerProblems(header, columns));
  const isReadable = columns.every((column) => countOf(header.cells, column) === 1);
  const rows: CsvRow<Column>[] = [];
  for (const { row, cells } of body) {
    if (cells.length !== header.cells.length) {
      const message = `This row has ${cells.length} values and the header ${header.cells.length}; give each column one value.`;
      errors.push({ row, column: null, message });
    } else if (isReadable) {
      const entries = columns.map((column) => [column, cells[header.cells.indexOf(column)]!]);
      rows.push({ row, values: Object.fromEntries(entries) as Record<Column, string> });
    }
  }
  return { rows, errors };
}

/** All records, blank ones included, so that their place in the list is their row; up to the first broken quote. */
function recordsOf(csv: string): { records: string[][]; errors: TableProblem[] } {
  const records: string[][] = [];
  try {
    parse(csv, {
      bom: true,
      trim: true,
      relax_column_count: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      on_record: (record: string[]) => void records.push(record),
    });
    return { records, errors: [] };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const message =
      'A quotation mark is out of place, so nothing from this row on can be read; enclose the whole value in quotation marks and double those within it.';
    return { records, errors: [{ row: records.length + 1, column: null, message }] };
  }
}

function headerProblems(
  { row, cells }: { row: number; cells: string[] },
  columns: readonly string[],
): TableProblem[] {
  if (!columns.some((column) => cells.includes(column))) {
    const message = cells.some((cell) => cell.includes(';'))
      ? 'The values are separated by semicolons; save the file with commas between them (CSV, comma separated).'
      : `This must be the header ${columns.join(',')}, separated by commas; put it above the rows.`;
    return [{ row, column: null, message }];
  }
  const problems: TableProblem[] = [];
  const report = (column: string | null, message: string) => problems.push({ row, column, message });
  const expected = `the columns are ${columns.join(',')}`;
  cells.forEach((name, index) => {
    if (name === '') report(null, `Column ${index + 1} has no name; remove it: ${expected}.`);
    else if (!columns.includes(name)) report(name, `There is no column "${name}"; remove it: ${expected}.`);
    else if (cells.indexOf(name) < index) report(name, `Column "${name}" is there twice; keep one of them.`);
  });
  for (const column of columns) {
    if (!cells.includes(column)) report(column, `Column "${column}" is missing; add it.`);
  }
  return problems;
}

function countOf(cells: readonly string[], name: string): number {
  return cells.filter((cell) => cell === name).length;
}
