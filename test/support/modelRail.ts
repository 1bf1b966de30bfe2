/** The payout rail of one enrollment in the random stories: away, and back. */
import { isGrpcServiceError } from '@temporalio/client';
import type { Enrolled } from './ownProgram';
import { clearFaults, payoutKey } from './payouts';
import type { TestService } from './testService';

/** For more payouts than a story can begin. */
const KEYS = Array.from({ length: 9 }, (_, index) => index + 1);
const GRPC_NOT_FOUND = 5;

export async function takeRailAway(t: TestService, enrolled: Enrolled): Promise<void> {
  for (const number of KEYS) {
    const only = payoutKey(enrolled, number);
    await t.fault({ target: 'payout_lookup', fault: 'server_error', times: 1_000_000, only });
  }
}

export async function giveRailBack(t: TestService, enrolled: Enrolled, isPaying: boolean): Promise<void> {
  for (const number of KEYS) await clearFaults(t, payoutKey(enrolled, number));
  if (isPaying) await tryAtOnce(t, enrolled);
}

/** So many attempts come within seconds by themselves. Resetting one that is being dispatched could hold it up instead. */
const QUICK_ATTEMPTS = 3;

/** It would be tried again by itself, but after a pause that has grown meanwhile. */
async function tryAtOnce(t: TestService, { workflow }: Enrolled): Promise<void> {
  const { workflowId } = workflow;
  const namespace = t.plan.temporalNamespace;
  const { raw } = await workflow.describe();
  const pending = raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'pay');
  if ((pending?.attempt ?? 0) <= QUICK_ATTEMPTS) return;
  try {
    await t.temporal.workflowService.resetActivity({ namespace, execution: { workflowId }, type: 'pay' });
  } catch (error) {
    // It was tried just now, and has succeeded.
    if (!isGrpcServiceError(error) || (error.code as number) !== GRPC_NOT_FOUND) throw error;
  }
}
