/** Reports activities that fail again and again: retries go on, and a person is told meanwhile. */
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { raiseForWorkflow, settleForWorkflow } from '../database/attention';
import type { Database } from '../database/pool';
import { ATTENTION_ATTEMPT } from '../program/attention';
import type { Logger } from '../settings/logger';

interface Deps {
  database: Database;
  logger: Logger;
}

/** Notes an activity when its fifth attempt begins, so that one that hangs is noted too, and takes it back when it succeeds. */
export function reportRetries({ database, logger }: Deps): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const workflowId = info.workflowExecution?.workflowId;
        if (info.isLocal || info.attempt < ATTENTION_ATTEMPT || workflowId === undefined) return next(input);
        const report = async (how: typeof raiseForWorkflow) =>
          how(database.pool, workflowId, 'ACTIVITY_RETRYING', info.activityType).catch((err: unknown) =>
            // Its next attempt reports it again.
            logger.warn({ err, workflowId }, 'an activity that fails could not be reported'),
          );
        await report(raiseForWorkflow);
        const result = await next(input);
        await report(settleForWorkflow);
        return result;
      },
    },
  });
}
