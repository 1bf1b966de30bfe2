/** Temporal: the server, what setup has prepared in its namespace, and whether workers poll. */
import { Connection } from '@temporalio/client';
import type { TemporalSettings } from '../../settings/settings';
import { connectionOptions } from '../../temporal/connection';
import { SEARCH_ATTRIBUTES } from '../../temporal/setup';
import { payoutTaskQueue } from '../../temporal/taskQueues';
import { examine, ill, well, type Finding } from './finding';

const ANSWER_MS = 5_000;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;
/** `TaskQueueType` of Temporal's API. */
const WORKFLOW_TASKS = 1;
const ACTIVITY_TASKS = 2;
const RUN_SETUP = 'Run node dist/deploy/setup.js with the settings of this service.';

export interface TemporalPlan {
  temporal: TemporalSettings;
  retentionDays: number;
  scheduleId: string;
}

export async function examineTemporal(plan: TemporalPlan): Promise<Finding[]> {
  const { temporal } = plan;
  const check = (name: string, work: () => Promise<Finding>) => examine(name, work, remedyOf);
  let connection: Connection | undefined;
  try {
    const connected = await check('Temporal', async () => {
      connection = await Connection.connect({ ...connectionOptions(temporal), connectTimeout: ANSWER_MS });
      const { serverVersion } = await connection.workflowService.getSystemInfo({});
      return well('Temporal', `server ${serverVersion} at ${temporal.address}`);
    });
    if (!connection) return [connected];
    const at = connection;
    const timed = (name: string, work: () => Promise<Finding>) =>
      check(name, () => at.withDeadline(Date.now() + ANSWER_MS, work));
    const namespace = await timed('namespace', () => examineNamespace(at, plan));
    if (!namespace.ok && namespace.seen.includes('does not exist')) return [connected, namespace];
    return [
      connected,
      namespace,
      await timed('search attributes', () => searchAttributes(at, temporal)),
      await timed('comparison', () => comparison(at, plan)),
      await timed('workers', () =>
        workers(at, temporal, temporal.taskQueue, [WORKFLOW_TASKS, ACTIVITY_TASKS]),
      ),
      await timed('payout workers', () =>
        workers(at, temporal, payoutTaskQueue(temporal.taskQueue), [ACTIVITY_TASKS]),
      ),
    ];
  } finally {
    await connection?.close();
  }
}

function remedyOf({ code }: { code?: unknown }): string {
  switch (code) {
    case PERMISSION_DENIED:
    case UNAUTHENTICATED:
      return 'Correct TEMPORAL_API_KEY, or what it may do.';
    default:
      return 'Start Temporal, or correct TEMPORAL_ADDRESS and TEMPORAL_TLS.';
  }
}

async function examineNamespace(
  { workflowService }: Connection,
  { temporal: { namespace }, retentionDays }: TemporalPlan,
): Promise<Finding> {
  try {
    const { config } = await workflowService.describeNamespace({ namespace });
    const days = Number(config?.workflowExecutionRetentionTtl?.seconds) / 86_400;
    const seen = `${namespace} keeps histories of ended enrollments for ${days} days`;
    return days >= retentionDays
      ? well('namespace', seen)
      : ill('namespace', `${seen}, RETENTION_DAYS is ${retentionDays}`, RUN_SETUP);
  } catch (error) {
    if ((error as { code?: unknown }).code !== NOT_FOUND) throw error;
    return ill('namespace', `${namespace} does not exist`, `${RUN_SETUP} Or correct TEMPORAL_NAMESPACE.`);
  }
}

async function searchAttributes(
  { operatorService }: Connection,
  { namespace }: TemporalSettings,
): Promise<Finding> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing = SEARCH_ATTRIBUTES.filter((name) => !(name in customAttributes));
  return missing.length === 0
    ? well('search attributes', SEARCH_ATTRIBUTES.join(', '))
    : ill('search attributes', `missing: ${missing.join(', ')}; enrollments cannot be started`, RUN_SETUP);
}

async function comparison(
  { workflowService }: Connection,
  { temporal: { namespace }, scheduleId }: TemporalPlan,
): Promise<Finding> {
  try {
    const { schedule, info } = await workflowService.describeSchedule({ namespace, scheduleId });
    if (schedule?.state?.paused) {
      const note = schedule.state.notes ? ` (${schedule.state.notes})` : '';
      return ill(
        'comparison',
        `the schedule ${scheduleId} is paused${note}`,
        'Unpause it in Temporal UI, under Schedules.',
      );
    }
    return well('comparison', `the schedule ${scheduleId} has run ${Number(info?.actionCount ?? 0)} times`);
  } catch (error) {
    if ((error as { code?: unknown }).code !== NOT_FOUND) throw error;
    return ill('comparison', `there is no schedule ${scheduleId}`, RUN_SETUP);
  }
}

async function workers(
  { workflowService }: Connection,
  { namespace }: TemporalSettings,
  taskQueue: string,
  types: number[],
): Promise<Finding> {
  const check = taskQueue.endsWith('-payouts') ? 'payout workers' : 'workers';
  const polling = await Promise.all(
    types.map(async (taskQueueType) => {
      const { pollers } = await workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: taskQueue },
        taskQueueType,
      });
      return new Set(pollers.map(({ identity }) => identity)).size;
    }),
  );
  const fewest = Math.min(...polling);
  return fewest > 0
    ? well(check, `${fewest} polling ${taskQueue}`)
    : ill(
        check,
        `nobody polls ${taskQueue}`,
        'Start a worker with this TASK_QUEUE (node dist/worker/main.js), and look at its log.',
      );
}
