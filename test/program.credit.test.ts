/** The credit against amounts computed by hand. Generated cases: program.creditProperties.test.ts. */
import { CreditInputError, regionOf, type CreditTerms } from '../program/credit';
import { MoneyError } from '../program/money';
import { amountOf, compute, days, demo, termsWith } from './support/credits';

describe('the demo', () => {
  test('When a WooCommerce store with KnoCommerce spends 12,480.00 USD, then the credit is 4,500.00 in two lines', () => {
    const rows = days('USD', '4000.10', '-', '0.00', '8479.90');
    const facts = { surveyPartner: 'kno', storePlatform: 'woocommerce' };
    expect(compute({ rows, facts })).toEqual({
      outcome: 'credit',
      amountMinor: 450000,
      spendMinor: 1248000,
      currency: 'USD',
      region: 'US',
      programRevision: 1,
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
    expect(compute({ facts: { surveyPartner, storePlatform } })).toMatchObject({ amountMinor });
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
    expect(compute({ rows: days('USD', spend) })).toMatchObject({ outcome: 'credit', amountMinor });
  });

  test.each([
    ['US', 'USD', '250.00', '0.01', 25000],
    ['JP', 'JPY', '30000', '1.00', 30000],
    ['KW', 'KWD', '75.125', '0.001', 75125],
  ])(
    'When region %s has one tier in %s from any spend, then %s is a fixed amount',
    (region, currency, amount, spend, amountMinor) => {
      const terms = termsWith({ region, currency, tiers: [{ from: '0', amount }] });
      const spent = (text: string) =>
        compute({ terms, country: region, currency, rows: days(currency, text) });
      expect(spent(spend)).toMatchObject({ outcome: 'credit', amountMinor, region, currency });
      expect(spent('1000000')).toMatchObject({ outcome: 'credit', amountMinor });
      expect(spent('0')).toMatchObject({ outcome: 'none', reasonCode: 'NO_SPEND_IN_PERIOD' });
    },
  );

  test('When the region pays in yen, then amounts have no decimals, and zeros in the report do no harm', () => {
    const result = compute({ country: 'JP', currency: 'JPY', rows: days('JPY', '1500000.00') });
    expect(result).toMatchObject({
      outcome: 'credit',
      amountMinor: 600000,
      lines: [{ text: 'region JP, tier "1,500,000 and more"' }],
    });
  });

  test('When the currency has three decimals, then they count', () => {
    const terms = termsWith({ region: 'KW', currency: 'KWD', tiers: [{ from: '0.5', amount: '0.125' }] });
    const spend = (...amounts: string[]) =>
      compute({ terms, country: 'KW', currency: 'KWD', rows: days('KWD', ...amounts) });
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
      const result = compute({ facts, rows: days('USD', (spend / 100).toFixed(2)) });
      const amount = amountOf(result);
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
    const result = compute({ terms: { ...demo, credit }, facts });
    expect(result).toMatchObject({ outcome: 'credit', amountMinor: 420000 });
    expect(result.lines.at(-1)).toEqual({
      rule: 'cap',
      text: 'capped at 4,200.00 USD',
      inputs: { capMinor: 420000, uncappedMinor: 450000 },
      amountMinor: -30000,
    });
  });

  test.each([
    ['199.99', ['tier', 'cap'], 19999],
    ['200.00', ['tier'], 20000],
    ['200.01', ['tier'], 20000],
  ])('When the tier pays 200.00 and the cap is %s, then the lines are %j', (cap, rules, amountMinor) => {
    const result = compute({ terms: termsWith({ tiers: [{ from: '0', amount: '200.00' }], cap }) });
    expect(result).toMatchObject({ amountMinor });
    expect(result.lines.map(({ rule }) => rule)).toEqual(rules);
  });
});

describe('no credit', () => {
  test.each([
    ['no rows', []],
    ['only days without data', days('USD', '-', '-')],
    ['zeros', days('USD', '0.00', '0')],
    ['a net refund', days('USD', '10.00', '-12.00')],
  ])('When the report has %s, then the reason is NO_SPEND_IN_PERIOD', (_, rows) => {
    expect(compute({ rows })).toMatchObject({
      outcome: 'none',
      reasonCode: 'NO_SPEND_IN_PERIOD',
      region: 'US',
      currency: 'USD',
    });
  });

  test('When the spend is a cent below the minimum, then the reason and the line say so', () => {
    expect(compute({ rows: days('USD', '999.99') })).toMatchObject({
      outcome: 'none',
      reasonCode: 'BELOW_MINIMUM_SPEND',
      spendMinor: 99999,
      lines: [
        { rule: 'minimum_spend', text: 'spend 999.99 USD is below the minimum 1,000.00 USD', amountMinor: 0 },
      ],
    });
  });

  test('When the country is in no region, then the reason is REGION_NOT_ELIGIBLE', () => {
    expect(compute({ country: 'BR' })).toMatchObject({
      outcome: 'none',
      reasonCode: 'REGION_NOT_ELIGIBLE',
      region: null,
      spendMinor: 1248000,
    });
  });

  test('When the ad account has another currency than its region, then it is refused, never converted', () => {
    expect(compute({ currency: 'EUR', rows: days('EUR', '12480.00') })).toMatchObject({
      outcome: 'none',
      reasonCode: 'CURRENCY_MISMATCH',
      region: 'US',
      currency: 'EUR',
      spendMinor: 1248000,
    });
  });

  test('When one day of the report is in another currency, then it is refused and no sum is stated', () => {
    const inEuro = (spend: string) => [...days('USD', '12000.00'), days('EUR', '1', spend)[1]!];
    expect(compute({ rows: inEuro('480.00') })).toMatchObject({
      outcome: 'none',
      reasonCode: 'CURRENCY_MISMATCH',
      spendMinor: null,
    });
    expect(compute({ rows: inEuro('-') })).toMatchObject({ outcome: 'credit', spendMinor: 1200000 });
  });
});

describe('input', () => {
  test('When the rows come in another order, then the result is the same, byte for byte', () => {
    const rows = days('USD', '0.10', '0.20', '9999.70', '-', '2480.00');
    const expected = JSON.stringify(compute({ rows }));
    expect(JSON.stringify(compute({ rows: rows.toReversed() }))).toBe(expected);
    expect(expected).toContain('"spendMinor":1248000');
  });

  test('When the program counts another spend basis, then that figure is read, and no other', () => {
    const amounts = { spend: '12480.00', billed_cost: '5000.00', cash_spend: '-' };
    const rows = [{ date: '2023-12-01', currency: 'USD', amounts }];
    const counted = (spendBasis: CreditTerms['spendBasis']) =>
      compute({ terms: { ...demo, spendBasis }, rows });
    expect(counted('spend')).toMatchObject({ amountMinor: 400000, spendMinor: 1248000 });
    expect(counted('billed_cost')).toMatchObject({ amountMinor: 200000, spendMinor: 500000 });
    expect(counted('cash_spend')).toMatchObject({ reasonCode: 'NO_SPEND_IN_PERIOD', spendMinor: 0 });
  });

  test('When a day is reported twice, then nothing is computed', () => {
    const rows = [...days('USD', '6000.00'), ...days('USD', '6000.00')];
    expect(() => compute({ rows })).toThrow(CreditInputError);
  });

  test.each(['2023-11-30', '2024-01-01'])(
    'When %s is reported for December, then nothing is computed',
    (date) => {
      const rows = [{ ...days('USD', '6000.00')[0]!, date }];
      expect(() => compute({ rows })).toThrow(CreditInputError);
    },
  );

  test.each(['12,480.00', '1.005', 'n/a', ''])(
    'When the report says %j, then nothing is guessed',
    (spend) => {
      expect(() => compute({ rows: days('USD', spend) })).toThrow(MoneyError);
    },
  );

  test('When a sum passes the safe integers, then it is refused instead of being inexact', () => {
    const most = '90071992547409.91';
    expect(() => compute({ rows: days('USD', most, '0.01') })).toThrow(MoneyError);
    expect(amountOf(compute({ rows: days('USD', most, '0.01', '-0.01') }))).toBe(500000);
    const bonuses = { 'own-store': { amount: '0.01' } };
    const terms = termsWith({ tiers: [{ from: '0', amount: most }], bonuses });
    const facts = { surveyPartner: 'kno', storePlatform: 'magento' };
    expect(() => compute({ terms, facts })).toThrow(MoneyError);
    expect(amountOf(compute({ terms }))).toBe(Number.MAX_SAFE_INTEGER);
  });

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
