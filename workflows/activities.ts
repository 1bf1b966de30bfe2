/** The activities as the process calls them: each group with its retry policy and the reason for it. */
import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { LocalActivities, MainActivities, PayoutActivities } from '../activities/types';

/**
 * Short writes and reads of our own database inside the workflow task: no state transition of their own. They give up
 * quickly, because a workflow task must not wait for a database that is down; whoever calls them has another way.
 */
export const local = proxyLocalActivities<LocalActivities>({
  startToCloseTimeout: '2 seconds',
  scheduleToCloseTimeout: '4 seconds',
  // What a second attempt takes would be no part of the workflow's clock, by which journal.ts bounds them.
  retry: { maximumAttempts: 1 },
});

/** Our own database, for as long as it takes: an enrollment is never lost because PostgreSQL was away. */
export const patient = proxyActivities<
  Pick<MainActivities, 'project' | 'planPeriod' | 'planPayout' | 'readClock' | 'cancelPayout'>
>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 1.5, maximumInterval: '30 seconds' },
});

/**
 * Third parties are away for hours at times, and an answer is worth having weeks later: retried for ever, with long
 * pauses so as not to press them. What cannot succeed by repetition comes as a non-retryable failure.
 */
export const thirdParty = proxyActivities<
  Pick<MainActivities, 'lookUpAdvertiser' | 'checkPartnerKey' | 'measure'>
>({
  startToCloseTimeout: '2 minutes',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 minutes' },
});

/**
 * Money. Retries are safe because the payout row decides whether the rail may be called; the pauses are short because a
 * retry mostly finds out what a killed worker has left behind. Who stops a payout does not wait for its present attempt.
 */
export function payoutActivities(taskQueue: string) {
  return proxyActivities<PayoutActivities>({
    taskQueue,
    startToCloseTimeout: '1 minute',
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
  });
}
