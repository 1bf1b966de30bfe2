/** When a webhook is tried again: after as long as it has been failing already, so the waits double; with jitter. */

export const GIVE_UP_AFTER_MS = 3 * 24 * 3_600_000;
const SHORTEST_MS = 5_000;
const LONGEST_MS = 8 * 3_600_000;
const JITTER = 0.2;

/** `retryAfterMs`: what the receiver asked for; it makes a wait longer, never shorter, and not endless. */
export function delayAfter(
  failingForMs: number,
  retryAfterMs: number | undefined,
  random: () => number = Math.random,
): number {
  const within = (ms: number) => Math.min(Math.max(ms, SHORTEST_MS), LONGEST_MS);
  const wait = Math.max(within(failingForMs), within(retryAfterMs ?? 0));
  const withJitter = wait * (1 + JITTER * random());
  // The last attempt is made when the time is over, not up to a wait later.
  const left = GIVE_UP_AFTER_MS - failingForMs;
  return Math.round(left > SHORTEST_MS ? Math.min(withJitter, left) : SHORTEST_MS);
}
