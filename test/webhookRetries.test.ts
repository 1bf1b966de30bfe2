/** When webhooks are tried again. */
import { delayAfter, GIVE_UP_AFTER_MS } from '../worker/webhookRetries';

const HOUR = 3_600_000;
const never = () => 0;

test('When a webhook fails again and again, then the waits double up to eight hours, and the last attempt is after three days', () => {
  const waits: number[] = [];
  let failingFor = 0;
  while (failingFor < GIVE_UP_AFTER_MS) {
    const wait = delayAfter(failingFor, undefined, never);
    waits.push(wait);
    failingFor += wait;
  }
  expect(failingFor).toBe(3 * 24 * HOUR);
  expect(waits.slice(0, 5)).toEqual([5_000, 5_000, 10_000, 20_000, 40_000]);
  expect(Math.max(...waits)).toBe(8 * HOUR);
  expect(waits.length).toBeGreaterThan(15);
  expect(waits.length).toBeLessThan(30);
});

test('When waits have jitter, then they are up to a fifth longer and never shorter', () => {
  const waits = Array.from({ length: 200 }, () => delayAfter(HOUR, undefined));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(HOUR);
  expect(Math.max(...waits)).toBeLessThanOrEqual(1.2 * HOUR);
  expect(new Set(waits).size).toBeGreaterThan(100);
});

test.each([
  ['longer than the wait', 60_000, 10 * 60_000, 10 * 60_000],
  ['shorter than the wait', HOUR, 1_000, HOUR],
  ['longer than any wait', 60_000, 1_000 * HOUR, 8 * HOUR],
])(
  'When a receiver asks for a time that is %s, then it is within bounds',
  (_what, failingFor, asked, wait) => {
    expect(delayAfter(failingFor, asked, never)).toBe(wait);
  },
);
