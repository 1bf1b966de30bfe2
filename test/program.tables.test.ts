import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramDefinition } from '../program/definition';
import { parseDefinition } from '../program/parseDefinition';
import { amountsToCsv, withAmountsFromCsv } from '../program/tables/amounts';
import { calendarToCsv, withCalendarFromCsv } from '../program/tables/calendar';
import { TableError, type TableProblem } from '../program/tables/tableError';

function shipped(name: string): ProgramDefinition {
  const json = readFileSync(join(__dirname, `../program/definitions/${name}.json`), 'utf8');
  return parseDefinition(JSON.parse(json));
}

/** Everything that a table is refused for. */
function problems(call: () => unknown): readonly TableProblem[] {
  try {
    call();
  } catch (error) {
    if (error instanceof TableError) return error.errors;
    throw error;
  }
  return [];
}

/** Sentences of the definition's checks are theirs to word. */
const like = (sentence: RegExp) => expect.stringMatching(sentence) as string;

/** A program of two regions, so that a whole table fits into a test. */
const program = parseDefinition({
  ...shipped('tiktok-pps-2023'),
  regions: { US: ['US'], EU: ['DE', 'FR'] },
  window: { from: '2023-10-01', to: '2023-11-30' },
  calendar: shipped('tiktok-pps-2023').calendar.slice(0, 2),
  credit: [
    {
      region: 'US',
      currency: 'USD',
      tiers: [
        { from: '1000.00', amount: '400.00' },
        { from: '2500.00', amount: '1000.00' },
      ],
      bonuses: { 'non-shopify-kno': { amount: '500.00' } },
      cap: '1200.00',
      approvalThreshold: '900.00',
    },
    {
      region: 'EU',
      currency: 'EUR',
      tiers: [{ from: '900', amount: '360.5' }],
      bonuses: { 'non-shopify-kno': { amount: '0' } },
    },
  ],
  deferral: { maximum: 1, by: ['admin'] },
});

const AMOUNTS = ['region,currency,minimum_spend,amount', 'US,USD,1000.00,400.00', 'US,USD,2500.00,1000.00'];
const EU_ROW = 'EU,EUR,900,360.5';
const CALENDAR = [
  'enrollment_month,period_from,period_to,payout_date',
  '2023-10,2023-11-01,2023-11-30,2023-12-15',
  '2023-11,2023-12-01,2023-12-31,2024-01-15',
];
const file = (...lines: string[]) => lines.map((line) => `${line}\n`).join('');

const amountProblems = (csv: string) => problems(() => withAmountsFromCsv(program, csv));
const calendarProblems = (csv: string) => problems(() => withCalendarFromCsv(program, csv));

const rolling: ProgramDefinition = {
  ...program,
  calendar: [],
  rollingPeriod: { days: 30, payoutAfterDays: 14, lastMonth: '2024-03' },
};

describe('export', () => {
  test('When the amounts are exported, then each tier is a row, written as in the definition', () => {
    expect(amountsToCsv(program)).toBe(file(...AMOUNTS, EU_ROW));
  });

  test('When the calendar is exported, then each month of enrollment is a row', () => {
    expect(calendarToCsv(program)).toBe(file(...CALENDAR));
  });

  test('When tables pay percentages, then none is exported and each of them is named', () => {
    const tiers = [
      { from: '100', percent: '10', upTo: '20' },
      { from: '1000', amount: '400' },
    ];
    const definition = { ...program, credit: program.credit.map((table) => ({ ...table, tiers })) };
    const sentence = (table: string) => ({
      row: null,
      column: null,
      message: `The table of ${table} pays a percentage, which this file has no column for; edit it in the definition.`,
    });
    expect(problems(() => amountsToCsv(definition))).toEqual([sentence('US in USD'), sentence('EU in EUR')]);
  });

  test('When the program has a rolling period, then there is no calendar to export', () => {
    expect(problems(() => calendarToCsv(rolling))).toEqual([
      {
        row: null,
        column: null,
        message:
          'This program has a rollingPeriod instead of a calendar, so there are no rows to write; read the rollingPeriod in the definition.',
      },
    ]);
  });
});

describe('round trip', () => {
  test.each(['pps-demo', 'tiktok-pps-2023'])(
    'When the tables of %s are exported and imported, then the definition is the same',
    (name) => {
      const definition = shipped(name);
      const before = structuredClone(definition);
      expect(withAmountsFromCsv(definition, amountsToCsv(definition))).toEqual(before);
      expect(withCalendarFromCsv(definition, calendarToCsv(definition))).toEqual(before);
      expect(definition).toEqual(before);
    },
  );

  test.each([
    ['with a byte order mark', (csv: string) => `\uFEFF${csv}`],
    ['with a byte order mark before a quote', (csv: string) => `\uFEFF${csv.replace(/[^,\n]+/g, '"$&"')}`],
    ['with CRLF', (csv: string) => csv.replaceAll('\n', '\r\n')],
    ['with CR', (csv: string) => csv.replaceAll('\n', '\r')],
    ['with mixed line ends', (csv: string) => csv.replace('\n', '\r\n')],
    ['without a last line end', (csv: string) => csv.trimEnd()],
    ['with every value in quotes', (csv: string) => csv.replace(/[^,\n]+/g, '"$&"')],
    ['with blanks around values', (csv: string) => csv.replace(/[^,\n]+/g, ' $&\t')],
    ['with blanks around and within quotes', (csv: string) => csv.replace(/[^,\n]+/g, ' " $& " ')],
    ['with blank rows', (csv: string) => `\n${csv.replaceAll('\n', '\n \n,,,\n')}`],
  ])('When a table comes %s, then it is read as without', (_how, written) => {
    expect(withAmountsFromCsv(program, written(file(...AMOUNTS, EU_ROW)))).toEqual(program);
    expect(withCalendarFromCsv(program, written(file(...CALENDAR)))).toEqual(program);
  });
});

describe('import', () => {
  test('When tiers change, then bonuses, cap and approval threshold stay, and so does all else', () => {
    const csv = file(AMOUNTS[0]!, 'US,USD,500,250', 'US,USD,1000,600', 'US,USD,2000,900', EU_ROW);
    const [us, eu] = program.credit;
    expect(withAmountsFromCsv(program, csv)).toEqual({
      ...program,
      credit: [
        {
          ...us,
          tiers: [
            { from: '500', amount: '250' },
            { from: '1000', amount: '600' },
            { from: '2000', amount: '900' },
          ],
        },
        eu,
      ],
    });
  });

  test('When columns and rows stand elsewhere, then they are told by their names, and tiers are in the order of rows', () => {
    const csv = file(
      'amount,minimum_spend,currency,region',
      '360.5,900,EUR,EU',
      '400.00,1000.00,USD,US',
      '400,1000,EUR,EU',
      '1000.00,2500.00,USD,US',
    );
    const { credit } = withAmountsFromCsv(program, csv);
    expect(credit.map(({ region, tiers }) => [region, tiers])).toEqual([
      [
        'EU',
        [
          { from: '900', amount: '360.5' },
          { from: '1000', amount: '400' },
        ],
      ],
      ['US', program.credit[0]!.tiers],
    ]);
  });

  test('When the file names another currency of a region, then its table is new and the one not named is gone', () => {
    const { credit } = withAmountsFromCsv(program, file(...AMOUNTS, 'EU,CHF,1000,400'));
    expect(credit).toEqual([
      program.credit[0],
      {
        region: 'EU',
        currency: 'CHF',
        tiers: [{ from: '1000', amount: '400' }],
        bonuses: { 'non-shopify-kno': { amount: '0' } },
        cap: null,
        approvalThreshold: null,
      },
    ]);
  });

  test('When a table that paid a percentage is in the file, then it pays the amounts of the file', () => {
    const [us, eu] = program.credit;
    const share = { ...eu!, tiers: [{ from: '900', percent: '10', upTo: '50' }] };
    expect(withAmountsFromCsv({ ...program, credit: [us!, share] }, file(...AMOUNTS, EU_ROW))).toEqual(
      program,
    );
  });

  test('When the calendar changes, then it is that of the file, and all else stays', () => {
    const rows = [...CALENDAR.slice(0, 2), '2023-11,2023-12-01,2023-12-31,2024-01-20'];
    const added = '2023-12,2024-01-01,2024-01-31,2024-02-15';
    expect(withCalendarFromCsv(program, file(...rows, added))).toEqual({
      ...program,
      calendar: [
        program.calendar[0],
        { ...program.calendar[1], payoutDate: '2024-01-20' },
        {
          enrollmentMonth: '2023-12',
          periodFrom: '2024-01-01',
          periodTo: '2024-01-31',
          payoutDate: '2024-02-15',
        },
      ],
    });
  });
});

const REMOVE = 'remove it: the columns are region,currency,minimum_spend,amount.';
const ASCENDING = /ascending order/;
const BROKEN_QUOTE =
  'A quotation mark is out of place, so nothing from this row on can be read; enclose the whole value in quotation marks and double those within it.';
const NO_HEADER =
  'This must be the header region,currency,minimum_spend,amount, separated by commas; put it above the rows.';

describe('a file that is not a table of amounts', () => {
  test.each<[what: string, csv: string, row: number | null, column: string | null, message: string]>([
    [
      'is empty',
      '',
      null,
      null,
      'The file is empty; begin it with the header region,currency,minimum_spend,amount.',
    ],
    [
      'has blank lines only',
      '\uFEFF\r\n , \r\n',
      null,
      null,
      'The file is empty; begin it with the header region,currency,minimum_spend,amount.',
    ],
    ['has no header', file(...AMOUNTS.slice(1), EU_ROW), 1, null, NO_HEADER],
    [
      'is separated by semicolons',
      file(...AMOUNTS, EU_ROW).replaceAll(',', ';'),
      1,
      null,
      'The values are separated by semicolons; save the file with commas between them (CSV, comma separated).',
    ],
    [
      'lacks a column',
      'region,currency,minimum_spend\nUS,USD,1\n',
      1,
      'amount',
      'Column "amount" is missing; add it.',
    ],
    [
      'has an unknown column',
      'region,currency,minimum_spend,amount,cap\nUS,USD,1,1,1\nEU,EUR,1,1,1\n',
      1,
      'cap',
      `There is no column "cap"; ${REMOVE}`,
    ],
    [
      'has a column without a name',
      'region,currency,,minimum_spend,amount\nUS,USD,,1,1\nEU,EUR,,1,1\n',
      1,
      null,
      `Column 3 has no name; ${REMOVE}`,
    ],
    [
      'has a column twice',
      'region,currency,minimum_spend,amount,amount\nUS,USD,1,1,1\n',
      1,
      'amount',
      'Column "amount" is there twice; keep one of them.',
    ],
    [
      'has too few values in a row',
      file(...AMOUNTS, 'EU,EUR,900'),
      4,
      null,
      'This row has 3 values and the header 4; give each column one value.',
    ],
    [
      'has too many values in a row',
      file(...AMOUNTS, 'EU,EUR,900,1,000.00'),
      4,
      null,
      'This row has 5 values and the header 4; give each column one value.',
    ],
    ['has a quote that is not closed', file(...AMOUNTS, 'EU,"EUR,900,360.5'), 4, null, BROKEN_QUOTE],
    ['has a quote within a value', file(...AMOUNTS, 'EU,E"UR,900,360.5'), 4, null, BROKEN_QUOTE],
    ['has text behind a quote', file(...AMOUNTS, 'EU,"EUR"s,900,360.5', EU_ROW), 4, null, BROKEN_QUOTE],
    ['has a broken quote in its header', 'region,"currency\nUS,USD', 1, null, BROKEN_QUOTE],
  ])('When the file %s, then that is the one error, with its place', (_what, csv, row, column, message) => {
    expect(amountProblems(csv)).toEqual([{ row, column, message }]);
  });
});

describe('values that no definition may have', () => {
  test.each<[what: string, csv: string, row: number | null, column: string | null, sentence: RegExp]>([
    ['an amount that is none', file(...AMOUNTS, 'EU,EUR,900,"1,000.00"'), 4, 'amount', /decimal string/],
    ['an amount that is missing', file(...AMOUNTS, 'EU,EUR,,360'), 4, 'minimum_spend', /decimal string/],
    ['too many decimals', file(...AMOUNTS, 'EU,EUR,900,360.505'), 4, 'amount', /360\.505/],
    ['a currency in small letters', file(...AMOUNTS, 'EU,eur,900,360'), 4, 'currency', /ISO 4217/],
    [
      'a region that the program does not have',
      file(...AMOUNTS, EU_ROW, 'CA,CAD,1300,500', 'CA,CAD,2600,1000'),
      5,
      'region',
      /CA .*"regions"/,
    ],
    ['tiers out of order', file(...AMOUNTS, EU_ROW, 'US,USD,2000,1500'), 5, 'minimum_spend', ASCENDING],
    ['a tier twice', file(...AMOUNTS, AMOUNTS[2]!, EU_ROW), 4, 'minimum_spend', ASCENDING],
    [
      'a higher tier that pays less',
      file(...AMOUNTS, EU_ROW, 'US,USD,5000,900'),
      5,
      'amount',
      /a higher tier must not/i,
    ],
    ['a region without a table', file(...AMOUNTS), null, null, /Region EU has no amounts/],
    ['no row at all', file(AMOUNTS[0]!), null, null, /at least one table/],
  ])('When there is %s, then the error stands at its cell', (_what, csv, row, column, sentence) => {
    expect(amountProblems(csv)).toEqual([{ row, column, message: like(sentence) }]);
  });

  test('When what is wrong is not a cell but belongs to a table, then the row is its first and the pointer is told', () => {
    expect(amountProblems(file(AMOUNTS[0]!, EU_ROW, 'US,USD,1000,1200'))).toEqual([
      {
        row: 3,
        column: null,
        message: like(/^\/credit\/1\/bonuses\/non-shopify-kno: The cap is reached/),
      },
    ]);
  });

  test('When what is wrong is outside of the table, then there is no row, and the pointer is told', () => {
    const definition = { ...program, supportMail: 'nobody' };
    const outside = { row: null, column: null };
    expect(problems(() => withAmountsFromCsv(definition, file(...AMOUNTS, EU_ROW)))).toEqual([
      { ...outside, message: like(/^\/supportMail: .*mail address/) },
    ]);
    expect(
      problems(() =>
        withCalendarFromCsv(program, file(CALENDAR[0]!, '2023-10,2023-10-20,2023-10-31,2023-11-15')),
      ),
    ).toEqual([
      { ...outside, message: like(/^Add a row .*2023-11/) },
      {
        ...outside,
        message: like(/^\/deferral\/maximum: .* 0 moves/),
      },
      {
        ...outside,
        message: like(/^\/policies\/missedFacts\/atMost: .* 0 moves/),
      },
    ]);
  });
});

describe('a calendar that cannot be', () => {
  test.each<[what: string, row: string, column: string, sentence: RegExp]>([
    [
      'a month written as in the spreadsheet',
      'Nov-23,2023-12-01,2023-12-31,2024-01-15',
      'enrollment_month',
      /YYYY-MM\.$/,
    ],
    ['a day that does not exist', '2023-11,2023-12-01,2023-12-32,2024-01-15', 'period_to', /YYYY-MM-DD/],
    [
      'a period that overlaps',
      '2023-11,2023-11-30,2023-12-31,2024-01-15',
      'period_from',
      /after .*2023-11-30/,
    ],
    [
      'a payout before the credit is known',
      '2023-11,2023-12-01,2023-12-31,2024-01-02',
      'payout_date',
      /2023-12-31/,
    ],
  ])('When there is %s, then the error stands at its cell', (_what, row, column, sentence) => {
    expect(calendarProblems(file(...CALENDAR.slice(0, 2), row))).toEqual([
      { row: 3, column, message: like(sentence) },
    ]);
  });

  test('When there is no row, then the whole table is named', () => {
    expect(calendarProblems(file(CALENDAR[0]!))).toEqual([
      { row: null, column: null, message: like(/at least one month/) },
    ]);
  });

  test.each([[CALENDAR], [CALENDAR.slice(0, 1)]])(
    'When the program has a rolling period, then it must go before %j is imported',
    (lines) => {
      expect(problems(() => withCalendarFromCsv(rolling, file(...lines)))).toEqual([
        {
          row: null,
          column: null,
          message:
            'This program has a rollingPeriod instead of a calendar; remove rollingPeriod from the definition first.',
        },
      ]);
    },
  );
});

test('When values are wrong in many rows, then all are told at once, by the rows that a spreadsheet shows', () => {
  const csv = [
    'region,currency,minimum_spend,amount', // row 1
    '', // 2
    'US,USD,1000,400.005', // 3
    'EU,"EUR\r\n",900,360', // 4, in two lines
    'EU,EUR,800,370', // 5
    ',,,', // 6
    'US,USD,900,1000', // 7
    'ZZ,ZWL,1,1', // 8
  ].join('\r\n');
  expect(amountProblems(csv)).toEqual([
    { row: 3, column: 'amount', message: like(/400\.005/) },
    { row: 5, column: 'minimum_spend', message: like(ASCENDING) },
    { row: 7, column: 'minimum_spend', message: like(ASCENDING) },
    { row: 8, column: 'region', message: like(/ZZ .*"regions"/) },
  ]);
});

test('When the form is wrong too, then the values of all rows that can be read are told with it', () => {
  const csv = file(
    'currency,region,minimum_spend,amount,note', // row 1
    'USD,US,1000,400.005,', // 2
    'USD,US,2000,500', // 3
    'USD,US,900,1000,', // 4
    'EUR,EU,900,36"0,', // 5
    'EUR,EU,x,y,', // 6, behind the broken quote
  );
  expect(amountProblems(csv)).toEqual([
    { row: 1, column: 'note', message: `There is no column "note"; ${REMOVE}` },
    { row: 2, column: 'amount', message: like(/400\.005/) },
    {
      row: 3,
      column: null,
      message: 'This row has 4 values and the header 5; give each column one value.',
    },
    { row: 4, column: 'minimum_spend', message: like(ASCENDING) },
    { row: 5, column: null, message: BROKEN_QUOTE },
  ]);
});

test('When a table is refused, then the error itself says all of it', () => {
  const csv = file(...AMOUNTS, 'EU,EUR,900,-1', 'EU,EUR,1000');
  expect(() => withAmountsFromCsv(program, csv)).toThrow(
    expect.objectContaining({
      name: 'TableError',
      code: 'TABLE_INVALID',
      message: like(/^The table has 2 errors: row 4, column amount: Write .*\. row 5: This row has 3 values/),
    }) as Error,
  );
  expect(() => withAmountsFromCsv(program, '')).toThrow(
    /^The table has an error: \(table\): The file is empty;/,
  );
});
