/**
 * Rows of a CSV file (RFC 4180, as spreadsheets write it): a header with the fields of `POST /v1/enrollments`, nested ones with
 * dots, in any order; then one brand a row. An empty cell is a field that is left out.
 */
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import type { FieldError } from '../problem';
import { ROW_LIMIT, rowTooLong, unreadable, type FileRow } from './fileRows';
import { formOfCells, IMPORT_COLUMNS } from './importColumns';

interface Parsed {
  record: string[];
  info: { records: number; empty_lines: number };
}

const COLUMNS = Object.keys(IMPORT_COLUMNS);

/** Blank rows are left out, and counted. Throws a Problem. */
export async function* csvRows(bytes: AsyncIterable<Buffer>): AsyncGenerator<FileRow, undefined> {
  const parser = parse({
    bom: true,
    trim: true,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: ROW_LIMIT,
  });
  // What breaks it off, its reader gets as well.
  pipeline(bytes, parser).catch(() => undefined);
  let header: string[] | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      if (record.every((cell) => cell === '')) continue;
      if (header) yield rowOf(info.records + info.empty_lines, header, record);
      else header = requireHeader(record);
    }
  } catch (error) {
    throw error instanceof CsvError ? problemOf(error) : error;
  }
  if (!header) throw unreadable(`The file is empty; begin it with the header ${COLUMNS.join(',')}.`);
}

function rowOf(row: number, header: readonly string[], cells: readonly string[]): FileRow {
  // With its header: another order of the columns is the same row only if the names say so.
  const text = JSON.stringify([header, cells]);
  if (cells.length !== header.length) {
    const message = `has ${cells.length} values and the header ${header.length}; give each column one value`;
    return { row, text, form: { read: false, errors: [{ pointer: '', message }] } };
  }
  return { row, text, form: { read: true, value: formOfCells(header, cells) } };
}

/** Throws a Problem that names every column that is missing, unknown or there twice. */
function requireHeader(cells: string[]): string[] {
  if (!cells.some((cell) => COLUMNS.includes(cell)))
    throw unreadable(
      cells.some((cell) => cell.includes(';'))
        ? 'The values are separated by semicolons; save the file with commas between them.'
        : `The file has no header; put ${COLUMNS.join(',')} above its rows.`,
    );
  const errors: FieldError[] = [
    ...cells
      .filter((cell) => !COLUMNS.includes(cell))
      .map((cell) => ({ pointer: cell.slice(0, 64), message: 'is no column of an import; remove it' })),
    ...cells
      .filter((cell, index) => COLUMNS.includes(cell) && cells.indexOf(cell) < index)
      .map((cell) => ({ pointer: cell, message: 'is there twice; keep one of them' })),
    ...COLUMNS.filter((column) => IMPORT_COLUMNS[column] === 'required' && !cells.includes(column)).map(
      (column) => ({ pointer: column, message: 'is missing; add it' }),
    ),
  ];
  if (errors.length > 0) {
    const said = errors.slice(0, 5).map(({ pointer, message }) => `"${pointer}" ${message}`);
    throw unreadable(`The columns cannot be used: ${said.join('; ')}.`, undefined, errors.slice(0, 50));
  }
  return cells;
}

function problemOf(error: CsvError) {
  const { records, empty_lines } = error as unknown as Parsed['info'];
  const row = records + empty_lines + 1;
  switch (error.code) {
    case 'CSV_MAX_RECORD_SIZE':
      return rowTooLong(row);
    case 'CSV_QUOTE_NOT_CLOSED':
      return unreadable('A quotation mark is opened and not closed.', row);
    default:
      return unreadable(
        'A quotation mark is out of place; enclose the whole value in quotation marks and double those within it.',
        row,
      );
  }
}
