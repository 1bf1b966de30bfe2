/** Percentages of the spend, and bonuses, against amounts computed by hand. */
import { CreditInputError } from '../program/credit';
import type { Pay } from '../program/definition';
import type { Rounding } from '../program/money';
import { parseDefinition } from '../program/parseDefinition';
import { amountOf, compute, days, demo, termsWith } from './support/credits';

describe('percentages', () => {
  const tiers = [
    { from: '100.00', percent: '5', upTo: '50.00' },
    { from: '1000.00', percent: '10', upTo: '300.00' },
    { from: '5000.00', amount: '400.00' },
  ];

  test.each([
    ['99.99', 0],
    ['100.00', 500],
    ['999.99', 5000], // 49.9995
    ['1000.00', 10000],
    ['2999.94', 29999], // 299.994
    ['2999.95', 30000], // 299.995
    ['4999.99', 30000],
    ['5000.00', 40000],
  ])(
    'When %s USD were spent, then the share of the tier reached, up to its limit, is %d',
    (spend, amount) => {
      expect(amountOf(compute({ terms: termsWith({ tiers }), rows: days('USD', spend) }))).toBe(amount);
    },
  );

  test('When a percentage pays, then its line says of what, and how far', () => {
    expect(compute({ terms: termsWith({ tiers }), rows: days('USD', '2480.00') }).lines).toEqual([
      {
        rule: 'percentage',
        text: 'region US, tier "1,000 and more": 10 % of 2,480.00 USD, up to 300.00 USD',
        inputs: {
          region: 'US',
          currency: 'USD',
          spendBasis: 'spend',
          spendMinor: 248000,
          tierFromMinor: 100000,
          percent: '10',
          upToMinor: 30000,
          rounding: 'half_up',
        },
        amountMinor: 24800,
      },
    ]);
  });

  test.each<[string, string, string, Record<Rounding, number>]>([
    ['USD', '0.99', '12.375', { half_up: 12, half_even: 12, down: 12 }],
    ['USD', '1.00', '12.5', { half_up: 13, half_even: 12, down: 12 }],
    ['USD', '1.01', '12.625', { half_up: 13, half_even: 13, down: 12 }],
    ['USD', '3.00', '37.5', { half_up: 38, half_even: 38, down: 37 }],
    ['JPY', '20', '2.5', { half_up: 3, half_even: 2, down: 2 }],
    ['JPY', '28', '3.5', { half_up: 4, half_even: 4, down: 3 }],
    ['KWD', '0.100', '12.5', { half_up: 13, half_even: 12, down: 12 }],
    ['KWD', '1.000', '125', { half_up: 125, half_even: 125, down: 125 }],
  ])(
    'When 12.5 %% of %s %s are %s minor units, then each rounding does as it says',
    (currency, spend, _, expected) => {
      const table = { currency, tiers: [{ from: '0', percent: '12.5', upTo: '500' }] };
      for (const [rounding, amount] of Object.entries(expected)) {
        const terms = termsWith(table, rounding as Rounding);
        expect([rounding, amountOf(compute({ terms, currency, rows: days(currency, spend) }))]).toEqual([
          rounding,
          amount,
        ]);
      }
    },
  );

  test('When the share is less than a minor unit, then there is no credit, and the line shows why', () => {
    const terms = termsWith({ tiers: [{ from: '0', percent: '1', upTo: '5.00' }] });
    expect(compute({ terms, rows: days('USD', '0.49') })).toMatchObject({
      outcome: 'none',
      reasonCode: 'BELOW_MINIMUM_SPEND',
      spendMinor: 49,
      lines: [{ rule: 'percentage', amountMinor: 0 }],
    });
    expect(compute({ terms, rows: days('USD', '0.50') })).toMatchObject({
      outcome: 'credit',
      amountMinor: 1,
    });
  });

  test('When the share alone could not be counted, then its limit still is the credit', () => {
    const terms = termsWith({ tiers: [{ from: '0', percent: '200', upTo: '500.00' }] });
    expect(amountOf(compute({ terms, rows: days('USD', '90071992547409.91') }))).toBe(50000);
  });

  test('When a border lies so high that its share could not be counted, then the definition is compared by the limit', () => {
    const withHighest = (upTo: string) => () => {
      const tiers = [
        { from: '1.00', amount: '400.00' },
        { from: '80000000000000.00', percent: '999', upTo },
      ];
      return parseDefinition({
        ...demo,
        credit: demo.credit.map((table) => (table.region === 'US' ? { ...table, tiers } : table)),
      });
    };
    expect(withHighest('400.00')).not.toThrow();
    expect(withHighest('399.99')).toThrow('/credit/0/tiers/1/percent: ');
  });
});

describe('bonuses', () => {
  const tiers = [{ from: '1000.00', amount: '200.00' }];
  const spend = (bonus: Pay, storePlatform: string, text: string) =>
    compute({
      terms: termsWith({ tiers, bonuses: { 'own-store': bonus } }),
      rows: days('USD', text),
      facts: { surveyPartner: 'kno', storePlatform },
    });

  test.each<[string, Pay, string, string, number]>([
    ['a fixed amount', { amount: '75.50' }, 'magento', '2480.00', 27550],
    ['a fixed amount not due', { amount: '75.50' }, 'shopify', '2480.00', 20000],
    ['a share', { percent: '2.5', upTo: '60.00' }, 'magento', '1234.56', 23086], // 30.864
    ['a share beyond its limit', { percent: '2.5', upTo: '60.00' }, 'magento', '2480.00', 26000], // 62.00
    ['a share not due', { percent: '2.5', upTo: '60.00' }, 'shopify', '2480.00', 20000],
    ['no tier to stand on', { amount: '75.50' }, 'magento', '999.99', 0],
  ])('When the bonus is %s, then the credit counts it so', (_, bonus, storePlatform, text, amount) => {
    expect(amountOf(spend(bonus, storePlatform, text))).toBe(amount);
  });

  test('When a bonus is a share, then its line says of what, and how far; one of 0 has no line', () => {
    expect(spend({ percent: '2.5', upTo: '60.00' }, 'magento', '1234.56').lines[1]).toEqual({
      rule: 'bonus',
      text: 'not on Shopify: 2.5 % of 1,234.56 USD, up to 60.00 USD',
      inputs: {
        bonus: 'own-store',
        surveyPartner: 'kno',
        storePlatform: 'magento',
        spendMinor: 123456,
        percent: '2.5',
        upToMinor: 6000,
        rounding: 'half_up',
      },
      amountMinor: 3086,
    });
    expect(spend({ amount: '0' }, 'magento', '1234.56').lines).toHaveLength(1);
  });

  test.each<[string, Record<string, Pay>]>([
    ['has no amount', {}],
    ['states half a percentage', { 'own-store': { percent: '5' } }],
  ])('When a bonus that is due %s, then nothing is guessed', (_, bonuses) => {
    const facts = { surveyPartner: 'kno', storePlatform: 'magento' };
    expect(() => compute({ terms: termsWith({ tiers, bonuses }), facts })).toThrow(CreditInputError);
  });
});
