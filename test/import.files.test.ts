/** The rows of a file that is imported: both formats, as spreadsheets and programs write them, whole and broken. */
import { Readable } from 'node:stream';
import { csvRows } from '../api/imports/csvRows';
import { requireUtf8, type FileRow } from '../api/imports/fileRows';
import { ndjsonRows } from '../api/imports/ndjsonRows';
import { Problem } from '../api/problem';

const HEADER =
  'brand.name,brand.storeUrl,contact.name,contact.email,surveyPartner,storePlatform,advertiserId,dataSharing.authorized,dataSharing.textVersion,externalId';
const CELLS =
  'Wind,https://wind.example,Nora,nora@wind.example,kno,shopify,7012345678901234567,TRUE,2023-10,';
const FORM = {
  brand: { name: 'Wind', storeUrl: 'https://wind.example' },
  contact: { name: 'Nora', email: 'nora@wind.example' },
  surveyPartner: 'kno',
  storePlatform: 'shopify',
  advertiserId: '7012345678901234567',
  dataSharing: { authorized: true, textVersion: '2023-10' },
};

type Reader = (bytes: AsyncIterable<Buffer>) => AsyncIterable<FileRow>;

/** As it comes over a network: cut anywhere, also within a character. */
async function read(reader: Reader, file: string | Buffer, size = 7): Promise<FileRow[]> {
  const bytes = Buffer.from(file as string);
  const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
  const rows: FileRow[] = [];
  for await (const row of reader(requireUtf8(Readable.from(parts) as AsyncIterable<Buffer>))) rows.push(row);
  return rows;
}

async function problemOf(reader: Reader, file: string | Buffer, size?: number): Promise<Problem> {
  try {
    await read(reader, file, size);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('The file was read.');
}

const values = (rows: FileRow[]) => rows.map(({ form }) => (form.read ? form.value : form.errors));

describe('CSV', () => {
  test.each([
    ['a byte order mark, CRLF and no last line end', `\uFEFF${HEADER}\r\n${CELLS}\r\n${CELLS}`],
    ['LF', `${HEADER}\n${CELLS}\n${CELLS}\n`],
    [
      'blanks around the values',
      `${HEADER.replaceAll(',', ' , ')}\n${CELLS.replaceAll(',', ' ,')}\n${CELLS}\n`,
    ],
    ['blank rows, as spreadsheets leave them', `${HEADER}\n${CELLS}\n\n,,,,,,,,,\n${CELLS}\n\n`],
    ['quoted values', `${HEADER}\n${CELLS.replace(/[^,]+/g, '"$&"')}\n${CELLS}\n`],
  ])('When a file has %s, then each row is the form that it says', async (_what, file) => {
    expect(values(await read(csvRows, file))).toEqual([FORM, FORM]);
  });

  test('When columns stand in another order, then their names count, and an empty cell is left out', async () => {
    const reversed = (line: string) => line.split(',').reverse().join(',');
    expect(values(await read(csvRows, `${reversed(HEADER)}\n${reversed(CELLS)}\n`))).toEqual([FORM]);
  });

  test('When a value has line ends, commas, quotation marks and letters of any kind, then it is kept', async () => {
    const name = 'Süd "風" 🌬, Ltd.\nBerlin';
    const quoted = `"${name.replaceAll('"', '""')}"`;
    const [first] = values(await read(csvRows, `${HEADER}\n${CELLS.replace('Wind', quoted)}\n`, 1));
    expect(first).toMatchObject({ brand: { name } });
  });

  test('When a row has too many or too few values, then it alone has failed, and is named as a spreadsheet does', async () => {
    const rows = await read(csvRows, `${HEADER}\n${CELLS}\n\n${CELLS},more\nWind\n${CELLS}\n`);
    expect(rows.map(({ row, form }) => [row, form.read])).toEqual([
      [2, true],
      [4, false],
      [5, false],
      [6, true],
    ]);
    expect(values(rows)[1]).toEqual([
      { pointer: '', message: 'has 11 values and the header 10; give each column one value' },
    ]);
  });

  test.each([
    ['is empty', '', /is empty; begin it with the header brand\.name,/],
    ['has no header', `${CELLS}\n`, /has no header/],
    ['is separated by semicolons', HEADER.replaceAll(',', ';'), /semicolons/],
    ['lacks a column', HEADER.replace('advertiserId,', ''), /"advertiserId" is missing/],
    ['has an unknown column', `${HEADER},programId`, /"programId" is no column/],
    ['has a column twice', `${HEADER},surveyPartner`, /"surveyPartner" is there twice/],
    [
      'opens a quotation mark and does not close it',
      `${HEADER}\n${CELLS}\n"Wind,${CELLS}\n`,
      /^Row 3: .*not closed/,
    ],
    ['has a quotation mark out of place', `${HEADER}\n${CELLS}\nWi"nd,${CELLS}\n`, /^Row 3: .*out of place/],
    ['has text behind a quotation mark', `${HEADER}\n"Wi"nd,${CELLS}\n`, /^Row 2: .*out of place/],
  ])('When a file %s, then it is a problem that says so', async (_what, file, said) => {
    expect(await problemOf(csvRows, file)).toMatchObject({
      status: 400,
      code: 'FILE_UNREADABLE',
      detail: expect.stringMatching(said) as string,
    });
  });

  test('When a row never ends, then reading it does, and little of it is kept', async () => {
    const file = `${HEADER}\n"${'x'.repeat(100_000)}`;
    expect(await problemOf(csvRows, file, 1_000)).toMatchObject({
      detail: expect.stringMatching(/^Row 2: It has more than 64 KB/) as string,
    });
  });
});

describe('JSON lines', () => {
  const LINE = JSON.stringify(FORM);

  test.each([
    ['a byte order mark and CRLF', `\uFEFF${LINE}\r\n${LINE}\r\n`],
    ['no last line end', `${LINE}\n${LINE}`],
    ['blank lines', `\n${LINE}\n\n  \n${LINE}\n`],
  ])('When a file has %s, then each line is a form', async (_what, file) => {
    expect(values(await read(ndjsonRows, file))).toEqual([FORM, FORM]);
  });

  test('When a line is no JSON, then it alone has failed, and is named by its number', async () => {
    const rows = await read(ndjsonRows, `${LINE}\n\n{"brand":\n${LINE}\n`);
    expect(rows.map(({ row, form }) => [row, form.read])).toEqual([
      [1, true],
      [3, false],
      [4, true],
    ]);
  });

  test('When a line never ends, then reading it does', async () => {
    const file = `${LINE}\n{"a":"${'x'.repeat(100_000)}`;
    expect(await problemOf(ndjsonRows, file, 1_000)).toMatchObject({
      detail: expect.stringMatching(/^Row 2: It has more than 64 KB/) as string,
    });
  });
});

test.each([
  ['Latin 1', Buffer.from(`${HEADER}\n${CELLS.replace('Wind', 'Süd')}\n`, 'latin1')],
  ['UTF-16, as "Unicode text" of spreadsheets', Buffer.from(`\uFEFF${HEADER}\n${CELLS}\n`, 'utf16le')],
  ['UTF-8 that is cut within a character', Buffer.from(`${HEADER}\n${CELLS}é`).subarray(0, -1)],
])('When a file is %s, then it is refused: not UTF-8', async (_what, file) => {
  for (const reader of [csvRows, ndjsonRows])
    expect(await problemOf(reader, file)).toMatchObject({
      code: 'FILE_UNREADABLE',
      detail: expect.stringMatching(/not UTF-8/) as string,
    });
});
