/** What Temporal has counted of one enrollment: the same figures on every machine, unlike times. */
import { hostname } from 'node:os';
import type { WorkflowHandle } from '@temporalio/client';
import { eventually } from '../../dev/apiClient';
import { history } from '../../test/support/ownProgram';

export interface Counts {
  /** State transitions: each costs the server two commits, which is what its load consists of. */
  transitions: number;
  events: number;
  /** Of history, without the signatures of who writes it. */
  bytes: number;
  /** The signatures, which Temporal counts as well. */
  signatureBytes: number;
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
  const signatureBytes = bytesOfSignatures(events);
  const howMany = (isOne: (event: HistoryEvent) => unknown) => events.filter(isOne).length;
  return {
    transitions: Number(stateTransitionCount),
    events: events.length,
    bytes: Number(historySizeBytes) - signatureBytes,
    signatureBytes,
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

/** Who writes an event signs it as `<process id>@<machine>`; how long these are is not the doing of the process. */
function bytesOfSignatures(events: HistoryEvent[]): number {
  const signature = new RegExp(`\\d+@${hostname().replaceAll('.', '\\.')}`, 'g');
  const signatures = JSON.stringify(events).match(signature) ?? [];
  return signatures.reduce((sum, { length }) => sum + length, 0);
}

/** Local activities leave one marker each, which names the activity. */
function isProjection({ markerRecordedEventAttributes: marker }: HistoryEvent): boolean {
  const [payload] = marker?.details?.['data']?.payloads ?? [];
  return payload?.data ? Buffer.from(payload.data).toString('utf8').includes('"project"') : false;
}
