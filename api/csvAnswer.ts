/**
 * An answer that is a CSV file, sent while its rows are read: as fast as its reader takes it, never whole in memory. What
 * fails before the first row is a problem as ever; what fails later breaks the connection, since a clean end would pass for
 * the whole file.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { Response } from 'express';
import type { Logger } from '../settings/logger';

export interface CsvFile {
  name: string;
  columns: readonly string[];
  /** A row has a cell for each column. */
  rows: AsyncGenerator<readonly (string | number | null)[]>;
}

export async function sendCsv(
  response: Response,
  { name, columns, rows }: CsvFile,
  logger: Logger,
): Promise<void> {
  const first = await rows.next();
  async function* all() {
    if (first.done) return;
    yield first.value;
    yield* rows;
  }
  response.status(200).type('text/csv').attachment(name);
  // A cell that a spreadsheet would take for a formula gets an apostrophe; numbers stay numbers.
  const written = stringify({
    header: true,
    columns: [...columns],
    escape_formulas: true,
    // Where `;` separates cells, what follows one within a text would be a cell of its own.
    quoted_match: /[;\t]/,
  });
  try {
    await pipeline(Readable.from(all()), written, response);
  } catch (err) {
    const { requestId } = response.locals;
    logger.warn({ err, requestId }, 'a file was not sent to its end');
  }
}
