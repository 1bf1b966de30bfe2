/** The command `pps` as a whole: its use, credit statements, and the examples of docs/cli.md. */
import { computeCredit, type CreditInput } from '../program/credit';
import { sealStatement, STATEMENT_FORMAT, type SealedStatement } from '../program/creditStatement';
import { parseDefinition } from '../program/parseDefinition';
import { documentHash } from '../program/revision';
import { DEMO, openCommandLine, PPS_2023, withGaps, type CommandLine } from './support/commandLine';
import { readSource } from './support/sources';

let t: CommandLine;
beforeAll(() => {
  t = openCommandLine();
});
afterAll(() => t?.close());

describe('pps', () => {
  test.each([
    ['pps', 'Usage: pps '],
    ['pps program', 'Usage: pps program '],
    ['pps program unknown', "error: unknown command 'unknown'"],
    ['pps program validate', "error: missing required argument 'definition'"],
    [`pps program validate ${DEMO} --fast`, "error: unknown option '--fast'"],
    [`pps credit verify ${DEMO}`, '--revision is missing: name the file of the definition. '],
    ['pps status ""', '<enrollment> is empty; is a variable of your shell not set?'],
    ['pps webhooks redeliver whk_1 ""', '<delivery> is empty; is a variable of your shell not set?'],
    ['pps program validate none/x.json', 'none/x.json cannot be read (there is no such file or folder); '],
    ['pps program validate program', 'program cannot be read (it is a folder); '],
    [
      'pps program schema -o none/x.json',
      'none/x.json cannot be written (there is no such file or folder); ',
    ],
    ['pps program schema -o program', 'program cannot be written (it is no file); '],
  ])('When it is used as `%s`, then it ends with 2 and says what is wrong', async (line, sentence) => {
    const before = t.filesNow();
    const { code, stdout, stderr } = await t.shell(line);
    expect([code, stdout, stderr.slice(0, sentence.length)]).toEqual([2, '', sentence]);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(t.filesNow()).toEqual(before);
  });

  test('When help is asked for, then it is printed, and the exit code is 0', async () => {
    const { code, stdout, stderr } = await t.shell('pps program validate --help');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('\nExample: pps program validate ');
  });

  test('When the reader of its output goes away, then it ends in silence', async () => {
    const { stdout, stderr } = await t.shell(`pps program validate ${PPS_2023} | head -1`);
    expect([stdout, stderr]).toEqual(['TikTok Post Purchase Survey Incentive Program 2023\n', '']);
  });

  test('When docs/cli.md shows a command, then it prints what the document says', async () => {
    const blocks = [...readSource('docs/cli.md').matchAll(/```console\n([\s\S]*?)```/g)];
    const examples = blocks.flatMap(([, block]) => block!.split(/^\$ /m).slice(1));
    expect(examples.length).toBeGreaterThan(8);
    for (const example of examples) {
      const [, line, printed] = /^((?:.*\\\n)*.*\n)([\s\S]*)$/.exec(example)!;
      const { stdout } = await t.shell(`{ ${line!.trim()}; } 2>&1`);
      expect([line, stdout]).toEqual([line, expect.stringMatching(withGaps(printed!))]);
    }
  });
});

describe('pps credit verify', () => {
  test('When nothing was changed, then amount, lines, revision and hash are printed', async () => {
    const statement = statementOf(t.readJson(PPS_2023));
    t.write('statement.json', JSON.stringify(statement));
    const { code, stdout, stderr } = await t.shell(`pps credit verify statement.json --revision ${PPS_2023}`);
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
    t.write('none.json', JSON.stringify(statementOf(t.readJson(PPS_2023), '10.00')));
    const { code, stdout } = await t.shell(`pps credit verify none.json --revision ${PPS_2023}`);
    expect(code).toBe(0);
    expect(stdout).toContain('No credit: The spend in the calculation period is below the minimum.\n');
  });

  test('When it is whole but not the one that the service has, then it is not verified', async () => {
    t.write('statement.json', JSON.stringify(statementOf(t.readJson(PPS_2023))));
    const { code, stdout, stderr } = await t.shell(
      `pps credit verify statement.json --revision ${PPS_2023} --hash sha256:${'0'.repeat(64)}`,
    );
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^statement\.json is not the statement with the hash sha256:0/);
  });

  test('When statement or revision was changed, then every problem is a sentence', async () => {
    const statement = statementOf(t.readJson(PPS_2023));
    t.write('forged.json', JSON.stringify({ ...statement, enrollmentId: 'enr_2' }));
    const { code, stdout, stderr } = await t.shell(`pps credit verify forged.json --revision ${DEMO}`);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/^The statement was changed after it was made/),
      expect.stringMatching(/^The definition is not the one that the statement was made under/),
      'forged.json is not verified: 2 problems.',
      '',
    ]);
  });
});

describe('--json', () => {
  async function answerTo(line: string): Promise<Record<string, unknown>> {
    const { code, stdout, stderr } = await t.shell(line);
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  test('When a definition is valid, then it is printed with all that was left out of the file', async () => {
    const { definition, ...rest } = await answerTo(`pps program validate ${PPS_2023} --json`);
    expect(rest).toEqual({ file: PPS_2023, valid: true });
    expect(definition).toEqual(parseDefinition(t.readJson(PPS_2023)));
  });

  test('When it is not valid, then nothing is printed as JSON, and the exit code says so', async () => {
    t.write('wrong.json', '{}');
    const { code, stdout, stderr } = await t.shell('pps program validate wrong.json --json');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('wrong.json');
  });

  test('When definitions differ, then the changes are a list, and else an empty one', async () => {
    t.write('capped.json', JSON.stringify(t.readJson(PPS_2023)).replace('"5500.00"', '"6000.00"'));
    const { changes } = await answerTo(`pps program diff ${PPS_2023} capped.json --json`);
    expect(changes).toEqual([expect.stringContaining('6,000.00')]);
    expect(await answerTo(`pps program diff ${PPS_2023} ${PPS_2023} --json`)).toEqual({ changes: [] });
  });

  test('When a credit is estimated, then each open month has its credit in minor units', async () => {
    const { currentMonth, estimates } = await answerTo(
      `pps program estimate ${PPS_2023} --country US --currency USD --spend 12480.00 --partner kno --platform woocommerce --at 2023-10-20 --json`,
    );
    expect(currentMonth).toBe('2023-11');
    expect(estimates).toContainEqual(
      expect.objectContaining({
        current: true,
        credit: expect.objectContaining({ amountMinor: 450_000 }) as object,
      }),
    );
  });

  test('When a table is printed, then its rows are data', async () => {
    const { rows } = await answerTo(`pps program tables calendar ${PPS_2023} --json`);
    expect(rows).toContainEqual({
      enrollment_month: '2023-11',
      period_from: '2023-12-01',
      period_to: '2023-12-31',
      payout_date: '2024-01-15',
    });
    const amounts = await answerTo(`pps program tables amounts ${PPS_2023} --json`);
    const [first] = amounts['rows'] as unknown[];
    expect(first).toEqual({ region: 'US', currency: 'USD', minimum_spend: '1000.00', amount: '400.00' });
  });

  test.each([
    'program schema',
    `program copy ${PPS_2023} --id pps-2024 --months 12`,
    `program tables amounts ${PPS_2023}`,
    `program tables amounts ${PPS_2023} --from as-it-was.csv`,
  ])(
    'When `pps %s` writes a file, then the file is the same and what was written is told',
    async (command) => {
      await t.shell(`pps program tables amounts ${PPS_2023} -o as-it-was.csv`);
      const { stdout: written } = await t.shell(`pps ${command}`);
      const told = await answerTo(`pps ${command} -o written --json`);
      expect(told).toMatchObject({ file: 'written', bytes: Buffer.byteLength(written) });
      expect(t.read('written')).toBe(written);
    },
  );

  test('When what is written is JSON by itself, then --json changes nothing', async () => {
    const copy = `pps program copy ${PPS_2023} --id pps-2024 --months 12`;
    expect(await t.shell(`${copy} --json`)).toEqual(await t.shell(copy));
    expect(await t.shell(`${copy} --json -o -`)).toEqual(await t.shell(copy));
    expect(await answerTo('pps program schema --json')).toHaveProperty('$schema');
  });

  test('When a table is taken back, then the changes are in the answer, and on no other output', async () => {
    const { stdout: csv } = await t.shell(`pps program tables amounts ${PPS_2023}`);
    t.write('raised.csv', csv.replace('US,USD,2500.00,1000.00', 'US,USD,2500.00,1200.00'));
    const take = `pps program tables amounts ${PPS_2023} --from raised.csv --json`;
    const changes = ['US tier 2: 1,000.00 → 1,200.00 USD'];
    expect(await answerTo(`${take} -o raised.json`)).toMatchObject({ file: 'raised.json', changes });
    const { stdout, stderr } = await t.shell(take);
    expect([JSON.parse(stdout), stderr]).toEqual([t.readJson('raised.json'), `${changes[0]}\n`]);
  });

  test('When a statement is verified, then it is printed with the outcome', async () => {
    const statement = statementOf(t.readJson(PPS_2023));
    t.write('statement.json', JSON.stringify(statement));
    const verify = `pps credit verify statement.json --revision ${PPS_2023} --json`;
    const outcome = { file: 'statement.json', verified: true, statement };
    expect(await answerTo(verify)).toEqual({ ...outcome, hashChecked: false });
    expect(await answerTo(`${verify} --hash ${statement.hash}`)).toEqual({ ...outcome, hashChecked: true });
  });
});

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
    enrolledOn: '2023-10-12',
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
