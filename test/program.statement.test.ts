/** Credit statements: sealed once, verified by anybody, for ever. */
import { computeCredit, type CreditInput } from '../program/credit';
import {
  sealStatement,
  STATEMENT_FORMAT,
  verifyStatement,
  type CreditStatement,
  type SealedStatement,
} from '../program/creditStatement';
import type { ProgramDefinition } from '../program/definition';
import { DefinitionError, parseDefinition } from '../program/parseDefinition';
import { documentHash } from '../program/revision';
import { shipped } from './support/definitions';
import { leavesOf, replaced, storedAsJsonb, valueAt, type Step } from './support/documents';

const demo = parseDefinition(shipped('pps-demo'));

const spent = (date: string, spend: string) => ({
  date,
  currency: 'USD',
  amounts: { spend, billed_cost: spend, cash_spend: '-' },
});
const INPUT: CreditInput = {
  programRevision: 1,
  country: 'US',
  currency: 'USD',
  spend: {
    from: '2023-11-01',
    to: '2023-11-30',
    rows: [spent('2023-11-01', '12000.00'), spent('2023-11-30', '480.00')],
  },
  lookBack: null,
  facts: { surveyPartner: 'kno', storePlatform: 'woocommerce' },
};

/** A sealed statement as the calculation makes it. */
function statementOf(definition: ProgramDefinition, input: CreditInput): SealedStatement {
  return sealStatement({
    format: STATEMENT_FORMAT,
    statementId: 'st_1',
    enrollmentId: 'enr_1',
    programId: definition.id,
    revisionHash: documentHash(definition),
    calculationMonth: input.spend.to.slice(0, 7),
    enrolledOn: '2023-10-12',
    spendAsOf: '2023-12-03T05:00:00.000Z',
    account: {
      advertiserId: '7012345678901234567',
      country: input.country,
      currency: input.currency,
      timeZone: 'America/New_York',
      status: 'active',
    },
    input,
    result: computeCredit(definition, input),
  });
}

const statement = statementOf(demo, INPUT);
const BROKEN = 'The statement was changed after it was made: its hash does not fit its content.';
const OTHER_REVISION =
  'The definition is not the one that the statement was made under (revision 1 of pps-demo); get that revision.';
const OTHER_RESULT = 'The recorded inputs give another result than the recorded one.';

function problemsOf(document: unknown, definition: unknown = demo): string[] {
  const verification = verifyStatement(document, definition);
  return verification.ok ? [] : verification.problems;
}

/** A change by somebody who makes the hash fit again. */
function forged(path: Step[], value: unknown): SealedStatement {
  return sealStatement(contentOf(replaced(statement, path, value)));
}

/** Another value of the same kind, where there is one. */
function otherThan(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/.$/, (last) => (last === '1' ? '2' : '1')) || 'x';
  if (typeof value === 'number') return value + 1;
  return value === null ? 0 : null;
}

describe('what verifies', () => {
  test('When a credit is sealed, then it verifies, and says what it was computed from', () => {
    expect(statement.result).toMatchObject({
      outcome: 'credit',
      amountMinor: 450_000,
      spendMinor: 1_248_000,
    });
    expect(statement.hash).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(verifyStatement(statement, demo)).toEqual({ ok: true, statement, definition: demo });
  });

  test('When the reason for no credit is sealed, then it verifies too', () => {
    const nothing = statementOf(demo, { ...INPUT, spend: { ...INPUT.spend, rows: [] } });
    expect(nothing.result).toMatchObject({ outcome: 'none', reasonCode: 'NO_SPEND_IN_PERIOD' });
    expect(problemsOf(nothing)).toEqual([]);
    const abroad = statementOf(demo, { ...INPUT, country: 'BR' });
    expect(abroad.result).toMatchObject({ reasonCode: 'REGION_NOT_ELIGIBLE', region: null });
    expect(problemsOf(storedAsJsonb(abroad))).toEqual([]);
  });

  test('When the program looks back, then what was spent before is part of the statement', () => {
    const example = parseDefinition(shipped('examples/woocommerce-spend-and-get'));
    const before = statementOf(example, {
      ...INPUT,
      facts: { surveyPartner: 'woocommerce', storePlatform: 'woocommerce' },
      lookBack: {
        from: '2023-07-14',
        to: '2023-10-11',
        rows: [
          {
            ...spent('2023-10-01', '1.00'),
            amounts: { spend: '1.00', billed_cost: '1.00', cash_spend: '0.01' },
          },
        ],
      },
    });
    expect(before.result).toMatchObject({ outcome: 'none', reasonCode: 'SPENT_BEFORE_ENROLLMENT' });
    expect(problemsOf(storedAsJsonb(before), example)).toEqual([]);
    expect(
      problemsOf(
        replaced(before, ['input', 'lookBack', 'rows', 0, 'amounts', 'cash_spend'], '0.02'),
        example,
      ),
    ).toEqual([BROKEN, OTHER_RESULT]);
  });

  test('When the order of keys was lost on the way, then it still verifies', () => {
    const stored = storedAsJsonb(statement);
    expect(JSON.stringify(stored)).not.toBe(JSON.stringify(statement));
    expect(problemsOf(stored, storedAsJsonb(demo))).toEqual([]);
  });

  test('When the definition is the file that the admin wrote, with a schema and without defaults, then it verifies', () => {
    const file: Record<string, unknown> = { ...shipped('pps-demo') };
    expect(file).toHaveProperty('$schema');
    expect(file).not.toHaveProperty('budgets');
    expect(problemsOf(statement, file)).toEqual([]);
  });

  test('When the revision is older than one of the defaults, then its statement verifies with the revision as stored', () => {
    const older: Partial<ProgramDefinition> = { ...demo };
    delete older.creditExpiryDays;
    const old = sealStatement({ ...contentOf(statement), revisionHash: documentHash(older) });
    expect(problemsOf(old, older)).toEqual([]);
    expect(problemsOf(old, demo)).toEqual([OTHER_REVISION]);
  });
});

describe('what does not', () => {
  test('When any single value of a statement is changed, then it is found', () => {
    const paths = leavesOf(statement);
    expect(paths.length).toBeGreaterThan(40);
    for (const path of paths) {
      const changed = replaced(statement, path, otherThan(valueAt(statement, path)));
      expect([path.join('.'), problemsOf(changed).length > 0]).toEqual([path.join('.'), true]);
    }
  });

  test('When a member is taken out or put in, then it is found', () => {
    const holders = leavesOf(statement).map((path) => path.slice(0, -1));
    for (const path of leavesOf(statement)) {
      const without = replaced(statement, path, undefined);
      expect(problemsOf(JSON.parse(JSON.stringify(without)))).not.toEqual([]);
    }
    for (const holder of holders)
      expect(problemsOf(replaced(statement, [...holder, 'more'], 1))).not.toEqual([]);
  });

  test('When the definition is another one, then the sentence says which is needed', () => {
    const another = { ...demo, name: 'PPS demo, corrected' };
    expect(problemsOf(statement, another)).toEqual([OTHER_REVISION]);
    expect(problemsOf(statement, shipped('tiktok-pps-2023'))).toEqual([OTHER_REVISION]);
    expect(problemsOf(replaced(statement, ['statementId'], 'st_2'), another)).toEqual([
      BROKEN,
      OTHER_REVISION,
    ]);
  });

  test('When the statement names another program than its revision is of, then it is not that revision', () => {
    expect(problemsOf(forged(['programId'], 'another'))).toEqual([
      OTHER_REVISION.replace('pps-demo', 'another'),
    ]);
  });

  test.each<[string, Step[], unknown]>([
    ['the amount', ['result', 'amountMinor'], 450_001],
    ['a line', ['result', 'lines', 0, 'text'], 'region US'],
    ['an inner input of a line', ['result', 'lines', 0, 'inputs', 'tierFromMinor'], 1],
    ['a day of the spend', ['input', 'spend', 'rows', 0, 'amounts', 'spend'], '19999.99'],
    ['the store platform', ['input', 'facts', 'storePlatform'], 'shopify'],
    ['the number of the revision', ['input', 'programRevision'], 2],
    ['something more', ['result', 'bonusMinor'], 1],
  ])('When %s is forged and the hash made to fit, then the inputs give another result', (_, path, value) => {
    expect(problemsOf(forged(path, value))).toEqual([OTHER_RESULT]);
  });

  test('When the ad account is forged, then it does not fit the inputs', () => {
    for (const [member, value] of [
      ['country', 'CA'],
      ['currency', 'CAD'],
    ] as const) {
      expect(problemsOf(forged(['account', member], value))).toEqual([
        'The inputs name another country or currency than the ad account has.',
      ]);
    }
  });

  test('When the forged inputs contradict themselves, then the sentence says how', () => {
    expect(problemsOf(forged(['input', 'spend', 'rows', 1, 'date'], '2023-11-01'))).toEqual([
      'The recorded inputs cannot be computed: The spend report has a day twice; read it again.',
    ]);
    expect(problemsOf(forged(['input', 'spend', 'rows', 1, 'amounts', 'spend'], 'much'))).toEqual([
      'The recorded inputs cannot be computed: "much" is not a decimal amount such as "1234.50".',
    ]);
  });

  test('When a statement was made by another credit engine, then it is named', () => {
    expect(problemsOf(forged(['result', 'engineVersion'], 2))).toEqual([
      'The statement was made by credit engine 2, which this version does not have; it has 1.',
    ]);
  });

  test.each([[null], [{}], [[]], ['statement'], [{ ...statement, format: 'pps-credit-statement/2' }]])(
    'When the file is %j, then it is no credit statement, in sentences',
    (document) => {
      const problems = problemsOf(document);
      expect(problems).not.toEqual([]);
      for (const problem of problems) expect(problem).toMatch(/^The file is no credit statement: .*\.$/);
    },
  );

  test('When nothing of a statement is there, then the sentence is about the whole document', () => {
    expect(problemsOf(null)).toEqual([
      expect.stringMatching(/^The file is no credit statement: its "format" is not .*\.$/),
    ]);
  });

  test.each<[Step[], unknown, string]>([
    [['calculationMonth'], '1999-99', 'The calculation month is not that of the last day of the period.'],
    [
      ['account', 'status'],
      'suspended',
      'The ad account is not active; no credit is computed for such a one.',
    ],
    [['account', 'country'], 'CA', 'The inputs name another country or currency than the ad account has.'],
    [['spendAsOf'], '2023-11-29T00:00:00.000Z', 'The spend was read before the period was over.'],
    [
      ['input', 'facts', 'surveyPartner'],
      'nobody',
      'The survey partner "nobody" is not one of the revision.',
    ],
    [
      ['input', 'facts', 'storePlatform'],
      'nothing',
      'The store platform "nothing" is not one of the revision.',
    ],
    [
      ['input', 'lookBack'],
      { from: '2023-10-11', to: '2023-10-11', rows: [] },
      'The look-back is not the one that the revision asks for, counted from the day of enrollment.',
    ],
  ])(
    'When %j is changed to %j by somebody who makes the hash fit, then the contradiction is found',
    (path, value, problem) => {
      expect(problemsOf(forged(path, value))).toContain(problem);
    },
  );

  test('When the definition is none, then its errors are thrown', () => {
    expect(() => verifyStatement(statement, {})).toThrow(DefinitionError);
  });
});

function contentOf(sealed: SealedStatement): CreditStatement {
  const content: Partial<SealedStatement> = { ...sealed };
  delete content.hash;
  return content as CreditStatement;
}
