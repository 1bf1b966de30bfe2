/** The command `pps` as it is built (dist/), run as a process of its own on files in a folder. Needs no servers. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020';
import { builtEntry } from '../dev/settings';
import { computeCredit, type CreditInput } from '../program/credit';
import { sealStatement, STATEMENT_FORMAT, type SealedStatement } from '../program/creditStatement';
import type { ProgramDefinition } from '../program/definition';
import { parseDefinition } from '../program/parseDefinition';
import { documentHash } from '../program/revision';
import { readSource, ROOT } from './support/sources';

const PPS_2023 = 'program/definitions/tiktok-pps-2023.json';
const DEMO = 'program/definitions/pps-demo.json';
const EXAMPLE = 'program/definitions/examples/woocommerce-spend-and-get.json';
const SCHEMA = 'program/definitions/definition.schema.json';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pps-cli-'));
  cpSync(join(ROOT, 'program/definitions'), join(folder, 'program/definitions'), { recursive: true });
  mkdirSync(join(folder, 'bin'));
  const command = `#!/bin/sh\nexec '${process.execPath}' '${builtEntry('cli', 'main.js')}' "$@"\n`;
  writeFileSync(join(folder, 'bin/pps'), command, { mode: 0o755 });
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a line of a shell in the folder, where `pps` is a command. */
function shell(line: string, stdin = ''): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH']}` };
    const child = spawn('sh', ['-c', line], { cwd: folder, env });
    const ended: Ended = { code: null, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
    child.once('error', reject).once('close', (code) => resolve({ ...ended, code }));
    // A command that does not read its input may have ended before.
    child.stdin.on('error', () => {}).end(stdin);
  });
}

const read = (file: string) => readFileSync(join(folder, file), 'utf8');
const readJson = (file: string) => JSON.parse(read(file)) as Record<string, unknown>;
const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
const filesNow = () => readdirSync(folder).sort();

/** A file with the 2023 program after a change. */
function changed(file: string, change: (definition: ProgramDefinition) => void): void {
  const document = readJson(PPS_2023) as unknown as ProgramDefinition;
  change(document);
  write(file, JSON.stringify(document, null, 2));
}

describe('pps program validate', () => {
  test.each([PPS_2023, DEMO, EXAMPLE])(
    'When %s is valid, then it is printed within 100 columns, with its hash and a last line that says so',
    async (file) => {
      const { code, stdout, stderr } = await shell(`pps program validate ${file}`);
      expect([code, stderr]).toEqual([0, '']);
      const lines = stdout.split('\n');
      expect(lines.filter((line) => line.length > 100 || /\s$/.test(line))).toEqual([]);
      const hash = documentHash(parseDefinition(readJson(file)));
      expect(lines.slice(-4)).toEqual([`  ${hash}`, '', `${file} is valid.`, '']);
    },
  );

  test('When a program has a calendar and amounts, then both are tables, amounts in the currency of the region', async () => {
    const { stdout } = await shell(`pps program validate ${PPS_2023}`);
    for (const words of [
      /2023-10 +2023-11-01 to 2023-11-30 +2023-12-03 00:00 +2023-12-15\n/,
      / US +USD +1,000\.00 +400\.00 +US\n +2,500\.00 +1,000\.00\n/,
      / JP +JPY +150,000 +60,000 +JP\n/,
      /bonus non-shopify-kno +\+ 500\.00\n +at most +5,500\.00\n +approval above +5,000\.00\n/,
      /the store platform is not shopify,\s+and the survey partner is KnoCommerce/,
      /No spend .* is closed as ineligible/,
    ])
      expect(stdout).toMatch(words);
  });

  test('When a program has what the shipped ones have not, then that is put into words too', async () => {
    changed('words.json', (definition) => {
      const [us] = definition.credit;
      us!.tiers = [{ from: '0', percent: '10', upTo: '500.00' }];
      us!.bonuses = { 'non-shopify-kno': { percent: '2.5', upTo: '50.00' } };
      definition.credit[1]!.bonuses = { 'non-shopify-kno': { amount: '0' } };
      Object.assign(us!, { cap: null, approvalThreshold: null });
      definition.partners[0]!.verification = 'machine';
      definition.lookBackDays = 90;
      definition.rounding = 'half_even';
      definition.creditExpiryDays = 1;
      definition.budgets = [{ currency: 'USD', amount: '10000', regions: null }];
      definition.policies.noSpend = { then: 'roll_on', atMost: 2 };
      definition.rail = 'sandbox';
      definition.testClock = { startsAt: '2023-10-12T16:00:00Z', speed: 86400 };
    });
    const { code, stdout } = await shell('pps program validate words.json');
    expect(code).toBe(0);
    for (const words of [
      / US +USD +0\.00 +10 % up to 500\.00 +US\n +bonus non-shopify-kno +\+ 2\.5 % up to 50\.00\n\n/,
      /bonus non-shopify-kno +none\n/,
      /fairing +Fairing +criteria 1 to 3 are checked with the API key from the form\n/,
      /spent nothing in the\s+90 days before the day of enrollment/,
      /rounded half to even/,
      /Credit expiry +1 day after the payout\n/,
      / 10,000\.00 USD +for the whole program\n/,
      /moves to the next\s+calculation month, at most 2 times, and is then closed as ineligible/,
      /sandbox: moves nothing real\n/,
      /starts at 2023-10-12T16:00:00Z and runs 86400 times as fast as real time\n/,
    ])
      expect(stdout).toMatch(words);
  });

  test('When a definition is wrong, then each error has its pointer, its sentence and its line, and nothing is printed', async () => {
    changed('wrong.json', (definition) => {
      definition.credit[0]!.tiers[1]!.from = '999.00';
      Object.assign(definition, { rail: 'bank' });
    });
    const { code, stdout, stderr } = await shell('pps program validate wrong.json');
    expect([code, stdout]).toEqual([1, '']);
    const written = read('wrong.json').split('\n');
    const lineOf = (text: string) => written.findIndex((line) => line.includes(text)) + 1;
    expect(stderr.split('\n')).toEqual([
      `/rail: Write one of: "sandbox", "manual". (line ${lineOf('"rail"')})`,
      expect.stringMatching(`^/credit/0/tiers/1/from: [A-Z].* \\(line ${lineOf('"999.00"')}\\)$`),
      'wrong.json is not valid: 2 errors.',
      '',
    ]);
  });

  test.each([
    [
      '{\n  "id": "a",\n}',
      'line 3, column 1: Write a key in double quotes here, or remove the comma before it.\n    }\n    ^\n',
    ],
    [
      '{\n  "id": "a"\n  "name": "b"\n}',
      'line 3, column 3: Write a comma before this, or close the object with "}".',
    ],
    ['[1, 2,]', 'line 1, column 7: Write a value here, or remove the comma before it.'],
    ['[1 2]', 'line 1, column 4: Write a comma before this, or close the list with "]".'],
    ["{ 'id': 1 }", 'line 1, column 3: Write a key in double quotes here.'],
    ['{ "id" 1 }', 'line 1, column 8: Write a colon here, between the key "id" and its value.'],
    ['{ "id": yes }', 'line 1, column 9: Write a value here: a text in double quotes,'],
    ['{ "id": 01 }', 'line 1, column 9: Write a value here: a text in double quotes,'],
    ['{ "id": "a\n" }', 'line 1, column 9: Close this text with a double quote on its line,'],
    ['{ "id": "a" } x', 'line 1, column 15: Remove what follows the end of the document.'],
    ['{ "id": "a"', 'line 1, column 12: The document ends too early. Write a comma before this,'],
    ['', 'line 1, column 1: The document ends too early. Write a value here,'],
    [
      '{\n  "cap": 1,\n  "cap": 2\n}',
      'line 3, column 3: The key "cap" stands in this object already; keep one.',
    ],
  ])('When standard input is %j, then line and column of the fault are named', async (text, sentence) => {
    const { code, stdout, stderr } = await shell('pps program validate -', text);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`standard input, ${sentence}`);
  });

  test('When the definition comes by standard input, with a byte order mark, then it is read as from a file', async () => {
    const { code, stdout } = await shell('pps program validate -', `\uFEFF${read(DEMO)}`);
    expect([code, stdout.split('\n').at(-2)]).toEqual([0, 'standard input is valid.']);
  });

  test('When a text holds control characters, then they do not reach the terminal', async () => {
    changed('steering.json', (definition) => (definition.name = 'red \u001b[31m\u009b31m'));
    const { code, stdout } = await shell('pps program validate steering.json');
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'red [31m31m']);
  });
});

describe('pps program schema', () => {
  const compile = () => new Ajv({ strict: false }).compile(JSON.parse(readSource(SCHEMA)) as object);

  test('When the schema is written, then it is the file that is shipped, to which the shipped programs point', async () => {
    const { code, stdout } = await shell('pps program schema');
    expect([code, stdout]).toEqual([0, readSource(SCHEMA)]);
    expect([PPS_2023, DEMO, EXAMPLE].map((file) => readJson(file)['$schema'])).toEqual([
      './definition.schema.json',
      './definition.schema.json',
      '../definition.schema.json',
    ]);
  });

  test.each([PPS_2023, DEMO, EXAMPLE])(
    'When an editor checks %s by the schema, then it accepts it',
    (file) => {
      const validate = compile();
      expect([validate(readJson(file)), validate.errors]).toEqual([true, null]);
    },
  );

  test.each<[string, object, string]>([
    ['an unknown key', { minimumSpend: '1' }, ''],
    ['a number for an amount', { budgets: [{ currency: 'USD', amount: 5000 }] }, '/budgets/0/amount'],
    ['an unknown rail', { rail: 'bank' }, '/rail'],
    ['a date of no form', { window: { from: '1 October', to: '2024-03-31' } }, '/window/from'],
    ['no partner', { partners: [] }, '/partners'],
  ])('When a definition has %s, then the schema refuses it', (_, change, place) => {
    const validate = compile();
    expect(validate({ ...readJson(PPS_2023), ...change })).toBe(false);
    expect(validate.errors?.map(({ instancePath }) => instancePath)).toContain(place);
  });
});

describe('pps program diff', () => {
  test('When a later definition differs, then each change is one line, and equal ones have no difference', async () => {
    changed('later.json', (definition) => {
      definition.credit[0]!.tiers[1]!.amount = '1500.00';
      definition.supportMail = 'help@example.com';
    });
    const { code, stdout } = await shell(`pps program diff ${PPS_2023} later.json`);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toHaveLength(3);
    expect(stdout).toContain('US tier 2: 1,000.00 → 1,500.00 USD\n');
    const same = await shell(`pps program diff - ${PPS_2023}`, read(PPS_2023));
    expect(same).toEqual({ code: 0, stdout: 'no difference\n', stderr: '' });
  });
});

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
])('pps program $command', ({ command, header, row, newRow }) => {
  test('When the table is edited in its CSV, then the written definition differs in that only, and keeps $schema', async () => {
    const written = { code: 0, stdout: '', stderr: '' };
    expect(await shell(`pps program ${command} ${PPS_2023} -o table.csv`)).toEqual(written);
    const csv = read('table.csv');
    expect([csv.startsWith(header), csv.includes(row)]).toEqual([true, true]);
    expect((await shell(`pps program ${command} ${PPS_2023}`)).stdout).toBe(csv);

    const take = `pps program ${command} ${PPS_2023} --from`;
    expect(await shell(`${take} table.csv -o same.json`)).toEqual(written);
    expect(read('same.json')).toBe(read(PPS_2023));
    expect(await shell(`${take} - -o edited.json`, csv.replace(row, newRow))).toEqual(written);
    const [before, after] = [read(PPS_2023).split('\n'), read('edited.json').split('\n')];
    expect(after).toHaveLength(before.length);
    expect(after.filter((line, index) => line !== before[index])).toHaveLength(1);
  });

  test('When the CSV is wrong, then each error has its row and column, and nothing is written', async () => {
    const { stdout: csv } = await shell(`pps program ${command} ${PPS_2023}`);
    write('wrong.csv', csv.replace(row, row.replace(/[^,]+$/, 'soon')));
    write('kept.json', 'as it was');
    const before = filesNow();
    const { code, stdout, stderr } = await shell(
      `pps program ${command} ${PPS_2023} --from wrong.csv -o kept.json`,
    );
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(`^row 3, column ${header.trim().split(',').at(-1)}: [A-Z].*\\.$`),
      'wrong.csv cannot be used: 1 error. Nothing was written.',
      '',
    ]);
    expect([filesNow(), read('kept.json')]).toEqual([before, 'as it was']);
  });
});

test('When a program has no table to write, then the command says what it has instead', async () => {
  const { code, stderr } = await shell(`pps program calendar ${EXAMPLE}`);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^\(table\): This program has a rollingPeriod instead of a calendar.*\n/);
});

describe('pps program copy', () => {
  test('When a program is copied for the next season, then id, name and dates are its own and the rest is as it was', async () => {
    const { code, stdout } = await shell(
      `pps program copy ${PPS_2023} --id pps-2024 --months 12 --name 'PPS 2024'`,
    );
    expect(code).toBe(0);
    const { id, name, window, calendar, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
    expect([id, name, window]).toEqual(['pps-2024', 'PPS 2024', { from: '2024-10-01', to: '2025-03-31' }]);
    expect((calendar as unknown[])[4]).toEqual({
      enrollmentMonth: '2025-02',
      periodFrom: '2025-03-01',
      periodTo: '2025-03-31',
      payoutDate: '2025-04-15',
    });
    expect(readJson(PPS_2023)).toMatchObject(rest);
  });

  test.each([
    ['--id PPS --months 12', 'The copy would be wrong at /id: '],
    ['--id pps-2024 --months soon', '--months: "soon" is no number of months; '],
    ['--id pps-2024 --months 0', '--months: Dates cannot be moved by 0 months; '],
  ])('When it is asked for with %s, then that is refused', async (options, sentence) => {
    const { code, stdout, stderr } = await shell(`pps program copy ${PPS_2023} ${options}`);
    expect([code, stdout, stderr.slice(0, sentence.length)]).toEqual([2, '', sentence]);
  });
});

describe('pps program estimate', () => {
  const ESTIMATE = `pps program estimate ${PPS_2023} --country US --currency USD --spend 12480.00 --partner kno --platform woocommerce --at 2023-10-20`;

  test('When months are open, then each has its dates, the credit and the distance to the next tier', async () => {
    const { code, stdout, stderr } = await shell(ESTIMATE);
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
    const { stdout } = await shell(`${ESTIMATE} --spend 80 --month 2023-12 --deferrals-used 3`);
    expect(stdout).toMatch(/ 2023-12 as it is .* none +920\.00\n\n/);
    expect(stdout).toContain('\n  spend 80.00 USD is below the minimum 1,000.00 USD\n');
    expect(stdout).toMatch(/ 2023-11 +A deferral goes to a later month only\.\n/);
    expect(stdout).toMatch(
      / 2024-01 to 2024-07 +The program allows no further deferral for this enrollment\.\n/,
    );
  });

  test('When the period is a rolling one, then it begins on the day of enrollment', async () => {
    const { stdout } = await shell(
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
    const { code, stdout, stderr } = await shell(`${ESTIMATE} ${options}`);
    expect([code, stdout, stderr.slice(0, sentence.length)]).toEqual([2, '', sentence]);
  });
});

describe('pps statement verify', () => {
  test('When nothing was changed, then amount, lines, revision and hash are printed', async () => {
    const statement = statementOf(readJson(PPS_2023));
    write('statement.json', JSON.stringify(statement));
    const { code, stdout, stderr } = await shell(
      `pps statement verify statement.json --revision ${PPS_2023}`,
    );
    expect([code, stderr]).toEqual([0, '']);
    for (const words of [
      'tiktok-pps-2023, revision 3\n',
      'not on Shopify, with KnoCommerce     500.00 USD\n',
      '\n  Credit: 4,500.00 USD\n',
      statement.hash,
      statement.revisionHash,
    ])
      expect(stdout).toContain(words);
    expect(stdout.split('\n').at(-2)).toMatch(/^statement\.json is verified: /);
  });

  test('When the period has no credit, then the statement is verified and says why', async () => {
    write('none.json', JSON.stringify(statementOf(readJson(PPS_2023), '10.00')));
    const { code, stdout } = await shell(`pps statement verify none.json --revision ${PPS_2023}`);
    expect(code).toBe(0);
    expect(stdout).toContain('No credit: The spend in the calculation period is below the minimum.\n');
  });

  test('When statement or revision was changed, then every problem is a sentence', async () => {
    const statement = statementOf(readJson(PPS_2023));
    write('forged.json', JSON.stringify({ ...statement, enrollmentId: 'enr_2' }));
    const { code, stdout, stderr } = await shell(`pps statement verify forged.json --revision ${DEMO}`);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/^The statement was changed after it was made/),
      expect.stringMatching(/^The definition is not the one that the statement was made under/),
      'forged.json is not verified: 2 problems.',
      '',
    ]);
  });
});

describe('pps', () => {
  test.each([
    ['pps', 'Usage: pps '],
    ['pps program', 'Usage: pps program '],
    ['pps program publish', "error: unknown command 'publish'"],
    ['pps program validate', "error: missing required argument 'file'"],
    [`pps program validate ${DEMO} --fast`, "error: unknown option '--fast'"],
    [`pps statement verify ${DEMO}`, "error: required option '--revision <file>' not specified"],
    ['pps program validate none/x.json', 'none/x.json cannot be read (there is no such file or folder); '],
    ['pps program validate program', 'program cannot be read (it is a folder); '],
    [
      'pps program schema -o none/x.json',
      'none/x.json cannot be written (there is no such file or folder); ',
    ],
    ['pps program schema -o program', 'program cannot be written (it is no file); '],
  ])('When it is used as `%s`, then it ends with 2 and says what is wrong', async (line, sentence) => {
    const before = filesNow();
    const { code, stdout, stderr } = await shell(line);
    expect([code, stdout, stderr.slice(0, sentence.length)]).toEqual([2, '', sentence]);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(filesNow()).toEqual(before);
  });

  test.each([
    'program validate',
    'program schema',
    'program diff',
    'program amounts',
    'program calendar',
    'program copy',
    'program estimate',
    'statement verify',
  ])('When `pps %s --help` is asked for, then it shows an example', async (command) => {
    const { code, stdout } = await shell(`pps ${command} --help`);
    expect(code).toBe(0);
    expect(stdout).toContain(`\nExample: pps ${command} `);
  });

  test('When the reader of its output goes away, then it ends in silence', async () => {
    const { stdout, stderr } = await shell(`pps program validate ${PPS_2023} | head -1`);
    expect([stdout, stderr]).toEqual(['TikTok Post Purchase Survey Incentive Program 2023\n', '']);
  });

  test('When docs/cli.md shows a command, then it prints what the document says', async () => {
    write('statement.json', JSON.stringify(statementOf(readJson(PPS_2023)), null, 2));
    const blocks = [...readSource('docs/cli.md').matchAll(/```console\n([\s\S]*?)```/g)];
    const examples = blocks.flatMap(([, block]) => block!.split(/^\$ /m).slice(1));
    expect(examples.length).toBeGreaterThan(8);
    for (const example of examples) {
      const [, line, printed] = /^((?:.*\\\n)*.*\n)([\s\S]*)$/.exec(example)!;
      const { stdout } = await shell(`{ ${line!.trim()}; } 2>&1`);
      expect([line, stdout]).toEqual([line, expect.stringMatching(withGaps(printed!))]);
    }
  });
});

/** A line of `...` stands for any lines; blank lines around it and at the end are the document's. */
function withGaps(printed: string): RegExp {
  const parts = printed.trim().split(/\n*^ *\.\.\.$\n*/m);
  const literal = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('\\n[\\s\\S]*')}\\s*$`);
}

/** As the service seals it: a brand that spent in December 2023. */
function statementOf(revision: Record<string, unknown>, spend = '12480.00'): SealedStatement {
  const definition = parseDefinition(revision);
  const account = { country: 'US', currency: 'USD' };
  const amounts = { spend, billed_cost: spend, cash_spend: spend };
  const rows = [{ date: '2023-12-24', currency: 'USD', amounts }];
  const input: CreditInput = {
    ...account,
    programRevision: 3,
    spend: { from: '2023-12-01', to: '2023-12-31', rows },
    lookBack: null,
    facts: { surveyPartner: 'kno', storePlatform: 'woocommerce' },
  };
  return sealStatement({
    format: STATEMENT_FORMAT,
    statementId: 'stm_1',
    enrollmentId: 'enr_1',
    programId: definition.id,
    revisionHash: documentHash(definition),
    spendAsOf: '2024-01-03T11:44:00Z',
    calculationMonth: '2023-12',
    account: {
      ...account,
      advertiserId: '7012345678901234567',
      timeZone: 'America/New_York',
      status: 'active',
    },
    input,
    result: computeCredit(definition, input),
  });
}
