/**
 * Arrivals at a rate, whatever becomes of those before: a service that is slow gets no fewer. Latencies are from the moment
 * at which a request was to be sent, so that one that had to wait for this process does not look quicker than it was.
 */
import { performance } from 'node:perf_hooks';
import type { LatencyLog } from './latencies';

export interface Arrivals {
  perSecond: number;
  /** Throws if it was not done. */
  send: () => Promise<void>;
  log: LatencyLog;
}

/** Sends all kinds side by side for so long, and waits for the last answers. */
export async function sendAll(kinds: readonly Arrivals[], seconds: number, seed: number): Promise<void> {
  await Promise.all(kinds.map((kind, index) => sendKind(kind, seconds, randomFrom(seed + index))));
}

async function sendKind(
  { perSecond, send, log }: Arrivals,
  seconds: number,
  random: () => number,
): Promise<void> {
  const begin = performance.now();
  const end = begin + seconds * 1_000;
  const underWay: Promise<void>[] = [];
  // Independent callers: the times between them are exponentially distributed.
  const pause = () => (-Math.log(1 - random()) / perSecond) * 1_000;
  for (let due = begin + pause(); due < end; due += pause()) {
    const ahead = due - performance.now();
    if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, ahead));
    underWay.push(measure(send, due, log));
  }
  await Promise.all(underWay);
}

/** One after the other, each once the service is idle: what a request takes when nothing else goes on. */
export async function sendOneByOne(
  { send, log }: Omit<Arrivals, 'perSecond'>,
  times: number,
  untilIdle: () => Promise<void>,
): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    await untilIdle();
    await measure(send, performance.now(), log);
  }
}

async function measure(send: () => Promise<void>, due: number, log: LatencyLog): Promise<void> {
  try {
    await send();
    log.done(performance.now() - due);
  } catch (error) {
    log.failed(error instanceof Error ? error.message : String(error));
  }
}

/** Mulberry32: the same arrivals in each run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
