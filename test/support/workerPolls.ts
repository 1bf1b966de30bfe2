/**
 * Whether a worker is at work. That its health port answers is not enough: ports are found free and bound a moment later,
 * so the answer may be that of another process, and ours has ended for want of the port.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { eventually } from '../../dev/apiClient';
import type { Service, ServicePlan } from '../../dev/service';

const LOG_CHARACTERS_IN_ERRORS = 4_000;

/** Waits until Temporal has the polls of the service's worker; throws with the end of its log when they do not come. */
export async function untilWorkerPolls(client: Client, service: Service, plan: ServicePlan): Promise<void> {
  const ours = `${service.worker.pid}@`;
  const identities = async () => {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: plan.temporalNamespace,
      taskQueue: { name: plan.taskQueue },
      taskQueueType: temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    });
    return pollers.map(({ identity }) => identity ?? '');
  };
  try {
    await eventually(identities, (found) => found.some((identity) => identity.startsWith(ours)));
  } catch (error) {
    const log = await readFile(join(plan.logDirectory, 'worker.log'), 'utf8');
    throw new Error(
      `The worker does not poll. The end of its log:\n${log.slice(-LOG_CHARACTERS_IN_ERRORS)}`,
      { cause: error },
    );
  }
}
