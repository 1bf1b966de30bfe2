import * as fc from 'fast-check';
import {
  MoneyError,
  currencyExponent,
  displayMoney,
  formatAmount,
  formatMoney,
  parseDecimal,
  percentageOf,
  sumMinor,
  toDecimal,
  type Rounding,
} from '../program/money';

/** A failure prints the seed and the smallest counterexample found. */
const GENERATED = { seed: 20231101, numRuns: 5_000 };
/** With 0, 2, 3 and 4 decimals. */
const currencies = fc.constantFrom('JPY', 'USD', 'KWD', 'CLF');

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

test.each([0.5, NaN, Infinity, 2 ** 53])(
  'When %d is counted as minor units, then it is refused',
  (amountMinor) => {
    expect(() => sumMinor([amountMinor])).toThrow(MoneyError);
    expect(() => toDecimal({ amountMinor, currency: 'USD' })).toThrow(MoneyError);
    expect(() => percentageOf(amountMinor, '1', 'down')).toThrow(MoneyError);
  },
);

describe('generated amounts', () => {
  test('When any amount is written as a decimal and read again, then it is the same', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), currencies, (amountMinor, currency) => {
        const text = toDecimal({ amountMinor, currency });
        expect(text).toMatch(/^-?(0|[1-9]\d*)(\.\d+)?$/);
        expect(parseDecimal(text, currency)).toBe(amountMinor);
      }),
      GENERATED,
    );
  });

  test('When any decimal is read and written again, then it is the same', () => {
    const decimal = currencies.chain((currency) => {
      const digits = currencyExponent(currency);
      return fc.record({
        currency: fc.constant(currency),
        negative: fc.boolean(),
        whole: fc.integer({ min: 1, max: 900_000_000_000 }),
        decimals: fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: digits, maxLength: digits }),
      });
    });
    fc.assert(
      fc.property(decimal, ({ currency, negative, whole, decimals }) => {
        const text = `${negative ? '-' : ''}${whole}${decimals && `.${decimals}`}`;
        expect(toDecimal({ amountMinor: parseDecimal(text, currency), currency })).toBe(text);
      }),
      GENERATED,
    );
  });
});

describe('percentageOf', () => {
  test.each<[number, string, Rounding, number]>([
    [1, '50', 'half_up', 1],
    [1, '50', 'half_even', 0],
    [1, '50', 'down', 0],
    [3, '50', 'half_up', 2],
    [3, '50', 'half_even', 2],
    [3, '50', 'down', 1],
    [1248000, '12.5', 'down', 156000],
    [100, '0.4999', 'half_up', 0],
    [100, '0.5001', 'half_even', 1],
    [100, '250', 'half_up', 250],
    [0, '100', 'half_up', 0],
    [Number.MAX_SAFE_INTEGER, '100', 'half_up', Number.MAX_SAFE_INTEGER],
  ])(
    'When %d is taken by %s per cent, rounded %s, then it is %d',
    (amountMinor, percent, rounding, share) => {
      expect(percentageOf(amountMinor, percent, rounding)).toBe(share);
    },
  );

  test.each([
    [-1, '10', 'MALFORMED'],
    [100, '-10', 'MALFORMED'],
    [100, '10 %', 'MALFORMED'],
    [100, '.5', 'MALFORMED'],
    [100, '', 'MALFORMED'],
    [Number.MAX_SAFE_INTEGER, '100.0001', 'OUT_OF_RANGE'],
  ])('When %d is taken by %j per cent, then it is refused as %s', (amountMinor, percent, code) => {
    expect(() => percentageOf(amountMinor, percent, 'down')).toThrow(
      expect.objectContaining({ code }) as Error,
    );
  });

  test('When there is a limit, then it is the most that is given, even of what could not be counted', () => {
    expect(percentageOf(1000, '10', 'down', 101)).toBe(100);
    expect(percentageOf(1000, '10', 'down', 100)).toBe(100);
    expect(percentageOf(1000, '10', 'down', 99)).toBe(99);
    expect(percentageOf(Number.MAX_SAFE_INTEGER, '999.9999', 'half_up', 99)).toBe(99);
  });

  test('When any share is taken, then it is the fraction of whole numbers, rounded once', () => {
    const amounts = fc.oneof(
      fc.integer({ min: 0, max: 1_000_000 }),
      fc.maxSafeNat().map((amount) => Math.floor(amount / 10)),
    );
    const tenThousandths = fc.oneof(
      fc.integer({ min: 1, max: 9_999_999 }),
      fc.constantFrom(500_000, 125_000, 25_000, 5_000), // halves are rare otherwise
    );
    let halves = 0;
    fc.assert(
      fc.property(amounts, tenThousandths, (amount, percent) => {
        const text = toDecimal({ amountMinor: percent, currency: 'CLF' });
        const numerator = BigInt(amount) * BigInt(percent);
        const denominator = 1_000_000n;
        const down = numerator / denominator;
        const halfUp = (2n * numerator + denominator) / (2n * denominator);
        const isHalf = (2n * numerator) % (2n * denominator) === denominator;
        const halfEven = isHalf && halfUp % 2n === 1n ? halfUp - 1n : halfUp;
        if (isHalf) halves += 1;
        const roundings: Rounding[] = ['down', 'half_up', 'half_even'];
        expect(roundings.map((rounding) => BigInt(percentageOf(amount, text, rounding)))).toEqual([
          down,
          halfUp,
          halfEven,
        ]);
      }),
      GENERATED,
    );
    expect(halves).toBeGreaterThan(100);
  });
});
