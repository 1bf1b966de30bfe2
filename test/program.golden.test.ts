/**
 * Results of the credit engine that must never change: statements made with them are verified for ever. A change that
 * fails here is a new ENGINE_VERSION with a folder of its own, beside the old one. Every amount was computed by hand.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  computeCredit,
  ENGINE_VERSION,
  type CreditInput,
  type CreditResult,
  type CreditTerms,
} from '../program/credit';

interface Golden {
  terms: CreditTerms;
  input: CreditInput;
  result: CreditResult;
}

const folder = join(__dirname, `golden/credit-engine-${ENGINE_VERSION}`);
const names = readdirSync(folder);
const readGolden = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Golden;

test.each(names)('When %s is computed again, then the result is the stored one, byte for byte', (name) => {
  const { terms, input, result } = readGolden(name);
  expect(JSON.stringify(computeCredit(terms, input))).toBe(JSON.stringify(result));
});

test('When the stored results are read, then every rule and every reason is among them', () => {
  const results = names.map((name) => readGolden(name).result);
  const seen = new Set(
    results.flatMap((result) => [
      ...result.lines.map(({ rule }) => rule),
      ...(result.outcome === 'none' ? [result.reasonCode] : []),
    ]),
  );
  // As a record, so that the compiler asks for what is added.
  const rules: Record<CreditResult['lines'][number]['rule'], true> = {
    tier: true,
    percentage: true,
    bonus: true,
    cap: true,
    region: true,
    currency: true,
    spend: true,
    minimum_spend: true,
    look_back: true,
  };
  const reasons: Record<Extract<CreditResult, { outcome: 'none' }>['reasonCode'], true> = {
    NO_SPEND_IN_PERIOD: true,
    BELOW_MINIMUM_SPEND: true,
    CURRENCY_MISMATCH: true,
    REGION_NOT_ELIGIBLE: true,
    SPENT_BEFORE_ENROLLMENT: true,
  };
  expect([...seen].sort()).toEqual([...Object.keys(rules), ...Object.keys(reasons)].sort());
});
