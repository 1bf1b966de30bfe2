import {
  MoneyError,
  currencyExponent,
  displayMoney,
  formatAmount,
  formatMoney,
  parseDecimal,
  sumMinor,
} from '../program/money';

describe('parseDecimal', () => {
  test.each([
    ['4500.00', 'USD', 450000],
    ['4500', 'USD', 450000],
    ['4500.5', 'USD', 450050],
    ['0.01', 'USD', 1],
    ['0', 'USD', 0],
    ['-0.00', 'USD', 0],
    ['-12.34', 'USD', -1234],
    ['007.10', 'USD', 710],
    ['1500000', 'JPY', 1500000],
    ['100.00', 'JPY', 100],
    ['1.234', 'KWD', 1234],
    ['1.2300', 'USD', 123],
    ['1.2345', 'CLF', 12345],
    ['90071992547409.91', 'USD', Number.MAX_SAFE_INTEGER],
  ])('When "%s" %s is read, then it is exactly %d minor units', (text, currency, minor) => {
    expect(parseDecimal(text, currency)).toBe(minor);
  });

  test.each([
    ['', 'USD', 'MALFORMED'],
    ['-', 'USD', 'MALFORMED'],
    ['+1', 'USD', 'MALFORMED'],
    ['1,000.00', 'USD', 'MALFORMED'],
    ['.50', 'USD', 'MALFORMED'],
    ['1.', 'USD', 'MALFORMED'],
    ['1e3', 'USD', 'MALFORMED'],
    [' 1', 'USD', 'MALFORMED'],
    ['1\n', 'USD', 'MALFORMED'],
    ['١', 'USD', 'MALFORMED'],
    ['NaN', 'USD', 'MALFORMED'],
    ['1.005', 'USD', 'TOO_MANY_DECIMALS'],
    ['1.5', 'JPY', 'TOO_MANY_DECIMALS'],
    ['90071992547409.92', 'USD', 'OUT_OF_RANGE'],
  ])('When %j %s is read, then it is refused as %s', (text, currency, code) => {
    let thrown: unknown;
    try {
      parseDecimal(text, currency);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(MoneyError);
    expect(thrown).toMatchObject({ name: 'MoneyError', code });
  });
});

test('When currencies are asked for their decimals, then ISO 4217 answers, and 2 for any other code', () => {
  const codes = ['USD', 'EUR', 'JPY', 'KRW', 'ISK', 'XOF', 'KWD', 'TND', 'CLF', 'MRU', 'ZZZ', 'constructor'];
  expect(codes.map(currencyExponent)).toEqual([2, 2, 0, 0, 0, 0, 3, 3, 4, 2, 2, 2]);
});

test.each([
  [450000, 'USD', '4,500.00 USD'],
  [0, 'USD', '0.00 USD'],
  [5, 'USD', '0.05 USD'],
  [-123456, 'USD', '-1,234.56 USD'],
  [100000000, 'USD', '1,000,000.00 USD'],
  [600000, 'JPY', '600,000 JPY'],
  [999, 'JPY', '999 JPY'],
  [1234567, 'KWD', '1,234.567 KWD'],
  [Number.MAX_SAFE_INTEGER, 'USD', '90,071,992,547,409.91 USD'],
])('When %d minor units of %s are shown, then people read "%s"', (amountMinor, currency, display) => {
  expect(formatMoney({ amountMinor, currency })).toBe(display);
  expect(displayMoney({ amountMinor, currency })).toEqual({ amountMinor, currency, display });
});

test('When an amount is shown and read again, then it is the same, in every number of decimals', () => {
  for (const currency of ['JPY', 'USD', 'KWD', 'CLF']) {
    for (const amountMinor of [
      0,
      1,
      9,
      10,
      99,
      100,
      999,
      1000,
      12345678,
      -1,
      -1000,
      Number.MAX_SAFE_INTEGER,
    ]) {
      const text = formatAmount({ amountMinor, currency }).replaceAll(',', '');
      expect(parseDecimal(text, currency)).toBe(amountMinor);
    }
  }
});

test('When a sum passes the safe integers, then it throws instead of being inexact', () => {
  expect(sumMinor([1, 2, -5])).toBe(-2);
  expect(sumMinor([])).toBe(0);
  expect(sumMinor([Number.MAX_SAFE_INTEGER, 1, -1])).toBe(Number.MAX_SAFE_INTEGER);
  expect(() => sumMinor([Number.MAX_SAFE_INTEGER, 1])).toThrow(MoneyError);
});
