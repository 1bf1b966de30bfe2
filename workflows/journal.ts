/**
 * The journal of one enrollment: its state, and the only way to change it. Every change is a numbered entry, goes to the
 * read model in PostgreSQL (the projection) and shows in Temporal UI at once.
 */
import {
  CancellationScope,
  isCancellation,
  log,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Projection, TimelineEvent } from '../activities/types';
import { programTime, type ProgramClock } from '../program/clock';
import { openedState, type Actor, type EnrollmentState } from '../program/enrollmentState';
import { explain } from '../program/explain';
import { pendingSince } from '../program/reminders';
import { statusOf } from '../program/status';
import { local, patient } from './activities';
import {
  CALCULATION_MONTH,
  ENROLLMENT_STATUS,
  SURVEY_PARTNER,
  type EnrollmentInput,
  type WholeProjection,
} from './messages';
import { Repeats } from './repeats';

export const SERVICE: Actor = { role: 'service', id: 'enrollment' };
/** Whoever works in Temporal UI or with its command line. */
export const OPERATOR: Actor = { role: 'operator', id: 'Temporal UI' };

/** How many messages a next run remembers: API callers may repeat one for a day. Decisions are remembered for ever. */
const MESSAGES_REMEMBERED = 1_000;
const DECISION = 'decision:';
/** Since the first of a workflow task began; the last one may take 4 s more (activities.ts). */
const LOCALS_TOGETHER_MS = 1_000;

export class Journal {
  readonly state: EnrollmentState;
  clock: ProgramClock;
  /** Counts entries; the read model replaces what a lost workflow task wrote by it. */
  sequence: number;
  /** Entries before this run: of an earlier one, or of a workflow that was stopped. */
  readonly beganAt: number;
  readonly repeats: Repeats;
  private readonly applied: Set<string>;
  private readonly applying = new Map<string, Promise<void>>();
  /** Of this run, also those that are written: the read model can be made anew from them. */
  private readonly events: Projection['events'];
  /** The last entry that the read model holds. */
  private writtenThrough: number;
  private writing: Promise<void> | undefined;
  /** Settled when no local activity is under way or waits for its turn. */
  private lastLocal: Promise<unknown> = Promise.resolve();
  private localsBegan = 0;
  private lastLocalEnded = 0;
  private catchingUp: Promise<void> | undefined;

  constructor(private readonly input: EnrollmentInput) {
    const { sequence = 0, state, applied, unwritten, repeated } = input.resumed ?? {};
    this.state = state ?? openedState(input);
    this.clock = input.clock;
    this.beganAt = sequence;
    this.sequence = sequence;
    this.applied = new Set(applied);
    this.repeats = new Repeats(repeated);
    this.events = unwritten ?? [];
    // A new run writes at once, also when nothing has happened: the read model names the run that it was written by.
    this.writtenThrough = (this.events[0]?.sequence ?? sequence) - 1;
    this.show();
  }

  /** Now, on the program's clock. */
  now(): number {
    return programTime(this.clock, Date.now());
  }

  /** Whoever changes what the credit depends on has a part in it, for good. */
  addMaker({ id }: Actor): void {
    if (!this.state.makers.includes(id)) this.state.makers.push(id);
  }

  /** Somebody answers for ad account and contact as they are now: others, later, need an approver. */
  vouch(): void {
    const { advertiserId, contactId } = this.state.submission;
    this.state.firstConfirmed ??= { advertiserId, contactId };
  }

  /** Records that something happened; call it together with the change of `state`, without an await between them. */
  record(event: Omit<TimelineEvent, 'at'>): void {
    const now = this.now();
    this.sequence += 1;
    this.state.pending = pendingSince(this.state, now);
    this.events.push({ ...event, at: now, sequence: this.sequence });
    this.show();
  }

  hasApplied(messageId: string): boolean {
    return this.applied.has(messageId);
  }

  /** A decision counts once. False if it did before. */
  markDecision(decisionId: string): boolean {
    const id = DECISION + decisionId;
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
   * Runs a local activity when no other one is under way. Side by side they end in the order of the clock, but are
   * replayed in the order of their start: what follows from them would be another history.
   */
  async inTurn<T>(call: () => Promise<T>): Promise<T> {
    const turn = this.lastLocal.then(() => this.soon(call));
    this.lastLocal = turn.catch((error: unknown) => {
      if (isCancellation(error)) return;
      log.warn('PostgreSQL does not answer; a regular activity catches up', { error });
      this.catchingUp ??= CancellationScope.nonCancellable(() => this.catchUp());
    });
    return turn;
  }

  /**
   * All local activities of a workflow task together must end long before Temporal asks for a sign of life (after 16 s,
   * temporal/enrollments.ts): a message that comes while one is under way would be replayed at another place. So while
   * PostgreSQL is away or slow, none is begun.
   */
  private async soon<T>(call: () => Promise<T>): Promise<T> {
    if (this.catchingUp) throw new Error('PostgreSQL is away.');
    // The clock goes on with the end of each; in a later task it has gone on without one.
    if (Date.now() > this.lastLocalEnded) this.localsBegan = Date.now();
    if (Date.now() - this.localsBegan > LOCALS_TOGETHER_MS) throw new Error('PostgreSQL is slow.');
    try {
      return await call();
    } finally {
      this.lastLocalEnded = Date.now();
    }
  }

  /**
   * Brings the read model up to date. One write at a time, so that a later state is never overwritten by an earlier one;
   * entries that come meanwhile go with the next write. It never throws: if PostgreSQL is away, the work goes on and a
   * regular activity catches up when it is back.
   */
  async write(): Promise<void> {
    const target = this.sequence;
    while (!this.catchingUp && this.writtenThrough < target) {
      this.writing ??= this.writeOnce().finally(() => (this.writing = undefined));
      await this.writing;
    }
  }

  /** Resolves when everything is in the read model, however long that takes. */
  async written(): Promise<void> {
    await this.write();
    await this.catchingUp;
  }

  /** The same, also if nothing is new: what a lost workflow task may have written of another course is replaced. */
  async writtenAgain(): Promise<void> {
    this.writtenThrough = Math.min(this.writtenThrough, this.sequence - 1);
    await this.written();
  }

  private async writeOnce(): Promise<void> {
    const project = async () => {
      const batch = this.projection(this.unwritten());
      // Temporal UI shows what happened by its name.
      const summary = batch.events.map(({ type }) => type).join(', ') || 'goes on in a new run';
      await local.project.executeWithOptions({ summary }, [batch]);
      this.writtenThrough = batch.sequence;
    };
    try {
      await CancellationScope.nonCancellable(() => this.inTurn(project));
    } catch {
      // The catching up has begun.
    }
  }

  private async catchUp(): Promise<void> {
    do {
      const batch = this.projection(this.unwritten());
      await patient.project.executeWithOptions({ summary: 'catch up the read model' }, [batch]);
      this.writtenThrough = batch.sequence;
    } while (this.writtenThrough < this.sequence);
    // In the same breath as the look at `sequence`: an entry that comes now is written by whoever records it.
    this.catchingUp = undefined;
  }

  /** What the read model should hold now, with all that happened in this run. */
  wholeProjection(): WholeProjection {
    const { continuedFromExecutionRunId } = workflowInfo();
    return { ...this.projection(this.events), continuedFrom: continuedFromExecutionRunId ?? null };
  }

  /** The start input of a run that goes on from here. */
  resumedInput(): EnrollmentInput {
    const ids = [...this.applied];
    const isDecision = (id: string) => id.startsWith(DECISION);
    return {
      ...this.input,
      clock: this.clock,
      resumed: {
        state: this.state,
        sequence: this.sequence,
        applied: [
          ...ids.filter(isDecision),
          ...ids.filter((id) => !isDecision(id)).slice(-MESSAGES_REMEMBERED),
        ],
        unwritten: this.unwritten(),
        repeated: this.repeats.counted,
        restartedBy: null,
      },
    };
  }

  private unwritten(): Projection['events'] {
    return this.events.filter(({ sequence }) => sequence > this.writtenThrough);
  }

  private projection(events: Projection['events']): Projection {
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
    const shown = workflowInfo().typedSearchAttributes;
    const changed = searchable(this.state).filter(({ key, value }) => value !== shown.get(key));
    if (changed.length > 0) upsertSearchAttributes(changed);
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
