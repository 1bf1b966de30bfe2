/**
 * The journal of one enrollment: its state, and the only way to change it. Every change is a numbered entry, goes to the
 * read model in PostgreSQL (the projection) and shows in Temporal UI at once.
 */
import { log, setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { TimelineEvent } from '../activities/types';
import { programTime, type ProgramClock } from '../program/clock';
import type { Actor, EnrollmentState } from '../program/enrollmentState';
import { explain } from '../program/explain';
import { statusOf } from '../program/status';
import { local, patient } from './activities';
import { CALCULATION_MONTH, ENROLLMENT_STATUS } from './messages';

export const SERVICE: Actor = { role: 'service', id: 'enrollment' };

export class Journal {
  clock: ProgramClock;
  /** Counts entries; the read model replaces what a lost workflow task wrote by it. */
  sequence = 0;
  private readonly applied = new Set<string>();
  private unwritten: (TimelineEvent & { sequence: number })[] = [];
  private writing: Promise<void> | undefined;
  private catchingUp: Promise<void> | undefined;
  private shownStatus = 'open';
  private shownMonth: string;

  constructor(
    readonly state: EnrollmentState,
    clock: ProgramClock,
  ) {
    this.clock = clock;
    this.shownMonth = state.period.month;
    this.show();
  }

  /** Now, on the program's clock. */
  now(): number {
    return programTime(this.clock, Date.now());
  }

  /** Records that something happened; call it together with the change of `state`, without an await between them. */
  record(event: Omit<TimelineEvent, 'at'>): void {
    this.sequence += 1;
    this.unwritten.push({ ...event, at: this.now(), sequence: this.sequence });
    this.show();
  }

  hasApplied(messageId: string): boolean {
    return this.applied.has(messageId);
  }

  /** A message counts as applied only when its change is made. */
  markApplied(messageId: string): void {
    this.applied.add(messageId);
  }

  /**
   * Brings the read model up to date. One write at a time, so that a later state is never overwritten by an earlier one;
   * entries that come meanwhile go with the next write. It never throws: if PostgreSQL is away, the work goes on and a
   * regular activity catches up when it is back.
   */
  async write(): Promise<void> {
    const target = this.sequence;
    while (!this.catchingUp && this.unwritten.some((event) => event.sequence <= target)) {
      this.writing ??= this.writeOnce().finally(() => (this.writing = undefined));
      await this.writing;
    }
  }

  /** Resolves when everything is in the read model, however long that takes. */
  async written(): Promise<void> {
    await this.write();
    await this.catchingUp;
  }

  private async writeOnce(): Promise<void> {
    const batch = this.projection();
    try {
      await local.project(batch);
      this.unwritten = this.unwritten.filter((event) => event.sequence > batch.sequence);
    } catch (error) {
      log.warn('The read model could not be written; a regular activity catches up', { error });
      this.catchingUp ??= this.catchUp().finally(() => (this.catchingUp = undefined));
    }
  }

  private async catchUp(): Promise<void> {
    while (this.unwritten.length > 0) {
      const batch = this.projection();
      await patient.project.executeWithOptions({ summary: 'catch up the read model' }, [batch]);
      this.unwritten = this.unwritten.filter((event) => event.sequence > batch.sequence);
    }
  }

  private projection() {
    return {
      runId: workflowInfo().runId,
      sequence: this.sequence,
      state: JSON.parse(JSON.stringify(this.state)) as EnrollmentState,
      events: [...this.unwritten],
    };
  }

  /** What operators see: the current details, and the search attributes when they change (each costs an event). */
  private show(): void {
    setCurrentDetails(explain(this.state).markdown);
    const status = coarseStatus(this.state);
    const { month } = this.state.period;
    if (status !== this.shownStatus) upsertSearchAttributes([{ key: ENROLLMENT_STATUS, value: status }]);
    if (month !== this.shownMonth) upsertSearchAttributes([{ key: CALCULATION_MONTH, value: month }]);
    this.shownStatus = status;
    this.shownMonth = month;
  }
}

/** Operators filter by a few statuses only; all others are `open`, which spares a write for each step. */
function coarseStatus(state: EnrollmentState): string {
  const status = statusOf(state);
  const worthFiltering = ['action_required', 'awaiting_approval', 'payout_unknown'];
  return state.ending || worthFiltering.includes(status) ? status : 'open';
}
