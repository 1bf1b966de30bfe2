/** Rows of a file of JSON lines: each line the object that `POST /v1/enrollments` takes, without `programId`. */
import { ROW_LIMIT, rowTooLong, type FileRow } from './fileRows';

const LINE_END = 0x0a;

/** Blank lines are left out, and counted. Throws a Problem. */
export async function* ndjsonRows(bytes: AsyncIterable<Buffer>): AsyncGenerator<FileRow, undefined> {
  let row = 0;
  for await (const line of lines(bytes)) {
    row += 1;
    const text = line
      .toString('utf8')
      .replace(/^\uFEFF/, '')
      .trim();
    if (text !== '') yield { row, text, form: formIn(text) };
  }
}

/** Never more than one line in memory, and what the sender's last chunk holds besides. */
async function* lines(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer, undefined> {
  let begun: Buffer = Buffer.alloc(0);
  let count = 0;
  for await (const chunk of bytes) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      count += 1;
      const line = Buffer.concat([begun, chunk.subarray(from, end)]);
      if (line.length > ROW_LIMIT) throw rowTooLong(count);
      yield line;
      begun = Buffer.alloc(0);
      from = end + 1;
    }
    begun = Buffer.concat([begun, chunk.subarray(from)]);
    if (begun.length > ROW_LIMIT) throw rowTooLong(count + 1);
  }
  if (begun.length > 0) yield begun;
}

function formIn(line: string): FileRow['form'] {
  try {
    return { read: true, value: JSON.parse(line) as unknown };
  } catch {
    return { read: false, errors: [{ pointer: '', message: 'must be a JSON object on one line' }] };
  }
}
