/**
 * What Temporal knows of the enrollments' workflows, for the comparison with PostgreSQL and for a restart. Lists are a
 * moment late, so they only say where to look; what counts is asked of the workflow itself. Of one that has closed a
 * worker replays the history for it, Signals included that came too late for the workflow to see them.
 */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { WorkflowExecutionDescription, WorkflowExecutionStatusName } from '@temporalio/client';
import { ENROLLMENT_WORKFLOW, projectionQuery } from '../workflows/messages';
import { unavailableOr } from './unavailable';

/** A workflow that no worker answers for must not hold up the others. */
const QUERY_TIMEOUT_MS = 5_000;
const CALL_TIMEOUT_MS = 10_000;
/** More of them at once have one cause, and a person is at work on it. */
const MOST_LISTED = 1_000;
/** A query may be long, but not endless. */
const IDS_IN_A_QUERY = 100;
/** A search attribute that the server sets after the fifth failure in a row, and removes. */
const FAILING_TASKS = 'TemporalReportedProblems';
/** Of whatever is open, paused ones included; servers that know no pause know this as well. */
const OPEN = 'CloseTime is null';
const STOPPED: readonly WorkflowExecutionStatusName[] = ['TERMINATED', 'FAILED', 'TIMED_OUT'];

export type WorkflowWatch = ReturnType<typeof createWorkflowWatch>;

/** `taskQueue` is that of the enrollments; one namespace may have several. */
export function createWorkflowWatch(client: Client, { taskQueue }: { taskQueue: string }) {
  const timed = <T>(call: () => Promise<T>, timeoutMs = CALL_TIMEOUT_MS) =>
    client.withDeadline(Date.now() + timeoutMs, call);
  const ours = `WorkflowType = '${ENROLLMENT_WORKFLOW}' and TaskQueue = '${taskQueue}'`;

  async function* list(filter: string): AsyncIterable<string> {
    const query = `${ours} and ${filter}`;
    for await (const { workflowId } of client.workflow.list({ query })) yield workflowId;
  }

  async function most(filter: string): Promise<string[]> {
    const found: string[] = [];
    for await (const workflowId of list(filter)) {
      if (found.push(workflowId) >= MOST_LISTED) break;
    }
    return found;
  }

  /** Undefined if Temporal does not know it. */
  async function describe(workflowId: string, runId?: string) {
    try {
      return await timed(() => client.workflow.getHandle(workflowId, runId).describe());
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw unavailableOr(error);
    }
  }

  const ask = (workflowId: string, runId?: string) =>
    timed(() => client.workflow.getHandle(workflowId, runId).query(projectionQuery), QUERY_TIMEOUT_MS).catch(
      () => undefined,
    );

  /**
   * With the entries after `known`, also those of the runs before, if Temporal still has them. Undefined while no worker
   * answers for it; of an open one whose tasks fail, the question would only fail over and over.
   */
  async function projectionOf(run: WorkflowExecutionDescription, known: number) {
    if (isOpen(run) && FAILING_TASKS in run.searchAttributes) return undefined;
    const projection = await ask(run.workflowId, run.runId);
    if (!projection) return undefined;
    let { continuedFrom, events } = projection;
    for (;;) {
      const first = events[0]?.sequence ?? projection.sequence + 1;
      const earlier =
        first > known + 1 && continuedFrom ? await ask(run.workflowId, continuedFrom) : undefined;
      if (!earlier) return { ...projection, events };
      events = [...earlier.events.filter(({ sequence }) => sequence < first), ...events];
      continuedFrom = earlier.continuedFrom;
    }
  }

  return {
    /** Throws TemporalUnavailable. */
    async look(workflowId: string) {
      const run = await describe(workflowId);
      if (!run) return { kind: 'missing' } as const;
      const pending = run.raw.pendingActivities ?? [];
      return {
        kind: 'seen' as const,
        runStartedAt: run.startTime.getTime(),
        standing: standingOf(run),
        /** `known` is the last entry that the asker holds. */
        projection: (known = Infinity) => projectionOf(run, known),
        retrying: (attempts: number) =>
          pending.flatMap(({ attempt, activityType }) =>
            (attempt ?? 0) >= attempts ? [activityType?.name ?? ''] : [],
          ),
      };
    },

    /** The number of the last entry of an enrollment's journal; undefined while no worker answers. */
    sequence: async (workflowId: string) => (await ask(workflowId))?.sequence,

    async runStart(workflowId: string, runId: string) {
      return (await describe(workflowId, runId))?.startTime.getTime();
    },

    withFailingTasks: () => most(`${OPEN} and ${FAILING_TASKS} is not null`),

    stoppedLately: () => most(`ExecutionStatus in ('Terminated', 'Failed', 'TimedOut')`),

    open: () => list(OPEN),

    async openAmong(workflowIds: readonly string[]) {
      const found: string[] = [];
      for (let from = 0; from < workflowIds.length; from += IDS_IN_A_QUERY) {
        const ids = workflowIds.slice(from, from + IDS_IN_A_QUERY).map((id) => `'${id}'`);
        found.push(...(await most(`${OPEN} and WorkflowId in (${ids.join(', ')})`)));
      }
      return found;
    },
  };
}

function isOpen({ status }: WorkflowExecutionDescription): boolean {
  return status.name === 'RUNNING';
}

/** `stopped`: terminated, failed or timed out. */
function standingOf(run: WorkflowExecutionDescription): 'open' | 'paused' | 'ended' | 'stopped' {
  if (isOpen(run)) return 'open';
  if (run.status.name === 'PAUSED') return 'paused';
  return STOPPED.includes(run.status.name) ? 'stopped' : 'ended';
}
