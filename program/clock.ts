/**
 * The program's clock. A program normally runs on real time; a test clock is a list of segments, linear in each, so that
 * a season can pass in a minute. All instants are epoch milliseconds; "real" is the wall clock, "program" the program's.
 */
export interface ClockSegment {
  realFrom: number;
  programFrom: number;
  /** Program milliseconds per real millisecond; 0 stands still. */
  speed: number;
}

/** In order of `realFrom`; empty means real time. Before the first segment the clock stands at its start. */
export type ProgramClock = readonly ClockSegment[];

/** The clock of a program that starts now: its test clock, or real time. */
export function initialClock(
  testClock: { startsAt: string; speed: number } | null,
  real: number,
): ProgramClock {
  return testClock
    ? [{ realFrom: real, programFrom: Date.parse(testClock.startsAt), speed: testClock.speed }]
    : [];
}

/** The program instant at a real instant. */
export function programTime(clock: ProgramClock, real: number): number {
  if (clock.length === 0) return real;
  const segment = clock.findLast((candidate) => candidate.realFrom <= real);
  if (!segment) return clock[0]!.programFrom;
  return Math.floor(segment.programFrom + (real - segment.realFrom) * segment.speed);
}

/**
 * Real milliseconds from `real` until the program clock has reached `program`; 0 when it has, undefined when the clock
 * as it is now will never reach it (it stands still).
 */
export function realDelayUntil(clock: ProgramClock, program: number, real: number): number | undefined {
  if (programTime(clock, real) >= program) return 0;
  if (clock.length === 0) return program - real;
  for (const [index, segment] of clock.entries()) {
    const end = clock[index + 1]?.realFrom ?? Infinity;
    if (end <= real) continue;
    // A jump at the start of a later segment may pass the instant at once.
    if (segment.programFrom >= program) return Math.max(0, segment.realFrom - real);
    if (segment.speed === 0) continue;
    // The quotient is rounded by itself: added to an epoch first, its fraction would be lost in the double.
    let reached = segment.realFrom + Math.ceil((program - segment.programFrom) / segment.speed);
    if (programTime([segment], reached) < program) reached += 1;
    if (reached < end) return Math.max(0, reached - real);
  }
  return undefined;
}

/** Program milliseconds per real millisecond, at most: a century passes in an hour. */
export const MAXIMUM_SPEED = 1_000_000;

export class ClockError extends Error {
  override readonly name = 'ClockError';
}

/**
 * The clock after an adjustment at the real instant `real`: it goes on from `to` (default: where it is) at `speed`
 * (default: as before). Throws ClockError if it would go backwards.
 */
export function adjustClock(
  clock: ProgramClock,
  real: number,
  change: { to?: number | undefined; speed?: number | undefined },
): ProgramClock {
  const last = clock.at(-1);
  if (!last) throw new ClockError('This program runs on real time; its clock cannot be adjusted.');
  const now = programTime(clock, real);
  const to = change.to ?? now;
  if (!Number.isFinite(to)) throw new ClockError('The clock can be set to an instant only.');
  if (to < now) {
    throw new ClockError(
      `The program clock shows ${new Date(now).toISOString()}; it never goes backwards, so it cannot be set to ${new Date(to).toISOString()}.`,
    );
  }
  const speed = change.speed ?? last.speed;
  if (!(speed >= 0 && Number.isFinite(speed)))
    throw new ClockError('The speed must be 0 (stand still) or positive.');
  return [...clock.filter((segment) => segment.realFrom < real), { realFrom: real, programFrom: to, speed }];
}
