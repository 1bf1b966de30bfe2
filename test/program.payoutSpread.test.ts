/** The payouts of one date, spread over what the program allows. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { payoutBeginsAt } from '../program/payoutSpread';

const PAYOUT_AT = Date.parse('2023-12-15T08:00:00Z');
const MINUTE_MS = 60_000;

function beginsAt(enrollmentId: string, payoutSpreadMinutes: number): number {
  return payoutBeginsAt({
    enrollmentId,
    terms: { payoutSpreadMinutes },
    period: { payoutAt: PAYOUT_AT },
  } as Parameters<typeof payoutBeginsAt>[0]);
}

test('When a program spreads its payouts, then each begins within the spread, and always at the same moment', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat({ max: 1_440 }), (id, minutes) => {
      const at = beginsAt(id, minutes);
      expect(at).toBeGreaterThanOrEqual(PAYOUT_AT);
      expect(at - PAYOUT_AT).toBeLessThan(Math.max(1, minutes * MINUTE_MS));
      expect(beginsAt(id, minutes)).toBe(at);
    }),
  );
});

test('When a program does not spread them, then all begin on the payout date', () => {
  expect(beginsAt('enr_1', 0)).toBe(PAYOUT_AT);
});

test('When thousands are due on one date, then every minute of an hour has about as many', () => {
  const counts = Array<number>(60).fill(0);
  for (let number = 0; number < 6_000; number += 1) {
    const id = `enr_${randomUUID().replaceAll('-', '').slice(0, 20)}`;
    counts[Math.floor((beginsAt(id, 60) - PAYOUT_AT) / MINUTE_MS)]! += 1;
  }
  // 100 each on average, with a standard deviation of 10.
  expect(Math.min(...counts)).toBeGreaterThan(40);
  expect(Math.max(...counts)).toBeLessThan(170);
});
