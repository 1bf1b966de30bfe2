/** `pps program tables amounts`, `calendar` and `estimate`. */
import { EXAMPLE, openCommandLine, PPS_2023, type CommandLine } from './support/commandLine';

let t: CommandLine;
beforeAll(() => {
  t = openCommandLine();
});
afterAll(() => t?.close());

describe.each([
  {
    command: 'amounts',
    header: 'region,currency,minimum_spend,amount\n',
    row: 'US,USD,2500.00,1000.00',
    newRow: 'US,USD,2500.00,1200.00',
  },
  {
    command: 'calendar',
    header: 'enrollment_month,period_from,period_to,payout_date\n',
    row: '2023-11,2023-12-01,2023-12-31,2024-01-15',
    newRow: '2023-11,2023-12-01,2023-12-31,2024-01-20',
  },
])('pps program tables $command', ({ command, header, row, newRow }) => {
  test('When the table is edited in its CSV, then the written definition differs in that only, and keeps $schema', async () => {
    const written = { code: 0, stdout: '', stderr: '' };
    expect(await t.shell(`pps program tables ${command} ${PPS_2023} -o table.csv`)).toEqual(written);
    const csv = t.read('table.csv');
    expect([csv.startsWith(header), csv.includes(row)]).toEqual([true, true]);
    expect((await t.shell(`pps program tables ${command} ${PPS_2023}`)).stdout).toBe(csv);

    const take = `pps program tables ${command} ${PPS_2023} --from`;
    expect(await t.shell(`${take} table.csv -o same.json`)).toEqual(written);
    expect(t.read('same.json')).toBe(t.read(PPS_2023));
    expect(await t.shell(`${take} - -o edited.json`, csv.replace(row, newRow))).toEqual({
      ...written,
      stderr: expect.stringMatching(/^.* → .*\n$/) as string,
    });
    const [before, after] = [t.read(PPS_2023).split('\n'), t.read('edited.json').split('\n')];
    expect(after).toHaveLength(before.length);
    expect(after.filter((line, index) => line !== before[index])).toHaveLength(1);
  });

  test('When the CSV would replace the definition itself, then it is refused and the definition stays', async () => {
    t.write('mine.json', t.read(PPS_2023));
    const { code, stderr } = await t.shell(`pps program tables ${command} mine.json -o ./mine.json`);
    expect([code, stderr]).toEqual([2, expect.stringContaining('would replace the definition') as string]);
    expect(t.read('mine.json')).toBe(t.read(PPS_2023));
  });

  test('When the CSV is wrong, then each error has its row and column, and nothing is written', async () => {
    const { stdout: csv } = await t.shell(`pps program tables ${command} ${PPS_2023}`);
    t.write('wrong.csv', csv.replace(row, row.replace(/[^,]+$/, 'soon')));
    t.write('kept.json', 'as it was');
    const before = t.filesNow();
    const { code, stdout, stderr } = await t.shell(
      `pps program tables ${command} ${PPS_2023} --from wrong.csv -o kept.json`,
    );
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(`^row 3, column ${header.trim().split(',').at(-1)}: [A-Z].*\\.$`),
      'wrong.csv cannot be used: 1 error. Nothing was written.',
      '',
    ]);
    expect([t.filesNow(), t.read('kept.json')]).toEqual([before, 'as it was']);
  });
});

test('When a tier is added in the CSV, then it is written like its neighbours and no other line changes', async () => {
  const { stdout: csv } = await t.shell(`pps program tables amounts ${PPS_2023}`);
  const longer = csv.replace('US,USD,2500.00,', 'US,USD,1500.00,600.00\nUS,USD,2500.00,');
  const { stdout } = await t.shell(`pps program tables amounts ${PPS_2023} --from -`, longer);
  const lines = stdout.split('\n');
  const added = lines.splice(
    lines.findIndex((line) => line.includes('"from": "1500.00"')),
    4,
  );
  expect(added.map((line) => line.trim())).toEqual(['"from": "1500.00",', '"amount": "600.00"', '},', '{']);
  expect(lines.join('\n')).toBe(t.read(PPS_2023));
});

test('When a program has no table to write, then the command says what it has instead', async () => {
  const { code, stderr } = await t.shell(`pps program tables calendar ${EXAMPLE}`);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^\(table\): This program has a rollingPeriod instead of a calendar.*\n/);
});

describe('pps program estimate', () => {
  const ESTIMATE = `pps program estimate ${PPS_2023} --country US --currency USD --spend 12480.00 --partner kno --platform woocommerce --at 2023-10-20`;

  test('When months are open, then each has its dates, the credit and the distance to the next tier', async () => {
    const { code, stdout, stderr } = await t.shell(ESTIMATE);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
    for (const words of [
      / 2023-11 as it is +2023-11-01 to 2023-11-30 +2023-12-03 00:00 +2023-12-15 +4,500\.00 +7,520\.00\n/,
      / 2024-07 +2024-07-01 to 2024-07-31 +2024-08-03 00:00 +2024-08-15 +4,500\.00 +7,520\.00\n/,
      /\nCredit of 4,500\.00 USD\n +region US, tier "10,000 and more" +4,000\.00 USD\n +not on Shopify, with KnoCommerce +500\.00 USD\n/,
    ])
      expect(stdout).toMatch(words);
    expect(stdout).not.toContain('Not open');
  });

  test('When no deferral is left, then the current month stands alone and the others say why they are not open', async () => {
    const { stdout } = await t.shell(`${ESTIMATE} --spend 80 --month 2023-12 --deferrals-used 3`);
    expect(stdout).toMatch(/ 2023-12 as it is .* none +920\.00\n\n/);
    expect(stdout).toContain('\n  spend 80.00 USD is below the minimum 1,000.00 USD\n');
    expect(stdout).toMatch(/ 2023-11 +A deferral goes to a later month only\.\n/);
    expect(stdout).toMatch(
      / 2024-01 to 2024-07 +The program allows no further deferral for this enrollment\.\n/,
    );
  });

  test('When the period is a rolling one, then it begins on the day of enrollment', async () => {
    const { stdout } = await t.shell(
      `pps program estimate ${EXAMPLE} --country JP --currency JPY --spend 80000 --partner woocommerce --platform woocommerce --at 2027-03-20`,
    );
    expect(stdout).toMatch(
      / 2027-05 as it is +2027-03-20 to 2027-05-18 +2027-05-21 00:00 +2027-06-01 +75,000 +145,000\n/,
    );
  });

  test.each([
    ['--country FR --currency USD', '--currency: this program has no currency "USD" there; write EUR.'],
    ['--country BR', '--country: this program has no country "BR"; write one of AT, AU, '],
    ['--partner acme', '--partner: this program has no partner "acme"; write one of fairing, kno or okendo.'],
    ['--platform acme', '--platform: this program has no platform "acme"; write one of shopify, '],
    ['--spend 12,480', '--spend: "12,480" is not a decimal amount'],
    ['--spend -5', '--spend: "-5" is below 0.'],
    ['--at 2023-02-30', '--at: "2023-02-30" is no day; write one such as 2023-10-01.'],
    [
      '--at 2024-04-01',
      '--at: nobody can enroll on 2024-04-01. The program is closed. Write a day from 2023-10-01 to 2024-03-31.',
    ],
    ['--month 2023-10', '--month: this program has no month "2023-10"; write one of 2023-11, '],
    ['--deferrals-used some', '--deferrals-used: "some" is no count; '],
  ])('When it is asked with %s, then that option is named with what to write', async (options, sentence) => {
    const { code, stdout, stderr } = await t.shell(`${ESTIMATE} ${options}`);
    expect([code, stdout, stderr.slice(0, sentence.length)]).toEqual([2, '', sentence]);
  });
});
