/** Figures that are read from PostgreSQL when metrics are asked for: not at each time, and never without a bound. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Gauge } from 'prom-client';
import type { Logger } from '../settings/logger';

export interface Figures {
  /** Which they are, a label. */
  name: string;
  keptMs: number;
  /** Reads them and sets their gauges. */
  read(): Promise<void>;
}

/** A scraper gives up after 10 s; PostgreSQL that hangs is noticed later than that. */
const WAIT_MS = 3_000;

/**
 * Reads what is older than it may be, one reading at a time. A reading that fails leaves the figures as they were, and
 * `age` grows: who looks at a figure can tell that it is old.
 */
export function createReader(figures: Figures, age: Gauge<'figures'>, logger: Logger): () => Promise<void> {
  const { name, keptMs } = figures;
  let triedAt = -Infinity;
  let readAt: number | undefined;
  let reading: Promise<void> | undefined;
  const read = async () => {
    triedAt = performance.now();
    try {
      await figures.read();
      readAt = performance.now();
    } catch (err) {
      logger.warn({ err, figures: name }, 'figures for the metrics could not be read; the last ones stand');
    }
  };
  return async () => {
    if (performance.now() - triedAt >= keptMs) reading ??= read().finally(() => (reading = undefined));
    if (reading) await Promise.race([reading, delay(WAIT_MS, undefined, { ref: false })]);
    if (readAt !== undefined) age.set({ figures: name }, (performance.now() - readAt) / 1_000);
  };
}
