/** The two workers: one runs workflows and their activities, one pays. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Worker, type NativeConnection } from '@temporalio/worker';
import { createActivities, type ActivityDeps } from '../activities/createActivities';
import type { Logger } from '../settings/logger';
import type { WorkerSettings } from '../settings/settings';
import { payoutTaskQueue } from '../temporal/taskQueues';
import { PATCHES } from '../workflows/patches';
import { WORKFLOW_BUNDLE } from './bundle';
import { patchActivation } from './patches';
import { reportRetries } from './retries';

export interface Workers {
  /** Resolves when both have ended; rejects if one breaks. */
  run(): Promise<void>;
  /** Stops polling; running activities get their grace time. */
  shutdown(): void;
  /** Throws if that worker does not poll: it has not begun, drains, or has failed. */
  assertPolling(name: 'enrollments' | 'payouts'): void;
}

/** Tells operators which build of the workflows ran a task. */
async function shortBuildId(): Promise<string> {
  return createHash('sha256')
    .update(await readFile(WORKFLOW_BUNDLE))
    .digest('hex')
    .slice(0, 8);
}

export async function createWorkers(
  connection: NativeConnection,
  settings: WorkerSettings,
  deps: ActivityDeps,
  logger: Logger,
): Promise<Workers> {
  const { namespace, taskQueue } = settings.temporal;
  const activities = createActivities(deps);
  const common = {
    connection,
    namespace,
    interceptors: { activity: [reportRetries({ database: deps.database, logger })] },
    shutdownGraceTime: settings.graceMs,
    shutdownForceTime: Math.round(settings.graceMs * 1.25),
  };
  const byName = {
    enrollments: await Worker.create({
      ...common,
      taskQueue,
      workflowBundle: { codePath: WORKFLOW_BUNDLE },
      // Every workflow task records it twice: the default of 90 characters makes a tenth of a history.
      buildId: await shortBuildId(),
      activities: activities.main,
      patchActivationCallback: patchActivation(settings.activePatches, PATCHES),
      maxCachedWorkflows: settings.maxCachedWorkflows,
      // After a worker was killed, its workflows answer again this soon.
      stickyQueueScheduleToStartTimeout: '3 seconds',
    }),
    payouts: await Worker.create({
      ...common,
      taskQueue: payoutTaskQueue(taskQueue),
      activities: activities.payout,
      // Slow and steady: the rail is asked no faster than this, whatever falls due on one day.
      maxTaskQueueActivitiesPerSecond: settings.payoutTasksPerSecond,
    }),
  };
  const workers = Object.values(byName);
  return {
    async run() {
      await Promise.all(workers.map((worker) => worker.run()));
    },
    shutdown() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    },
    assertPolling(name) {
      const { runState, workflowPollerState, activityPollerState } = byName[name].getStatus();
      // One that has nothing to poll for is shut down from the beginning: payouts are activities only.
      const hasFailed = [workflowPollerState, activityPollerState].includes('FAILED');
      if (runState !== 'RUNNING' || hasFailed) throw new Error(`The worker for ${name} does not poll.`);
    },
  };
}
