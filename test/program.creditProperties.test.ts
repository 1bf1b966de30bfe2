/** What holds of every credit, whatever the program and the spend, and a second computation to compare with. */
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { computeCredit, type CreditInput, type CreditResult, type CreditTerms } from '../program/credit';
import { parseDecimal } from '../program/money';
import { parseDefinition } from '../program/parseDefinition';
import { amountOf, demo } from './support/credits';
import { generatedSpend, generatedTerms, inputFor, type GeneratedSpend } from './support/generatedCredits';
import { naiveCredit } from './support/naiveCredit';

/** A failure prints the seed and the smallest counterexample found. */
const SEED = 20231101;
interface Case {
  terms: CreditTerms;
  generated: GeneratedSpend;
  input: CreditInput;
  result: CreditResult;
}

/** Computes the credits of so many generated programs, each for up to 20 spends, and checks each. */
function forCredits(programs: number, check: (credit: Case) => void): void {
  const spends = fc.array(generatedSpend, { minLength: 1, maxLength: 20, size: 'max' });
  const property = fc.property(generatedTerms, spends, (terms, list) => {
    for (const generated of list) {
      const input = inputFor(terms, generated);
      check({ terms, generated, input, result: computeCredit(terms, input) });
    }
  });
  fc.assert(property, { seed: SEED, numRuns: programs });
}

test('When over 100,000 credits are computed, then each is what a second, naive computation gives', () => {
  const seen = new Map<string, number>();
  const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  forCredits(10_500, ({ terms, input, result }) => {
    const { amountMinor, reason } = naiveCredit(terms, input);
    const outcome = result.outcome === 'none' ? result.reasonCode : 'credit';
    expect(`${outcome} ${amountOf(result)}`).toBe(`${reason ?? 'credit'} ${amountMinor}`);
    count('cases');
    count(outcome);
    for (const { rule } of result.lines) count(rule);
  });
  expect(seen.get('cases')).toBeGreaterThan(100_000);
  // The generator reaches every rule and every reason, and mostly pays.
  expect(seen.get('credit')).toBeGreaterThan(60_000);
  const reasons = ['NO_SPEND_IN_PERIOD', 'BELOW_MINIMUM_SPEND', 'CURRENCY_MISMATCH', 'REGION_NOT_ELIGIBLE'];
  for (const what of [...reasons, 'SPENT_BEFORE_ENROLLMENT', 'tier', 'percentage', 'bonus', 'cap'])
    expect([what, (seen.get(what) ?? 0) > 500]).toEqual([what, true]);
});

test('When terms are generated, then they are those of a valid program', () => {
  const property = fc.property(generatedTerms, (terms) => {
    expect(parseDefinition({ ...demo, ...terms })).toMatchObject({ credit: terms.credit });
  });
  fc.assert(property, { seed: SEED, numRuns: 300 });
});

test('When any credit is computed, then it is not negative, is the sum of its lines, and passes no cap', () => {
  forCredits(1_000, ({ terms, input, result }) => {
    const amount = amountOf(result);
    expect(amount).toBeGreaterThanOrEqual(result.outcome === 'credit' ? 1 : 0);
    expect(result.lines.reduce((sum, line) => sum + line.amountMinor, 0)).toBe(amount);
    for (const { inputs, amountMinor } of result.lines)
      if (typeof inputs['upToMinor'] === 'number')
        expect(amountMinor).toBeLessThanOrEqual(inputs['upToMinor']);
    const table = terms.credit.find(
      ({ region, currency }) => region === result.region && currency === input.currency,
    );
    if (table?.cap) expect(amount).toBeLessThanOrEqual(parseDecimal(table.cap, table.currency));
  });
});

test('When more is spent, then the credit is not less', () => {
  let more = 0;
  forCredits(1_000, ({ terms, generated, result }) => {
    for (const moreMinor of [1, 1_000, 1_000_000]) {
      const next = amountOf(computeCredit(terms, inputFor(terms, generated, moreMinor)));
      expect(next).toBeGreaterThanOrEqual(amountOf(result));
      if (next > amountOf(result)) more += 1;
    }
  });
  expect(more).toBeGreaterThan(1_000);
});

test('When the same days come in any order, then the result is the same, byte for byte', () => {
  forCredits(1_000, ({ terms, input, result }) => {
    const rows = input.spend.rows.toSorted((a, b) => (a.date < b.date ? -1 : 1));
    for (const ordered of [rows, rows.toReversed()]) {
      const again = computeCredit(terms, { ...input, spend: { ...input.spend, rows: ordered } });
      expect(JSON.stringify(again)).toBe(JSON.stringify(result));
    }
  });
});

test('When a result is written as JSON and read again, then nothing is lost', () => {
  forCredits(1_000, ({ result }) => {
    const numbers: number[] = [];
    const read: unknown = JSON.parse(JSON.stringify(result), (_, value: unknown) => {
      if (typeof value === 'number') numbers.push(value);
      return value;
    });
    expect(isDeepStrictEqual(read, result)).toBe(true);
    expect(numbers.every(Number.isSafeInteger)).toBe(true);
    expect(numbers.length).toBeGreaterThan(1);
  });
});
