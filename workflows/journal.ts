/**
 * The journal of one enrollment: its state, and the only way to change it. Every change is a numbered entry, goes to the
 * read model in PostgreSQL (the projection) and shows in Temporal UI at once.
 */
import {
  CancellationScope,
  log,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Projection, TimelineEvent } from '../activities/types';
import { programTime, type ProgramClock } from '../program/clock';
import type { Actor, EnrollmentState } from '../program/enrollmentState';
import { explain } from '../program/explain';
import { pendingSince } from '../program/reminders';
import { statusOf } from '../program/status';
import { local, patient } from './activities';
import { CALCULATION_MONTH, ENROLLMENT_STATUS, SURVEY_PARTNER } from './messages';

export const SERVICE: Actor = { role: 'service', id: 'enrollment' };
/** Whoever works in Temporal UI or with its command line. */
export const OPERATOR: Actor = { role: 'operator', id: 'Temporal UI' };

export class Journal {
  clock: ProgramClock;
  /** Counts entries; the read model replaces what a lost workflow task wrote by it. */
  sequence: number;
  /** Entries before this run: those of a workflow that was stopped. */
  readonly beganAt: number;
  private readonly applied: Set<string>;
  private readonly applying = new Map<string, Promise<void>>();
  /** Of this run, also those that are written: the read model can be made anew from them. */
  private readonly events: Projection['events'] = [];
  private unwritten: Projection['events'] = [];
  private writing: Promise<void> | undefined;
  private catchingUp: Promise<void> | undefined;
  /** Search attributes by name, as Temporal has them. */
  private readonly shown: Map<string, string>;

  constructor(
    readonly state: EnrollmentState,
    clock: ProgramClock,
    before: { sequence: number; applied: string[] } = { sequence: 0, applied: [] },
  ) {
    this.clock = clock;
    this.beganAt = before.sequence;
    this.sequence = before.sequence;
    this.applied = new Set(before.applied);
    this.shown = new Map(searchable(state).map(({ key, value }) => [key.name, value]));
    this.shown.set(ENROLLMENT_STATUS.name, 'open'); // the start input says so for every enrollment
    this.show();
  }

  /** Now, on the program's clock. */
  now(): number {
    return programTime(this.clock, Date.now());
  }

  /** Records that something happened; call it together with the change of `state`, without an await between them. */
  record(event: Omit<TimelineEvent, 'at'>): void {
    const now = this.now();
    this.sequence += 1;
    this.state.pending = pendingSince(this.state, now);
    const entry = { ...event, at: now, sequence: this.sequence };
    this.events.push(entry);
    this.unwritten.push(entry);
    this.show();
  }

  hasApplied(messageId: string): boolean {
    return this.applied.has(messageId);
  }

  /** False if it was marked before. */
  markApplied(id: string): boolean {
    if (this.applied.has(id)) return false;
    this.applied.add(id);
    return true;
  }

  /**
   * Runs `apply` unless the message was applied before; it counts as applied only when its change is made. The same
   * message again while it is being applied shares the outcome: twice in one task it would be two entries of one key.
   */
  async once(messageId: string, apply: () => Promise<void>): Promise<void> {
    if (this.applied.has(messageId)) return;
    let applying = this.applying.get(messageId);
    if (!applying) {
      applying = apply()
        .then(() => void this.applied.add(messageId))
        .finally(() => this.applying.delete(messageId));
      this.applying.set(messageId, applying);
    }
    await applying;
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
      await CancellationScope.nonCancellable(() => local.project(batch));
      this.unwritten = this.unwritten.filter((event) => event.sequence > batch.sequence);
    } catch (error) {
      log.warn('The read model could not be written; a regular activity catches up', { error });
      this.catchingUp ??= CancellationScope.nonCancellable(() => this.catchUp());
    }
  }

  private async catchUp(): Promise<void> {
    while (this.unwritten.length > 0) {
      const batch = this.projection();
      await patient.project.executeWithOptions({ summary: 'catch up the read model' }, [batch]);
      this.unwritten = this.unwritten.filter((event) => event.sequence > batch.sequence);
    }
    // In the same breath as the look at `unwritten`: an entry that comes now is written by whoever records it.
    this.catchingUp = undefined;
  }

  /** What the read model should hold now, with all that happened in this run. */
  wholeProjection(): Projection {
    return this.projection(this.events);
  }

  private projection(events = this.unwritten): Projection {
    const { workflowId, runId, runStartTime } = workflowInfo();
    return {
      workflowId,
      runId,
      runStartedAt: runStartTime.getTime(),
      sequence: this.sequence,
      state: JSON.parse(JSON.stringify(this.state)) as EnrollmentState,
      events: [...events],
    };
  }

  /** What operators see: the current details, and the search attributes when they change (each costs an event). */
  private show(): void {
    setCurrentDetails(explain(this.state).markdown);
    const changed = searchable(this.state).filter(({ key, value }) => value !== this.shown.get(key.name));
    if (changed.length > 0) upsertSearchAttributes(changed);
    for (const { key, value } of changed) this.shown.set(key.name, value);
  }
}

/** What can change of the attributes that operators filter by. */
function searchable(state: EnrollmentState) {
  return [
    { key: ENROLLMENT_STATUS, value: coarseStatus(state) },
    { key: CALCULATION_MONTH, value: state.period.month },
    { key: SURVEY_PARTNER, value: state.submission.surveyPartner },
  ];
}

/** Operators filter by a few statuses only; all others are `open`, which spares a write for each step. */
function coarseStatus(state: EnrollmentState): string {
  const status = statusOf(state);
  const worthFiltering = ['action_required', 'awaiting_approval', 'payout_unknown'];
  return state.ending || worthFiltering.includes(status) ? status : 'open';
}
