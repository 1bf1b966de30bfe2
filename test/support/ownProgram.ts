/**
 * A program of its own for one test, on a clock of its own, and enrollments in it: so the tests of a file share one
 * running service and still cannot disturb each other.
 */
import type { WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import {
  eventually,
  type ApiAnswer,
  type ApiClient,
  type Enrollment,
  type TimelineItem,
} from '../../dev/apiClient';
import { publish } from '../../dev/database';
import type { ProgramClock } from '../../program/clock';
import type { ProgramDefinition } from '../../program/definition';
import type { EnrollmentState } from '../../program/enrollmentState';
import { enrollmentQuery } from '../../workflows/messages';
import { publishProgram } from './programs';
import type { Form, TestService } from './testService';

export interface OwnProgram {
  programId: string;
  definition: ProgramDefinition;
  enroll(changes?: Partial<Form>): Promise<Enrolled>;
  /** Enrolled, looked up, and with all facts in: its spend counts. */
  enrollComplete(changes?: Partial<Form>): Promise<Enrolled>;
  advanceTo(instant: string): Promise<void>;
  /** Sets the clock running: program milliseconds per real one. */
  runAt(speed: number): Promise<void>;
  /** Publishes a next revision. */
  revise(change: Partial<ProgramDefinition>): Promise<void>;
}

/** One enrollment, and what its parties do. Answers are those of the API. */
export interface Enrolled {
  id: string;
  path: string;
  workflow: WorkflowHandle;
  /** As the caller sent it. */
  form: Form & { programId: string };
  /** A write to it that has no word of its own here; `route` is what follows the enrollment's path. */
  ask(by: ApiClient, route: string, body: unknown, key?: string): Promise<ApiAnswer<Enrollment>>;
  confirm(by?: ApiClient, advertiserId?: string): Promise<ApiAnswer<Enrollment>>;
  reject(word?: { criteria?: string[]; reasonCode?: string }): Promise<ApiAnswer<Enrollment>>;
  hold(reasonCode?: string): Promise<ApiAnswer<Enrollment>>;
  release(by?: ApiClient): Promise<ApiAnswer<Enrollment>>;
  waive(criterion: string): Promise<ApiAnswer<Enrollment>>;
  /** On the credit that the enrollment shows. */
  decide(outcome: string, by?: ApiClient): Promise<ApiAnswer<Enrollment>>;
  withdraw(by?: ApiClient): Promise<ApiAnswer<Enrollment>>;
  complete(by?: ApiClient): Promise<ApiAnswer<Enrollment>>;
  defer(month: string, by?: ApiClient): Promise<ApiAnswer<Enrollment>>;
  resubmit(changes: Partial<Form>): Promise<ApiAnswer<Enrollment>>;
  /** As the API shows it. */
  now(): Promise<Enrollment>;
  /** As the workflow has it. */
  state(): Promise<EnrollmentState>;
  timeline(): Promise<TimelineItem[]>;
  /** Types of the timeline, in order. */
  happened(): Promise<string[]>;
  untilStatus(status: string): Promise<Enrollment>;
  /** Waits for the nth event of a type (default: the first) and returns it. */
  untilEvent(type: string, nth?: number): Promise<TimelineItem>;
  /** How often the workflow has asked for each activity, by its name in the history. */
  activities(): Promise<Record<string, number>>;
  /** Waits until an activity has ended so often and the workflow has taken up what it brought. */
  untilEnded(activity: string, times?: number): Promise<void>;
  /** Waits until the workflow has read the program's clock so often; a move of the clock makes it read once. */
  untilClockRead(times: number): Promise<void>;
}

/** Its clock stands still at the program's start unless another is given. */
export async function ownProgram(
  t: TestService,
  change: Partial<ProgramDefinition> = {},
  clock?: ProgramClock,
): Promise<OwnProgram> {
  const definition = await publishProgram(t, change, clock);
  const programId = definition.id;

  const adjust = async (body: { advanceTo?: string; speed?: number }) => {
    const answer = await t.admin.post(`/v1/programs/${programId}/clock`, body);
    if (answer.status !== 200) throw new Error(`The clock was not adjusted: ${JSON.stringify(answer.body)}`);
  };
  const program: OwnProgram = {
    programId,
    definition,
    async enroll(changes) {
      const form = { ...t.form(changes), programId };
      const created = await t.caller.post('/v1/enrollments', form);
      if (created.status !== 201) throw new Error(`Not enrolled: ${JSON.stringify(created.body)}`);
      return enrolled(t, created.body, form);
    },
    async enrollComplete(changes) {
      const enrollment = await program.enroll(changes);
      await enrollment.confirm(t.admin);
      await enrollment.complete();
      await enrollment.untilStatus('measuring');
      return enrollment;
    },
    advanceTo: (instant) => adjust({ advanceTo: instant }),
    runAt: (speed) => adjust({ speed }),
    async revise(changes) {
      await publish(t.plan.databaseUrl, { ...definition, ...changes }, []);
    },
  };
  return program;
}

/** An enrollment that a form has made. */
export function enrolled(
  t: TestService,
  { id, workflowId }: Enrollment,
  form: Form & { programId: string },
): Enrolled {
  const path = `/v1/enrollments/${id}`;
  const workflow = t.temporal.workflow.getHandle(workflowId);
  const enrollment: Enrolled = {
    id,
    path,
    workflow,
    get form() {
      return form;
    },
    ask: (by, route, body, key) => by.post(`${path}/${route}`, body, key),
    confirm: (by = t.partner, advertiserId = form.advertiserId) =>
      by.post(`${path}/partner-confirmation`, { advertiserId }),
    reject: (word = {}) =>
      t.partner.post(`${path}/partner-rejection`, { advertiserId: form.advertiserId, ...word }),
    hold: (reasonCode = 'FRAUD_REVIEW') => t.admin.post(`${path}/hold`, { reasonCode, note: 'Two shops.' }),
    release: (by = t.admin) => by.post(`${path}/release`, { note: 'Looked at; nothing is wrong.' }),
    waive: (criterion) =>
      t.admin.post(`${path}/waiver`, {
        criterion,
        reasonCode: 'SUBSCRIPTION_NOT_CONFIRMED',
        note: 'The survey partner said so on the telephone.',
      }),
    async decide(outcome, by = t.approver) {
      const { approval } = await enrollment.now();
      const body = { outcome, statementId: approval?.statementId ?? 'none', note: 'Looked at.' };
      return by.post(`${path}/approval`, body);
    },
    withdraw: (by = t.caller) => by.post(`${path}/withdrawal`, {}),
    complete: (by = t.caller) => by.post(`${path}/questionnaire`, { answers: t.answers }),
    defer: (month, by = t.partner) => by.post(`${path}/deferral`, { month }),
    async resubmit(changes) {
      form = { ...form, ...changes };
      return t.caller.post(`${path}/resubmission`, { ...form, programId: undefined });
    },
    now: () => t.get(id),
    state: () => workflow.query(enrollmentQuery),
    timeline: () => t.timeline(id),
    happened: async () => (await t.timeline(id)).map(({ type }) => type),
    untilStatus: (status) => t.untilStatus(id, status),
    async untilEvent(type, nth = 1) {
      const events = await eventually(
        async () => (await t.timeline(id)).filter((event) => event.type === type),
        (found) => found.length >= nth,
      );
      return events[nth - 1]!;
    },
    activities: async () => count((await history(workflow)).flatMap(activityName)),
    async untilEnded(activity, times = 1) {
      await eventually(
        () => activitiesEnded(workflow, activity),
        (ended) => ended >= times,
      );
      // Answered only once the workflow has taken it up: a message in the same task would come before it.
      await workflow.query(enrollmentQuery);
    },
    untilClockRead: (times) => enrollment.untilEnded('readClock', times),
  };
  return enrollment;
}

type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

/** All events of the workflow so far. */
export async function history(workflow: WorkflowHandle): Promise<HistoryEvent[]> {
  return (await workflow.fetchHistory()).events ?? [];
}

/** The whole history as bytes of text: for what must not be in it. */
export async function storedHistory(workflow: WorkflowHandle): Promise<string> {
  const { History } = temporal.api.history.v1;
  return Buffer.from(History.encode({ events: await history(workflow) }).finish()).toString('latin1');
}

function activityName({ activityTaskScheduledEventAttributes: scheduled }: HistoryEvent): string[] {
  return scheduled ? [scheduled.activityType?.name ?? ''] : [];
}

/** How many activities of this name have completed. */
export async function activitiesEnded(workflow: WorkflowHandle, activity: string): Promise<number> {
  const events = await history(workflow);
  const asked = events
    .filter((event) => activityName(event)[0] === activity)
    .map(({ eventId }) => String(eventId));
  return events.filter(({ activityTaskCompletedEventAttributes: completed }) =>
    asked.includes(String(completed?.scheduledEventId)),
  ).length;
}

function count(names: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** The current details, as Temporal UI shows them. */
export async function shownDetails({ workflow }: Enrolled): Promise<string> {
  const metadata = await workflow.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}
