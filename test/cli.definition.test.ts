/** `pps program schema`, `diff` and `copy`. */
import Ajv from 'ajv/dist/2020';
import { DEMO, EXAMPLE, openCommandLine, PPS_2023, type CommandLine } from './support/commandLine';
import { readSource } from './support/sources';

const SCHEMA = 'program/definitions/definition.schema.json';

let t: CommandLine;
beforeAll(() => {
  t = openCommandLine();
});
afterAll(() => t?.close());

describe('pps program schema', () => {
  // Its formats, such as a mail address, are hints for editors; what they ask for stands in patterns too.
  const compile = () => new Ajv({ validateFormats: false }).compile(JSON.parse(readSource(SCHEMA)) as object);

  test('When the schema is written, then it is the file that is shipped, to which the shipped programs point', async () => {
    const { code, stdout } = await t.shell('pps program schema');
    expect([code, stdout]).toEqual([0, readSource(SCHEMA)]);
    expect([PPS_2023, DEMO, EXAMPLE].map((file) => t.readJson(file)['$schema'])).toEqual([
      './definition.schema.json',
      './definition.schema.json',
      '../definition.schema.json',
    ]);
  });

  test.each([PPS_2023, DEMO, EXAMPLE])(
    'When an editor checks %s by the schema, then it accepts it',
    (file) => {
      const validate = compile();
      expect([validate(t.readJson(file)), validate.errors]).toEqual([true, null]);
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
    expect(validate({ ...t.readJson(PPS_2023), ...change })).toBe(false);
    expect(validate.errors?.map(({ instancePath }) => instancePath)).toContain(place);
  });
});

describe('pps program diff', () => {
  test('When a later definition differs, then each change is one line, and equal ones have no difference', async () => {
    t.writeChanged('later.json', (definition) => {
      definition.credit[0]!.tiers[1]!.amount = '1500.00';
      definition.supportMail = 'help@example.com';
    });
    const { code, stdout } = await t.shell(`pps program diff ${PPS_2023} later.json`);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toHaveLength(3);
    expect(stdout).toContain('US tier 2: 1,000.00 → 1,500.00 USD\n');
    const same = await t.shell(`pps program diff - ${PPS_2023}`, t.read(PPS_2023));
    expect(same).toEqual({ code: 0, stdout: 'no difference\n', stderr: '' });
  });
});

describe('pps program copy', () => {
  test('When a program is copied for the next season, then id, name and dates are its own and the rest is as it was', async () => {
    const { code, stdout } = await t.shell(
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
    expect(t.readJson(PPS_2023)).toMatchObject(rest);
  });

  test.each([
    ['--id PPS --months 12', 'The copy would be wrong at /id: '],
    ['--id pps-2024 --months soon', '--months: "soon" is no number of months; '],
    ['--id pps-2024 --months 0', '--months: Dates cannot be moved by 0 months; '],
  ])('When it is asked for with %s, then that is refused', async (options, sentence) => {
    const { code, stdout, stderr } = await t.shell(`pps program copy ${PPS_2023} ${options}`);
    expect([code, stdout, stderr.slice(0, sentence.length)]).toEqual([2, '', sentence]);
  });
});
