/** What Temporal has counted of one enrollment: the same figures on every machine, unlike times. */
import { hostname } from 'node:os';
import type { WorkflowHandle } from '@temporalio/client';
import { eventually } from '../../dev/apiClient';
import { history } from '../../test/support/ownProgram';

export interface Counts {
  /** State transitions: each costs the server two commits, which is what its load consists of. */
  transitions: number;
  events: number;
  /** Of history, without the names of machines. */
  bytes: number;
  workflowTasks: number;
  activities: number;
  /** Writes of the read model by local activity. */
  projections: number;
}

type HistoryEvent = Awaited<ReturnType<typeof history>>[number];

/** Counts once the workflow is at rest, so that nothing of the last step is missing. */
export async function countsOf(workflow: WorkflowHandle): Promise<Counts> {
  const { raw } = await eventually(
    () => workflow.describe(),
    ({ raw: { pendingWorkflowTask, pendingActivities } }) =>
      !pendingWorkflowTask && !pendingActivities?.length,
  );
  const { stateTransitionCount, historySizeBytes } = raw.workflowExecutionInfo!;
  const events = await history(workflow);
  const howMany = (isOne: (event: HistoryEvent) => unknown) => events.filter(isOne).length;
  return {
    transitions: Number(stateTransitionCount),
    events: events.length,
    bytes: Number(historySizeBytes) - bytesOfMachineNames(events),
    workflowTasks: howMany((event) => event.workflowTaskCompletedEventAttributes),
    activities: howMany((event) => event.activityTaskScheduledEventAttributes),
    projections: howMany(isProjection),
  };
}

/** What has come on top of `before`. */
export function difference(after: Counts, before: Counts): Counts {
  const names = Object.keys(after) as (keyof Counts)[];
  return Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as unknown as Counts;
}

/** A worker puts its machine's name into its events; a long one is not the doing of the process. */
function bytesOfMachineNames(events: HistoryEvent[]): number {
  const times = JSON.stringify(events).split(hostname()).length - 1;
  return times * Buffer.byteLength(hostname());
}

/** Local activities leave one marker each, which names the activity. */
function isProjection({ markerRecordedEventAttributes: marker }: HistoryEvent): boolean {
  const [payload] = marker?.details?.['data']?.payloads ?? [];
  return payload?.data ? Buffer.from(payload.data).toString('utf8').includes('"project"') : false;
}
