/** Keeps this process below a party's request rate. Several processes share the party's limit: divide it among them. */
import { setTimeout as wait } from 'node:timers/promises';

export interface TokenBucket {
  /** Waits for a token, first come first served. False, at once, if that would take longer than `maxWaitMs`. */
  take(): Promise<boolean>;
}

/** Holds up to one second's worth of tokens, and one at least. */
export function createTokenBucket(ratePerSecond: number, maxWaitMs: number): TokenBucket {
  if (!(ratePerSecond > 0)) throw new RangeError('ratePerSecond must be above 0');
  const intervalMs = 1_000 / ratePerSecond;
  const burstMs = Math.max(0, 1_000 - intervalMs);
  /** When the bucket would be full again but for the tokens taken: past means full. */
  let fullAt = 0;

  return {
    async take() {
      const now = performance.now();
      const start = Math.max(fullAt, now);
      const waitMs = start - now - burstMs;
      if (waitMs > maxWaitMs) return false;
      fullAt = start + intervalMs;
      if (waitMs > 0) await wait(waitMs);
      return true;
    },
  };
}
