import { setTimeout as delay } from 'node:timers/promises';

/** Resolves after a while, or as soon as the signal is given. */
export function pause(ms: number, ended: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal: ended }).catch(() => undefined);
}
