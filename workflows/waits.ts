/** Waiting on the program's clock. Each wait has a name of its own, which operators read as the timer's summary. */
import { condition } from '@temporalio/workflow';
import { realDelayUntil } from '../program/clock';
import { patient } from './activities';
import { goOnInNewRun, historyIsLong } from './continuation';
import type { Journal } from './journal';

/** Temporal's longest sensible timer; a later deadline is simply waited for again. */
const LONGEST_TIMER_MS = 365 * 24 * 3_600_000;

export class Waits {
  private clockAdjustments = 0;
  private clockRead = 0;

  constructor(private readonly journal: Journal) {}

  /** The test clock was adjusted: every wait reads it again. */
  readonly clockAdjusted = (): void => {
    this.clockAdjustments += 1;
  };

  /**
   * Until the program clock has reached `deadline()`, which may move while we wait (a deferral, the ad account's time
   * zone) and is undefined while nobody can say. Returns in the same task in which the deadline is seen to have come.
   */
  async until(deadline: () => number | undefined, summary: () => string): Promise<void> {
    const clockIsRead = () => this.clockRead === this.clockAdjustments;
    for (;;) {
      if (!clockIsRead()) await this.readClock();
      if (historyIsLong()) {
        await goOnInNewRun(this.journal, clockIsRead);
        continue;
      }
      const awaited = deadline();
      const delay =
        awaited === undefined ? undefined : realDelayUntil(this.journal.clock, awaited, Date.now());
      if (delay === 0) return;
      const moved = () => deadline() !== awaited || !clockIsRead() || historyIsLong();
      if (delay === undefined) await condition(moved);
      else await condition(moved, Math.min(delay, LONGEST_TIMER_MS), { summary: summary() });
    }
  }

  private async readClock(): Promise<void> {
    const seen = this.clockAdjustments;
    this.journal.clock = await patient.readClock(this.journal.state.programId);
    this.clockRead = seen;
  }
}
