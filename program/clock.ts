/**
 * The program's clock. A program normally runs on real time; a test clock is a list of segments, linear in each, so that
 * a season can pass in a minute. All instants are whole epoch milliseconds; "real" is the wall clock, "program" the
 * program's. Part of the workflow bundle: pure, without a library.
 */
export interface ClockSegment {
  realFrom: number;
  programFrom: number;
  /** Program milliseconds per real millisecond; 0 stands still. */
  speed: number;
}

/**
 * In order of `realFrom`, and of two at the same millisecond the later one holds; never backwards. Empty means real
 * time. Before the first segment the clock stands at its start.
 */
export type ProgramClock = readonly ClockSegment[];

/** Program milliseconds per real millisecond, at most: a century passes in an hour. */
export const MAXIMUM_SPEED = 1_000_000;

/** All adjustments go with the start of each enrollment, so they cannot be without number. */
export const MOST_SEGMENTS = 1_000;

/** Where a test clock stops: a later instant has no date of four digits, and soon none at all. */
export const LAST_INSTANT = Date.parse('9999-12-31T23:59:59.999Z');

/** The clock of a program that starts now: its test clock, or real time. */
export function initialClock(
  testClock: { startsAt: string; speed: number } | null,
  real: number,
): ProgramClock {
  return testClock
    ? [{ realFrom: real, programFrom: Date.parse(testClock.startsAt), speed: testClock.speed }]
    : [];
}

/** The program instant at a real instant, which a database may tell more finely than the millisecond. */
export function programTime(clock: ProgramClock, real: number): number {
  if (clock.length === 0) return Math.floor(real);
  const segment = clock.findLast((candidate) => candidate.realFrom <= real);
  if (!segment) return clock[0]!.programFrom;
  const { realFrom, programFrom, speed } = segment;
  return Math.min(Math.floor(programFrom + (real - realFrom) * speed), LAST_INSTANT);
}

/**
 * Real milliseconds from `real` until the first millisecond at which the program clock shows `program` or later; 0 when
 * it does already, undefined when the clock as it is now will not before the end of the real year 9999 (it stands
 * still, or as good as).
 */
export function realDelayUntil(clock: ProgramClock, program: number, real: number): number | undefined {
  if (clock.length === 0) return Math.max(0, program - real);
  const hasCome = (instant: number) => programTime(clock, instant) >= program;
  if (hasCome(real)) return 0;
  if (!hasCome(LAST_INSTANT)) return undefined;
  // The clock never goes backwards, so halving finds the millisecond itself; a division by the speed would be rounded.
  let [before, reached] = [real, LAST_INSTANT];
  while (reached - before > 1) {
    const middle = Math.floor((before + reached) / 2);
    if (hasCome(middle)) reached = middle;
    else before = middle;
  }
  return reached - real;
}

export class ClockError extends Error {
  override readonly name = 'ClockError';
}

/**
 * The clock after an adjustment at the real instant `real`: it goes on from `to` (default: where it is) at `speed`
 * (default: as before), and what it has shown until then stays; the same clock if it stands still where it stood. Throws ClockError if it
 * would go backwards, beyond the year 9999, or too fast, and after too many adjustments.
 */
export function adjustClock(
  clock: ProgramClock,
  real: number,
  change: { to?: number | undefined; speed?: number | undefined },
): ProgramClock {
  const last = clock.at(-1);
  if (!last) throw new ClockError('This program runs on real time; its clock cannot be adjusted.');
  // The machine that made the last adjustment may be ahead of this one: nobody's adjustment is undone.
  const realFrom = Math.max(real, last.realFrom);
  const now = programTime(clock, realFrom);
  const to = change.to ?? now;
  if (!(Math.abs(to) <= LAST_INSTANT))
    throw new ClockError(`Set the clock to an instant until ${iso(LAST_INSTANT)}, where it ends.`);
  if (to < now) {
    throw new ClockError(
      `The program clock shows ${iso(now)}; it never goes backwards, so it cannot be set to ${iso(to)}.`,
    );
  }
  const speed = change.speed ?? last.speed;
  if (!(speed >= 0 && speed <= MAXIMUM_SPEED))
    throw new ClockError(`Write a speed from 0 (the clock stands still) to ${MAXIMUM_SPEED}.`);
  if (to === now && speed === 0 && last.speed === 0) return clock;
  if (clock.length >= MOST_SEGMENTS)
    throw new ClockError(
      `This clock was adjusted ${MOST_SEGMENTS - 1} times, which is all that it takes; publish another program.`,
    );
  return [...clock, { realFrom, programFrom: to, speed }];
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
