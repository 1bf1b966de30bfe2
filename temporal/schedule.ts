/** The Temporal Schedule that starts the comparison; made or changed when a system is set up, as often as you like. */
import {
  Client,
  Connection,
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  type ScheduleOptions,
} from '@temporalio/client';
import type { ComparisonSchedule, TemporalSettings } from '../settings/settings';
import { COMPARISON_WORKFLOW } from '../workflows/messages';
import { connectionOptions } from './connection';

/** One that takes longer hangs; the next one does its work. */
const LONGEST_RUN = '35 minutes';

export async function scheduleComparison(
  settings: TemporalSettings,
  { scheduleId, everyMinutes }: ComparisonSchedule,
): Promise<void> {
  const connection = await Connection.connect(connectionOptions(settings));
  try {
    const { schedule } = new Client({ connection, namespace: settings.namespace });
    const wanted = {
      spec: { intervals: [{ every: `${everyMinutes} minutes` }] },
      // Missed ones are not made up for: each looks at everything that there is.
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
      action: {
        type: 'startWorkflow' as const,
        workflowType: COMPARISON_WORKFLOW,
        workflowId: scheduleId,
        taskQueue: settings.taskQueue,
        workflowExecutionTimeout: LONGEST_RUN,
      },
    } satisfies Omit<ScheduleOptions, 'scheduleId'>;
    try {
      await schedule.create({ scheduleId, ...wanted });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      // Whether it is paused is the operators' to say.
      await schedule.getHandle(scheduleId).update(({ state }) => ({ ...wanted, state }));
    }
  } finally {
    await connection.close();
  }
}
