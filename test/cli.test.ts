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
    ['pps program validate', "error: missing required argument 'file'"],
    [`pps program validate ${DEMO} --fast`, "error: unknown option '--fast'"],
    [`pps credit verify ${DEMO}`, "error: required option '--revision <file>' not specified"],
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

  test.each([
    'program validate',
    'program schema',
    'program diff',
    'program tables amounts',
    'program tables calendar',
    'program copy',
    'program estimate',
    'credit verify',
  ])('When `pps %s --help` is asked for, then it shows an example', async (command) => {
    const { code, stdout } = await t.shell(`pps ${command} --help`);
    expect(code).toBe(0);
    expect(stdout).toContain(`\nExample: pps ${command} `);
  });

  test('When the reader of its output goes away, then it ends in silence', async () => {
    const { stdout, stderr } = await t.shell(`pps program validate ${PPS_2023} | head -1`);
    expect([stdout, stderr]).toEqual(['TikTok Post Purchase Survey Incentive Program 2023\n', '']);
  });

  test('When docs/cli.md shows a command, then it prints what the document says', async () => {
    t.write('statement.json', JSON.stringify(statementOf(t.readJson(PPS_2023)), null, 2));
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
