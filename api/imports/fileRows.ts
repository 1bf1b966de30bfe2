/** The rows of a file that is being sent, one by one: what both formats have in common, and what breaks a file off. */
import { Problem, type FieldError } from '../problem';

export const MOST_ROWS = 100_000;
/** Many times what a form takes. */
export const ROW_LIMIT = 64 * 1024;

/** Media type -> how it is read. */
export type FileType = 'text/csv' | 'application/x-ndjson';

export interface FileRow {
  /** Its line; where cells hold line ends, its row as a spreadsheet counts. The first of the file is 1. */
  row: number;
  /** What makes it this row: equal rows have equal texts. */
  text: string;
  /** The form as it was sent, or why there is none. */
  form: { read: true; value: unknown } | { read: false; errors: FieldError[] };
}

/** Nothing from this row on can be read. What came before it is kept: a mended file goes on there. */
export function unreadable(sentence: string, row?: number, errors?: FieldError[]): Problem {
  const detail = row === undefined ? sentence : `Row ${row}: ${sentence}`;
  return new Problem('FILE_UNREADABLE', detail, {
    ...(row !== undefined && { row }),
    ...(errors && { errors }),
  });
}

export function rowTooLong(row: number): Problem {
  return unreadable('It has more than 64 KB. Is a quotation mark before it not closed?', row);
}

/** The same bytes, once they are known to be UTF-8. Throws a Problem. */
export async function* requireUtf8(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const check = (chunk?: Buffer) => {
    try {
      decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw unreadable('The file is not UTF-8; save it as "CSV UTF-8".');
    }
  };
  for await (const chunk of bytes) {
    check(chunk);
    yield chunk;
  }
  check();
}
