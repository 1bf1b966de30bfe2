/** The example of a sibling program, and what it has beyond the reference: a period from enrollment, and a look-back. */
import type { SpendRow } from '../program/adAccount';
import { firstPlan, lookBackSpan } from '../program/calendar';
import { CreditInputError } from '../program/credit';
import { amountOf, compute, days, demo, shippedProgram } from './support/credits';

const example = shippedProgram('examples/woocommerce-spend-and-get');

describe('the example program', () => {
  test('When the example is read, then it is valid, named like its file, says that it is illustrative, and counts 60 days', () => {
    expect(example.id).toBe('woocommerce-spend-and-get');
    expect(example.notice).toMatch(/^Illustrative: an example of what the rules can express/);
    expect(example).toMatchObject({ creditExpiryDays: 90, rail: 'manual', testClock: null });
    expect(firstPlan(example, Date.parse('2027-01-10T20:00:00Z'), null)).toMatchObject({
      plan: {
        periodFrom: '2027-01-10',
        periodTo: '2027-03-10',
        payoutDate: '2027-03-24',
        payoutAt: Date.parse('2027-03-24T07:00:00Z'),
      },
    });
    expect(lookBackSpan(example, '2027-01-10')).toEqual({ from: '2026-10-12', to: '2027-01-09' });
  });

  const hundredths: [string, number][] = [
    ['99.99', 0],
    ['100.00', 10000],
    ['499.99', 10000],
    ['500.00', 50000],
    ['1499.99', 50000],
    ['1500.00', 150000],
    ['999999.99', 150000],
  ];
  test.each<[string, string, [string, number][]]>([
    ['US', 'USD', hundredths],
    ['GB', 'GBP', hundredths],
    ['CA', 'CAD', hundredths],
    [
      'JP',
      'JPY',
      [
        ['14999', 0],
        ['15000', 15000],
        ['74999', 15000],
        ['75000', 75000],
        ['224999', 75000],
        ['225000', 225000],
        ['99999999', 225000],
      ],
    ],
    [
      'KW',
      'KWD',
      [
        ['29.999', 0],
        ['30.000', 30000],
        ['149.999', 30000],
        ['150.000', 150000],
        ['449.999', 150000],
        ['450.000', 450000],
        ['999999.999', 450000],
      ],
    ],
  ])(
    'When %s spends %s around the borders of the tiers, then each counts from its first minor unit',
    (country, currency, cases) => {
      const lookBack = { from: '2023-09-02', to: '2023-11-30', rows: [] };
      const amounts = cases.map(([spend]) =>
        amountOf(compute({ terms: example, country, currency, lookBack, rows: days(currency, spend) })),
      );
      expect(amounts).toEqual(cases.map(([, amount]) => amount));
    },
  );
});

describe('the look-back', () => {
  const terms = { ...demo, lookBackDays: 31 };
  const lookBack = (...rows: SpendRow[]) => ({ from: '2023-12-01', to: '2023-12-31', rows });

  test.each<[string, SpendRow[], string]>([
    ['nothing was reported', [], 'credit'],
    ['there are no data', days('USD', '-', '-'), 'credit'],
    ['nothing was spent', days('USD', '0.00', '0'), 'credit'],
    ['a refund makes up for it', days('USD', '5.00', '-5.00'), 'none'],
    ['there are refunds only', days('USD', '-5.00'), 'credit'],
    ['a cent was spent', days('USD', '-', '0.01'), 'none'],
    ['a cent was spent in another currency', days('EUR', '0.01'), 'none'],
    ['zeros are in another currency', days('EUR', '0.00'), 'credit'],
  ])('When %s in the days before, then the outcome is as the terms say', (_, rows, outcome) => {
    expect(compute({ terms, lookBack: lookBack(...rows) })).toMatchObject({ outcome, spendMinor: 1248000 });
  });

  test('When the account has spent before, then the line says when and how much, if that can be said', () => {
    const span = { from: '2023-12-01', to: '2023-12-31' };
    const line = (...rows: SpendRow[]) => compute({ terms, lookBack: lookBack(...rows) });
    expect(line(...days('USD', '12.34'))).toMatchObject({
      reasonCode: 'SPENT_BEFORE_ENROLLMENT',
      lines: [
        {
          rule: 'look_back',
          text: 'the ad account has spent from 2023-12-01 to 2023-12-31',
          inputs: { ...span, spendMinor: 1234 },
          amountMinor: 0,
        },
      ],
    });
    expect(line(...days('EUR', '12.34')).lines[0]?.inputs).toEqual(span);
  });

  test('When the days before are missing, or come without being asked for, then nothing is computed', () => {
    expect(() => compute({ terms, lookBack: null })).toThrow(CreditInputError);
    expect(() => compute({ terms: demo, lookBack: lookBack() })).toThrow(CreditInputError);
  });

  test('When a day before is out of its span, then nothing is computed', () => {
    const shorter = { from: '2023-12-01', to: '2023-12-02', rows: days('USD', '-', '-', '-') };
    expect(() => compute({ terms, lookBack: shorter })).toThrow(
      'The spend report has 2023-12-03, which is not from 2023-12-01 to 2023-12-02.',
    );
  });
});
