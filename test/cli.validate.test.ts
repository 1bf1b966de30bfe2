/** `pps program validate`: a program in words and tables, or everything that is wrong with its definition. */
import { parseDefinition } from '../program/parseDefinition';
import { documentHash } from '../program/revision';
import { DEMO, EXAMPLE, openCommandLine, PPS_2023, type CommandLine } from './support/commandLine';

let t: CommandLine;
beforeAll(() => {
  t = openCommandLine();
});
afterAll(() => t?.close());

test.each([PPS_2023, DEMO, EXAMPLE])(
  'When %s is valid, then it is printed within 100 columns, with its hash and a last line that says so',
  async (file) => {
    const { code, stdout, stderr } = await t.shell(`pps program validate ${file}`);
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n');
    expect(lines.filter((line) => line.length > 100 || /\s$/.test(line))).toEqual([]);
    const hash = documentHash(parseDefinition(t.readJson(file)));
    expect(lines.slice(-4)).toEqual([`  ${hash}`, '', `${file} is valid.`, '']);
  },
);

test('When a program has a calendar and amounts, then both are tables, amounts in the currency of the region', async () => {
  const { stdout } = await t.shell(`pps program validate ${PPS_2023}`);
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
  t.writeChanged('words.json', (definition) => {
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
  const { code, stdout } = await t.shell('pps program validate words.json');
  expect(code).toBe(0);
  for (const words of [
    / US +USD +0\.00 +10 % up to 500\.00 +US\n +bonus non-shopify-kno +\+ 2\.5 % up to 50\.00\n\n/,
    /bonus non-shopify-kno +none\n/,
    /fairing +Fairing +criteria 1 to 3 are checked with the API key from the form\n/,
    /Credit expiry +1 day after the payout\n/,
    / 10,000\.00 USD +for the whole program\n/,
    /sandbox: moves nothing real\n/,
    /starts at 2023-10-12T16:00:00Z and runs 86400 times as fast as real time\n/,
  ])
    expect(stdout).toMatch(words);
  const sentences = stdout.replace(/\s+/g, ' ');
  for (const words of [
    'it spent nothing in the 90 days before the day of enrollment.',
    'A percentage is of that spend, rounded half to even.',
    'moves to the next calculation month, at most 2 times, and is then closed as ineligible.',
  ])
    expect(sentences).toContain(words);
});

test('When a definition is wrong, then each error has its pointer, its sentence and its line, and nothing is printed', async () => {
  t.writeChanged('wrong.json', (definition) => {
    definition.credit[0]!.tiers[1]!.from = '999.00';
    Object.assign(definition, { rail: 'bank' });
  });
  const { code, stdout, stderr } = await t.shell('pps program validate wrong.json');
  expect([code, stdout]).toEqual([1, '']);
  const written = t.read('wrong.json').split('\n');
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
  const { code, stdout, stderr } = await t.shell('pps program validate -', text);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain(`standard input, ${sentence}`);
});

test('When the definition comes by standard input, with a byte order mark, then it is read as from a file', async () => {
  const { code, stdout } = await t.shell('pps program validate -', `\uFEFF${t.read(DEMO)}`);
  expect([code, stdout.split('\n').at(-2)]).toEqual([0, 'standard input is valid.']);
});

test('When a text holds control characters, then they do not reach the terminal', async () => {
  t.writeChanged('steering.json', (definition) => (definition.name = 'red \u001b[31m\u009b31m'));
  const { code, stdout } = await t.shell('pps program validate steering.json');
  expect([code, stdout.split('\n')[0]]).toEqual([0, 'red [31m31m']);
});
