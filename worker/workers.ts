/** The two workers: one runs workflows and their activities, one pays. */
import { Worker, type NativeConnection } from '@temporalio/worker';
import { createActivities, type ActivityDeps } from '../activities/createActivities';
import type { WorkerSettings } from '../settings/settings';
import { payoutTaskQueue } from '../temporal/taskQueues';
import { WORKFLOW_BUNDLE } from './bundle';

export interface Workers {
  /** Resolves when both have ended; rejects if one breaks. */
  run(): Promise<void>;
  /** Stops polling; running activities get their grace time. */
  shutdown(): void;
  /** Whether both are polling. */
  areRunning(): boolean;
}

export async function createWorkers(
  connection: NativeConnection,
  settings: WorkerSettings,
  deps: ActivityDeps,
): Promise<Workers> {
  const { namespace, taskQueue } = settings.temporal;
  const activities = createActivities(deps);
  const common = {
    connection,
    namespace,
    shutdownGraceTime: settings.graceMs,
    shutdownForceTime: Math.round(settings.graceMs * 1.25),
  };
  const workers = [
    await Worker.create({
      ...common,
      taskQueue,
      workflowBundle: { codePath: WORKFLOW_BUNDLE },
      activities: activities.main,
      maxCachedWorkflows: settings.maxCachedWorkflows,
      // After a worker was killed, its workflows answer again this soon.
      stickyQueueScheduleToStartTimeout: '3 seconds',
    }),
    await Worker.create({
      ...common,
      taskQueue: payoutTaskQueue(taskQueue),
      activities: activities.payout,
      // Slow and steady: the rail is asked no faster than this, whatever falls due on one day.
      maxTaskQueueActivitiesPerSecond: 5,
    }),
  ];
  return {
    async run() {
      await Promise.all(workers.map((worker) => worker.run()));
    },
    shutdown() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    },
    areRunning: () => workers.every((worker) => worker.getState() === 'RUNNING'),
  };
}
