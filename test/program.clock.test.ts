import { ClockError, adjustClock, programTime, realDelayUntil, type ProgramClock } from '../program/clock';

const REAL = Date.parse('2026-01-01T00:00:00Z');
const START = Date.parse('2023-10-12T16:00:00Z');
const DAY = 86_400_000;
const still: ProgramClock = [{ realFrom: REAL, programFrom: START, speed: 0 }];
/** One program day in 0.4 s, as the demo runs. */
const fast: ProgramClock = [{ realFrom: REAL, programFrom: START, speed: DAY / 400 }];

describe('real time', () => {
  test('When a program has no test clock, then it runs on real time', () => {
    expect(programTime([], REAL)).toBe(REAL);
    expect(realDelayUntil([], REAL + 5000, REAL)).toBe(5000);
    expect(realDelayUntil([], REAL - 5000, REAL)).toBe(0);
    expect(() => adjustClock([], REAL, { speed: 1 })).toThrow(ClockError);
  });
});

describe('standing still', () => {
  test('When the clock stands still, then it shows its start for ever and a later instant is never reached', () => {
    expect(programTime(still, REAL)).toBe(START);
    expect(programTime(still, REAL + 1000 * DAY)).toBe(START);
    expect(programTime(still, REAL - DAY)).toBe(START);
    expect(realDelayUntil(still, START, REAL)).toBe(0);
    expect(realDelayUntil(still, START + 1, REAL)).toBeUndefined();
  });

  test('When a clock that stands still is advanced, then it jumps, and goes on standing still', () => {
    const advanced = adjustClock(still, REAL + 60_000, { to: START + 10 * DAY });
    expect(programTime(advanced, REAL + 59_999)).toBe(START);
    expect(programTime(advanced, REAL + 60_000)).toBe(START + 10 * DAY);
    expect(programTime(advanced, REAL + DAY)).toBe(START + 10 * DAY);
    expect(advanced).toHaveLength(2);
  });

  test('When it is set going, then it goes on from where it stood', () => {
    const going = adjustClock(still, REAL + 60_000, { speed: 2 });
    expect(programTime(going, REAL + 60_000)).toBe(START);
    expect(programTime(going, REAL + 61_000)).toBe(START + 2000);
  });
});

describe('running', () => {
  test('When the demo clock runs for 0.4 s, then a program day passes', () => {
    expect(programTime(fast, REAL + 400)).toBe(START + DAY);
    expect(realDelayUntil(fast, START + DAY, REAL)).toBe(400);
    expect(realDelayUntil(fast, START + DAY, REAL + 150)).toBe(250);
  });

  test('When the delay has passed, then the instant is reached, and it was not a millisecond earlier', () => {
    for (const speed of [0.001, 0.5, 1, 3, 216_000, 7_777_777.7]) {
      const clock: ProgramClock = [{ realFrom: REAL, programFrom: START, speed }];
      for (const ahead of [1, 999, 12_345, DAY, 90 * DAY + 1]) {
        const delay = realDelayUntil(clock, START + ahead, REAL)!;
        expect(programTime(clock, REAL + delay)).toBeGreaterThanOrEqual(START + ahead);
        expect(programTime(clock, REAL + delay - 1)).toBeLessThan(START + ahead);
      }
    }
  });

  test('When real time passes, then the program clock never goes backwards, whatever adjustments were made', () => {
    let clock = fast;
    const changes = [
      { speed: 0 },
      { to: START + 30 * DAY },
      { speed: 0.5 },
      { speed: 5000 },
      { to: START + 90 * DAY, speed: 0 },
    ];
    changes.forEach((change, index) => (clock = adjustClock(clock, REAL + 1000 * (index + 1), change)));
    let last = -Infinity;
    for (let real = REAL - 2000; real < REAL + 8000; real += 7) {
      const now = programTime(clock, real);
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
    expect(last).toBe(START + 90 * DAY);
  });

  test('When two adjustments fall into one millisecond, then the later one holds', () => {
    const once = adjustClock(still, REAL + 5, { to: START + DAY });
    const twice = adjustClock(once, REAL + 5, { to: START + 2 * DAY });
    expect(programTime(twice, REAL + 5)).toBe(START + 2 * DAY);
    expect(twice).toHaveLength(2);
  });

  test('When a later segment jumps past an instant, then the delay ends at the jump', () => {
    const clock = adjustClock(still, REAL + 60_000, { to: START + 10 * DAY });
    expect(realDelayUntil(clock, START + DAY, REAL)).toBe(60_000);
    expect(realDelayUntil(clock, START + 11 * DAY, REAL)).toBeUndefined();
  });
});

describe('refusals', () => {
  test('When the clock is set to an earlier instant, then it is refused with both instants', () => {
    expect(() => adjustClock(still, REAL + 1, { to: START - 1 })).toThrow(
      'The program clock shows 2023-10-12T16:00:00.000Z; it never goes backwards, so it cannot be set to 2023-10-12T15:59:59.999Z.',
    );
  });

  test.each([-1, NaN])('When the speed is %d, then it is refused', (speed) => {
    expect(() => adjustClock(still, REAL + 1, { speed })).toThrow(ClockError);
  });
});
