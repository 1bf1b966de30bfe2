import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SpendRow } from '../program/adAccount';
import {
  CreditInputError,
  computeCredit,
  regionOf,
  type CreditInput,
  type CreditTerms,
} from '../program/credit';
import { parseDefinition } from '../program/parseDefinition';
import { MoneyError } from '../program/money';

const demo = parseDefinition(
  JSON.parse(readFileSync(join(__dirname, '../program/definitions/pps-demo.json'), 'utf8')),
);

/** One row a day from 1 December 2023, all bases alike. */
function days(currency: string, ...spends: string[]): SpendRow[] {
  return spends.map((spend, index) => ({
    date: `2023-12-${String(index + 1).padStart(2, '0')}`,
    currency,
    amounts: { spend, billed_cost: spend, cash_spend: spend },
  }));
}

function input(changes: Partial<CreditInput> = {}): CreditInput {
  return {
    terms: demo,
    country: 'US',
    currency: 'USD',
    rows: days('USD', '12480.00'),
    facts: { surveyPartner: 'okendo', storePlatform: 'shopify' },
    ...changes,
  };
}

describe('the demo', () => {
  test('When a WooCommerce store with KnoCommerce spends 12,480.00 USD, then the credit is 4,500.00 in two lines', () => {
    const rows = days('USD', '4000.10', '-', '0.00', '8479.90');
    const facts = { surveyPartner: 'kno', storePlatform: 'woocommerce' };
    expect(computeCredit(input({ rows, facts }))).toEqual({
      outcome: 'credit',
      amountMinor: 450000,
      spendMinor: 1248000,
      currency: 'USD',
      region: 'US',
      engineVersion: 1,
      lines: [
        {
          rule: 'tier',
          text: 'region US, tier "10,000 and more"',
          inputs: {
            region: 'US',
            currency: 'USD',
            spendBasis: 'spend',
            spendMinor: 1248000,
            tierFromMinor: 1000000,
          },
          amountMinor: 400000,
        },
        {
          rule: 'bonus',
          text: 'not on Shopify, with KnoCommerce',
          inputs: { bonus: 'non-shopify-kno', surveyPartner: 'kno', storePlatform: 'woocommerce' },
          amountMinor: 50000,
        },
      ],
    });
  });

  test.each([
    ['kno', 'woocommerce', 450000],
    ['kno', 'other', 450000],
    ['kno', 'shopify', 400000],
    ['fairing', 'woocommerce', 400000],
    ['okendo', 'shopify', 400000],
  ])('When the store uses %s on %s, then the credit is %d', (surveyPartner, storePlatform, amountMinor) => {
    expect(computeCredit(input({ facts: { surveyPartner, storePlatform } }))).toMatchObject({ amountMinor });
  });
});

describe('tiers', () => {
  test.each([
    ['1000.00', 40000],
    ['2499.99', 40000],
    ['2500.00', 100000],
    ['9999.99', 200000],
    ['10000.00', 400000],
    ['19999.99', 400000],
    ['20000.00', 500000],
    ['9000000.00', 500000],
  ])('When %s USD were spent, then only the highest tier reached pays: %d', (spend, amountMinor) => {
    expect(computeCredit(input({ rows: days('USD', spend) }))).toMatchObject({
      outcome: 'credit',
      amountMinor,
    });
  });

  test('When the region pays in yen, then amounts have no decimals, and zeros in the report do no harm', () => {
    const result = computeCredit(input({ country: 'JP', currency: 'JPY', rows: days('JPY', '1500000.00') }));
    expect(result).toMatchObject({
      outcome: 'credit',
      amountMinor: 600000,
      lines: [{ text: 'region JP, tier "1,500,000 and more"' }],
    });
  });

  test('When the currency has three decimals, then they count', () => {
    const terms: CreditTerms = {
      regions: { KW: ['KW'] },
      spendBasis: 'spend',
      bonuses: [],
      credit: [
        {
          region: 'KW',
          currency: 'KWD',
          minimumSpend: '0',
          tiers: [{ from: '0.5', amount: '0.125' }],
          bonuses: {},
          cap: null,
          approvalThreshold: null,
        },
      ],
    };
    const spend = (...amounts: string[]) =>
      computeCredit(input({ terms, country: 'KW', currency: 'KWD', rows: days('KWD', ...amounts) }));
    expect(spend('0.250', '0.250')).toMatchObject({
      amountMinor: 125,
      spendMinor: 500,
      lines: [{ text: 'region KW, tier "0.500 and more"' }],
    });
    expect(spend('0.499')).toMatchObject({
      outcome: 'none',
      reasonCode: 'BELOW_MINIMUM_SPEND',
      spendMinor: 499,
    });
  });

  test('When spend grows, then the credit never falls, and the lines always add up to it', () => {
    let last = 0;
    for (let spend = 0; spend <= 2_500_000; spend += 1337) {
      const facts = { surveyPartner: 'kno', storePlatform: 'magento' };
      const result = computeCredit(input({ facts, rows: days('USD', (spend / 100).toFixed(2)) }));
      const amount = result.outcome === 'credit' ? result.amountMinor : 0;
      expect(result.lines.reduce((sum, line) => sum + line.amountMinor, 0)).toBe(amount);
      expect(amount).toBeGreaterThanOrEqual(last);
      expect(amount).toBeLessThanOrEqual(550000);
      last = amount;
    }
    expect(last).toBe(550000);
  });
});

describe('caps', () => {
  test('When tier and bonus pass the cap, then a negative line takes the rest off', () => {
    const credit = demo.credit.map((table) => ({ ...table, cap: '4200.00' }));
    const facts = { surveyPartner: 'kno', storePlatform: 'magento' };
    const result = computeCredit(input({ terms: { ...demo, credit }, facts }));
    expect(result).toMatchObject({ outcome: 'credit', amountMinor: 420000 });
    expect(result.lines.at(-1)).toEqual({
      rule: 'cap',
      text: 'capped at 4,200.00 USD',
      inputs: { capMinor: 420000, uncappedMinor: 450000 },
      amountMinor: -30000,
    });
  });
});

describe('no credit', () => {
  test.each([
    ['no rows', []],
    ['only days without data', days('USD', '-', '-')],
    ['zeros', days('USD', '0.00', '0')],
    ['a net refund', days('USD', '10.00', '-12.00')],
  ])('When the report has %s, then the reason is NO_SPEND_IN_PERIOD', (_, rows) => {
    const result = computeCredit(input({ rows }));
    expect(result).toMatchObject({
      outcome: 'none',
      reasonCode: 'NO_SPEND_IN_PERIOD',
      region: 'US',
      currency: 'USD',
    });
  });

  test('When the spend is a cent below the minimum, then the reason and the line say so', () => {
    expect(computeCredit(input({ rows: days('USD', '999.99') }))).toMatchObject({
      outcome: 'none',
      reasonCode: 'BELOW_MINIMUM_SPEND',
      spendMinor: 99999,
      lines: [
        { rule: 'minimum_spend', text: 'spend 999.99 USD is below the minimum 1,000.00 USD', amountMinor: 0 },
      ],
    });
  });

  test('When the country is in no region, then the reason is REGION_NOT_ELIGIBLE', () => {
    expect(computeCredit(input({ country: 'BR' }))).toMatchObject({
      outcome: 'none',
      reasonCode: 'REGION_NOT_ELIGIBLE',
      region: null,
      spendMinor: 1248000,
    });
  });

  test('When the ad account has another currency than its region, then it is refused, never converted', () => {
    expect(computeCredit(input({ currency: 'EUR', rows: days('EUR', '12480.00') }))).toMatchObject({
      outcome: 'none',
      reasonCode: 'CURRENCY_MISMATCH',
      region: 'US',
      currency: 'EUR',
      spendMinor: 1248000,
    });
  });

  test('When one day of the report is in another currency, then it is refused and no sum is stated', () => {
    const rows = [...days('USD', '12000.00'), { ...days('EUR', '1', '480.00')[1]! }];
    expect(computeCredit(input({ rows }))).toMatchObject({
      outcome: 'none',
      reasonCode: 'CURRENCY_MISMATCH',
      spendMinor: null,
    });
  });
});

describe('input', () => {
  test('When the rows come in another order, then the result is the same, byte for byte', () => {
    const rows = days('USD', '0.10', '0.20', '9999.70', '-', '2480.00');
    const expected = JSON.stringify(computeCredit(input({ rows })));
    expect(JSON.stringify(computeCredit(input({ rows: rows.toReversed() })))).toBe(expected);
    expect(expected).toContain('"spendMinor":1248000');
  });

  test('When the program counts another spend basis, then that figure is read, and no other', () => {
    const amounts = { spend: '12480.00', billed_cost: '5000.00', cash_spend: '-' };
    const rows = [{ date: '2023-12-01', currency: 'USD', amounts }];
    const compute = (spendBasis: CreditTerms['spendBasis']) =>
      computeCredit(input({ terms: { ...demo, spendBasis }, rows }));
    expect(compute('billed_cost')).toMatchObject({ amountMinor: 200000, spendMinor: 500000 });
    expect(compute('cash_spend')).toMatchObject({ reasonCode: 'NO_SPEND_IN_PERIOD', spendMinor: 0 });
  });

  test('When a day is reported twice, then nothing is computed', () => {
    const rows = [...days('USD', '6000.00'), ...days('USD', '6000.00')];
    expect(() => computeCredit(input({ rows }))).toThrow(CreditInputError);
  });

  test.each(['12,480.00', '1.005', 'n/a', ''])(
    'When the report says %j, then nothing is guessed',
    (spend) => {
      expect(() => computeCredit(input({ rows: days('USD', spend) }))).toThrow(MoneyError);
    },
  );

  test('When a country is looked up, then its region answers, or null', () => {
    expect(['US', 'GB', 'DE', 'UK', 'us', ''].map((country) => regionOf(demo.regions, country))).toEqual([
      'US',
      'GB',
      'EU',
      null,
      null,
      null,
    ]);
  });
});
