/** The activities as the process calls them: each group with its retry policy and the reason for it. */
import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { LocalActivities, MainActivities, PayoutActivities } from '../activities/types';

/**
 * Short writes and reads of our own database inside the workflow task: no state transition of their own. They give up
 * quickly, because a workflow task must not wait for a database that is down; whoever calls them has another way.
 */
const local = proxyLocalActivities<LocalActivities>({
  startToCloseTimeout: '2 seconds',
  scheduleToCloseTimeout: '5 seconds',
  retry: { initialInterval: '200 milliseconds', maximumAttempts: 3 },
});

/**
 * The returned function runs one of them at a time, in the order in which they are asked for. Two at once would end one
 * after the other when they run and both together when the history is replayed, where what waits for them would then go
 * on in another order: a nondeterminism failure, for good.
 */
export function localActivities() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(run: (activities: typeof local) => Promise<T>): Promise<T> => {
    const next = last.then(() => run(local));
    last = next.catch(() => undefined);
    return next;
  };
}

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
 * retry mostly finds out what a killed worker has left behind.
 */
export function payoutActivities(taskQueue: string) {
  return proxyActivities<PayoutActivities>({
    taskQueue,
    startToCloseTimeout: '1 minute',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
  });
}
