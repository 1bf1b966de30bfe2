import fc from 'fast-check';
import {
  adjustClock,
  ClockError,
  initialClock,
  LAST_INSTANT,
  MAXIMUM_SPEED,
  MOST_SEGMENTS,
  programTime,
  realDelayUntil,
  type ProgramClock,
} from '../program/clock';

const REAL = Date.parse('2026-01-01T00:00:00Z');
const START = Date.parse('2023-10-12T16:00:00Z');
const DAY = 86_400_000;
const still: ProgramClock = [{ realFrom: REAL, programFrom: START, speed: 0 }];
/** One program day in 0.4 s, as the demo runs. */
const fast: ProgramClock = [{ realFrom: REAL, programFrom: START, speed: DAY / 400 }];
const running = (speed: number): ProgramClock => [{ realFrom: REAL, programFrom: START, speed }];

describe('real time', () => {
  test('When a program has no test clock, then it runs on real time', () => {
    expect(initialClock(null, REAL)).toEqual([]);
    expect(programTime([], REAL)).toBe(REAL);
    expect(realDelayUntil([], REAL + 5000, REAL)).toBe(5000);
    expect(realDelayUntil([], REAL - 5000, REAL)).toBe(0);
    expect(() => adjustClock([], REAL, { speed: 1 })).toThrow(
      new ClockError('This program runs on real time; its clock cannot be adjusted.'),
    );
  });

  test('When a real instant has a part of a millisecond, then the program instant is a whole one', () => {
    expect(programTime([], REAL + 0.123)).toBe(REAL);
    expect(programTime(running(1), REAL + 0.123)).toBe(START);
  });
});

describe('standing still', () => {
  test('When the clock stands still, then it shows its start for ever and a later instant is never reached', () => {
    expect(initialClock({ startsAt: '2023-10-12T16:00:00Z', speed: 0 }, REAL)).toEqual(still);
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
  });

  test('When it is set going, then it goes on from where it stood', () => {
    const going = adjustClock(still, REAL + 60_000, { speed: 2 });
    expect(programTime(going, REAL + 60_000)).toBe(START);
    expect(programTime(going, REAL + 61_000)).toBe(START + 2000);
  });

  test('When it is as slow as a number can be, then no instant is reached, and asking comes to an end', () => {
    expect(programTime(running(Number.MIN_VALUE), REAL + 1000 * DAY)).toBe(START);
    expect(realDelayUntil(running(Number.MIN_VALUE), START + 1, REAL)).toBeUndefined();
  });
});

describe('running', () => {
  test('When the demo clock runs for 0.4 s, then a program day passes', () => {
    expect(programTime(fast, REAL + 400)).toBe(START + DAY);
    expect(realDelayUntil(fast, START + DAY, REAL)).toBe(400);
    expect(realDelayUntil(fast, START + DAY, REAL + 150)).toBe(250);
  });

  test.each([
    // speed, program ms ahead, real ms
    [0.001, 1, 1000],
    [0.5, 1, 2],
    [1 / 3, 1, 3],
    [0.1, 7, 70],
    [3, 10, 4],
    [MAXIMUM_SPEED, 1, 1],
    [MAXIMUM_SPEED, 90 * DAY + 1, 7777],
  ])('When the speed is %d, then %d ms ahead are reached after %d real ms', (speed, ahead, delay) => {
    expect(realDelayUntil(running(speed), START + ahead, REAL)).toBe(delay);
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
    const once = adjustClock(still, REAL, { to: START + DAY, speed: 1 });
    const twice = adjustClock(once, REAL, { to: START + 2 * DAY });
    expect(programTime(twice, REAL)).toBe(START + 2 * DAY);
    expect(programTime(twice, REAL + 1000)).toBe(START + 2 * DAY + 1000);
    expect(programTime(twice, REAL - 1)).toBe(START);
    expect(realDelayUntil(twice, START + DAY, REAL - 10)).toBe(10);
  });

  test('When a clock that stands still is told to stand still where it is, then it stays as it is', () => {
    expect(adjustClock(still, REAL + 60_000, { speed: 0 })).toBe(still);
    expect(adjustClock(still, REAL + 60_000, { to: START })).toBe(still);
  });

  test('When the machine that adjusts is behind the last one, then the last adjustment is not undone', () => {
    const jumped = adjustClock(still, REAL + 500, { to: START + 10 * DAY });
    const stopped = adjustClock(jumped, REAL + 100, { speed: 0 });
    expect(programTime(stopped, REAL + 499)).toBe(START);
    expect(programTime(stopped, REAL + 500)).toBe(START + 10 * DAY);
    expect(() => adjustClock(jumped, REAL + 100, { to: START + DAY })).toThrow(ClockError);
  });

  test('When a later segment jumps past an instant, then the delay ends at the jump', () => {
    const clock = adjustClock(still, REAL + 60_000, { to: START + 10 * DAY });
    expect(realDelayUntil(clock, START + DAY, REAL)).toBe(60_000);
    expect(realDelayUntil(clock, START + 11 * DAY, REAL)).toBeUndefined();
  });
});

test('When a clock has run to the end of the year 9999, then it stops there', () => {
  const clock = running(MAXIMUM_SPEED);
  const end = Math.ceil((LAST_INSTANT - START) / MAXIMUM_SPEED);
  expect(realDelayUntil(clock, LAST_INSTANT, REAL)).toBe(end);
  for (const later of [0, 1, 1e9, 1e14]) {
    expect(new Date(programTime(clock, REAL + end + later)).toISOString()).toBe('9999-12-31T23:59:59.999Z');
  }
  expect(programTime(clock, REAL + end - 1)).toBeLessThan(LAST_INSTANT);
  expect(realDelayUntil(clock, LAST_INSTANT + 1, REAL)).toBeUndefined();
  const stopped = adjustClock(clock, REAL + 2 * end, { speed: 1 });
  expect(programTime(stopped, REAL + 3 * end)).toBe(LAST_INSTANT);
});

describe('refusals', () => {
  test('When the clock is set to an earlier instant, then it is refused with both instants', () => {
    expect(() => adjustClock(still, REAL + 1, { to: START - 1 })).toThrow(
      new ClockError(
        'The program clock shows 2023-10-12T16:00:00.000Z; it never goes backwards, so it cannot be set to 2023-10-12T15:59:59.999Z.',
      ),
    );
  });

  test.each([LAST_INSTANT + 1, 8.64e15 + 1, -8.64e15 - 1, Infinity, NaN])(
    'When the clock is set to %d, then it is refused with its end',
    (to) => {
      expect(() => adjustClock(still, REAL + 1, { to })).toThrow(
        new ClockError('Set the clock to an instant until 9999-12-31T23:59:59.999Z, where it ends.'),
      );
    },
  );

  test.each([-1, -Number.MIN_VALUE, MAXIMUM_SPEED + 1, Infinity, NaN])(
    'When the speed is %d, then it is refused with the speeds that are possible',
    (speed) => {
      expect(() => adjustClock(still, REAL + 1, { speed })).toThrow(
        new ClockError('Write a speed from 0 (the clock stands still) to 1000000.'),
      );
    },
  );

  test('When a clock was adjusted a thousand times, then one more is refused', () => {
    let clock = still;
    for (let days = 1; clock.length < MOST_SEGMENTS; days += 1)
      clock = adjustClock(clock, REAL, { to: START + days * DAY });
    expect(() => adjustClock(clock, REAL, { to: LAST_INSTANT })).toThrow(
      new ClockError(
        'This clock was adjusted 999 times, which is all that it takes; publish another program.',
      ),
    );
  });

  test('When the last instant and the highest speed are asked for, then they are taken', () => {
    const clock = adjustClock(still, REAL + 1, { to: LAST_INSTANT, speed: MAXIMUM_SPEED });
    expect(programTime(clock, REAL + 1)).toBe(LAST_INSTANT);
  });
});

describe('any clock', () => {
  const speed = fc.oneof(
    fc.constantFrom(0, 0.001, 0.1, 1 / 3, 0.7, 1, Math.PI, 216_000, 999_999.9, MAXIMUM_SPEED),
    fc.double({ min: 0, max: MAXIMUM_SPEED, noNaN: true }),
  );
  const span = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 400 * DAY }));
  const adjustment = fc.record({
    /** Real milliseconds since the adjustment before; negative by a machine that is behind. */
    after: fc.oneof(span, fc.integer({ min: -1000, max: -1 })),
    ahead: fc.option(span, { nil: undefined }),
    speed: fc.option(speed, { nil: undefined }),
  });
  type Adjustment = typeof adjustment extends fc.Arbitrary<infer T> ? T : never;

  function adjusted(clock: ProgramClock, { after, ahead, speed }: Adjustment) {
    const last = clock.at(-1)!.realFrom;
    const real = last + after;
    const now = programTime(clock, Math.max(real, last));
    const to = ahead === undefined ? undefined : Math.min(now + ahead, LAST_INSTANT);
    return { real, to, clock: adjustClock(clock, real, { to, speed }) };
  }

  const clocks = fc
    .tuple(speed, fc.array(adjustment, { maxLength: 6 }))
    .map(([first, adjustments]) =>
      adjustments.reduce<ProgramClock>((clock, next) => adjusted(clock, next).clock, running(first)),
    );

  test('When real time passes, then the program time is a whole millisecond that never goes backwards', () => {
    fc.assert(
      fc.property(clocks, span, span, (clock, elapsed, more) => {
        const [earlier, later] = [
          programTime(clock, REAL + elapsed),
          programTime(clock, REAL + elapsed + more),
        ];
        expect(Number.isSafeInteger(earlier)).toBe(true);
        expect(later).toBeGreaterThanOrEqual(earlier);
      }),
      { numRuns: 2000 },
    );
  });

  test('When an instant is awaited, then it is reached exactly when the delay has passed, or never', () => {
    const ahead = fc.oneof(span, fc.integer({ min: 0, max: LAST_INSTANT - START }));
    fc.assert(
      fc.property(clocks, fc.integer({ min: -DAY, max: 400 * DAY }), ahead, (clock, elapsed, awaited) => {
        const real = REAL + elapsed;
        const program = START + awaited;
        const delay = realDelayUntil(clock, program, real);
        if (delay === undefined) {
          expect(programTime(clock, LAST_INSTANT)).toBeLessThan(program);
          return;
        }
        expect(programTime(clock, real + delay)).toBeGreaterThanOrEqual(program);
        if (delay > 0) expect(programTime(clock, real + delay - 1)).toBeLessThan(program);
      }),
      { numRuns: 5000 },
    );
  });

  test('When it is adjusted, then it goes on from there, and the past stays as it was', () => {
    fc.assert(
      fc.property(clocks, adjustment, span, span, (clock, change, since, ago) => {
        const { real, to, clock: after } = adjusted(clock, change);
        const from = Math.max(real, clock.at(-1)!.realFrom);
        const pace = change.speed ?? clock.at(-1)!.speed;
        expect(programTime(after, from)).toBe(to ?? programTime(clock, from));
        expect(programTime(after, from + since)).toBe(
          programTime([{ realFrom: from, programFrom: programTime(after, from), speed: pace }], from + since),
        );
        expect(programTime(after, from - 1 - ago)).toBe(programTime(clock, from - 1 - ago));
        expect(programTime(after, from)).toBeGreaterThanOrEqual(programTime(clock, from));
      }),
      { numRuns: 2000 },
    );
  });
});
