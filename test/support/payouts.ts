/** One enrollment's payout, seen from all sides: the row, the rail, the process. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { PayoutActivities } from '../../activities/types';
import { eventually } from '../../dev/apiClient';
import type { Enrolled, OwnProgram } from './ownProgram';
import type { Payment, TestService } from './testService';

/** All facts in; the calculation date has passed and the payout date has not. */
const AFTER_CALCULATION = '2023-12-04T00:00:00Z';
const AFTER_PAYOUT_DATE = '2023-12-16T00:00:00Z';

/** What the ad account of the tests gets for November: region US, 10,000 and more, and the bonus. */
export const CREDIT_MINOR = 450_000;

export interface PayoutSeen {
  payoutKey: string;
  state: string;
  attempt: number;
  amountMinor: number;
  railPaymentId: string | null;
}

/** Enrolls a brand and takes it to where only the payout date is awaited. */
export async function scheduledPayout(program: OwnProgram): Promise<Enrolled> {
  const enrolled = await program.enroll();
  await enrolled.untilEvent('advertiser_located');
  await enrolled.confirm();
  await enrolled.complete();
  await calculationDateComes(program);
  await enrolled.untilStatus('scheduled');
  return enrolled;
}

export function calculationDateComes(program: OwnProgram): Promise<void> {
  return program.advanceTo(AFTER_CALCULATION);
}

export function payoutDateComes(program: OwnProgram): Promise<void> {
  return program.advanceTo(AFTER_PAYOUT_DATE);
}

/** The payout date comes, the payout is frozen, and what the rail knows of it cannot be read. */
export async function railIsAway(t: TestService, program: OwnProgram, enrolled: Enrolled): Promise<void> {
  const only = payoutKey(enrolled);
  await t.fault({ target: 'payout_lookup', fault: 'server_error', times: 1_000, only });
  await payoutDateComes(program);
  await untilPayoutState(t, enrolled, 'frozen');
}

/** Of its first payout, or of the next after so many that came to nothing. */
export function payoutKey({ id }: Enrolled, number = 1): string {
  return `${id}:credit:${number}`;
}

/** In the order in which they were frozen. */
export async function payoutRows(t: TestService, { id }: Enrolled): Promise<PayoutSeen[]> {
  const { rows } = await t.db.query<PayoutSeen>(
    `select payout_key as "payoutKey", state, attempt, (request->>'amountMinor')::int as "amountMinor",
            rail_payment_id as "railPaymentId"
       from payout where enrollment_id = $1 order by payout_key`,
    [id],
  );
  return rows;
}

export async function untilPayoutState(t: TestService, enrolled: Enrolled, state: string): Promise<void> {
  await eventually(
    () => payoutRows(t, enrolled),
    (rows) => rows.some((row) => row.state === state),
  );
}

/** What the rail has executed for this enrollment. */
export async function paymentsOf(t: TestService, { id }: Enrolled): Promise<Payment[]> {
  const payments = (await t.payments()) as (Payment & { state: string })[];
  return payments.filter(({ reference, state }) => reference.startsWith(`${id}:`) && state === 'paid');
}

/** Waits until the rail has been asked so often, by any enrollment of the service. */
export async function untilAsked(t: TestService, what: 'payout' | 'payout_lookup', times = 1): Promise<void> {
  await eventually(
    () => asked(t, what),
    (count) => count >= times,
  );
}

export async function asked(t: TestService, what: 'payout' | 'payout_lookup'): Promise<number> {
  const response = await fetch(`${t.sandbox.url}/sandbox/requests`);
  return ((await response.json()) as Record<typeof what, number>)[what];
}

/** Those of one payout key, or all. */
export async function clearFaults(t: TestService, only?: string): Promise<void> {
  const query = only === undefined ? '' : `?${new URLSearchParams({ only }).toString()}`;
  await fetch(`${t.sandbox.url}/sandbox/faults${query}`, { method: 'DELETE' });
}

/**
 * Temporal learns by the activity's time-out, after a minute, that a worker has died with an attempt. This tells it at
 * once: the attempt counts as lost and is made again by the retry policy.
 */
export async function giveUpAttempt(t: TestService, { workflow }: Enrolled): Promise<void> {
  const { raw } = await workflow.describe();
  const activities = raw.pendingActivities ?? [];
  if (activities.length !== 1) throw new Error(`${activities.length} activities are pending, not one.`);
  const { workflowId } = workflow;
  await t.temporal.activity.fail(
    { workflowId, activityId: activities[0]!.activityId! },
    new Error('The worker has died.'),
  );
}

/** What must fail fails with warnings. */
const quiet = new DefaultLogger('ERROR');

/** Payout activities as this workflow calls them: each call an activity of its own. */
export function calledBy(
  { workflowId }: { workflowId: string },
  activities: PayoutActivities,
): PayoutActivities {
  const caller = () =>
    new MockActivityEnvironment({ workflowExecution: { workflowId, runId: 'a test' } }, { logger: quiet });
  return {
    pay: (asked) => caller().run(() => activities.pay(asked)),
    settle: (attempt) => caller().run(() => activities.settle(attempt)),
  };
}
