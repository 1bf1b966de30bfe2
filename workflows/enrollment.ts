/**
 * The process of one enrollment, as the program page tells it: messages.ts is the contract, inbox.ts and signals.ts take messages, journal.ts keeps state and read model,
 * waits.ts waits on the program's clock; lookUp.ts, calculation.ts, approval.ts and payout.ts are the steps, and payoutStop.ts
 * stops the last.
 */
import { allHandlersFinished, CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { untilApproved } from './approval';
import { calculate, untilCalculationDate } from './calculation';
import { receiveMessages } from './inbox';
import { endUnpaid, resultOf, type EndedBy } from './ending';
import { Journal, SERVICE } from './journal';
import { keepAdvertiserLookedUp } from './lookUp';
import type { EnrollmentInput, EnrollmentResult, Resumed } from './messages';
import { keepPartnerKeyChecked } from './partnerCheck';
import { payOut, untilPayoutDate } from './payout';
import { PayoutStop } from './payoutStop';
import { Waits } from './waits';

export function enrollment(input: EnrollmentInput): Promise<EnrollmentResult> {
  // *Cancel* in Temporal UI breaks nothing off: it is a withdrawal, and taken like one.
  const { cancelRequested } = CancellationScope.current();
  return CancellationScope.nonCancellable(() => untilEnded(input, cancelRequested));
}

async function untilEnded(
  input: EnrollmentInput,
  cancelRequested: Promise<never>,
): Promise<EnrollmentResult> {
  requireVersion(input);
  const journal = new Journal(input);
  const { state } = journal;
  const waits = new Waits(journal);
  const stop = new PayoutStop(journal);
  recordBeginning(journal, input.resumed);
  let open = new CancellationScope();
  let withdrawnBy: EndedBy | undefined;
  const withdraw = (by: EndedBy) => {
    withdrawnBy ??= by;
    open.cancel();
  };
  receiveMessages(journal, { clockAdjusted: waits.clockAdjusted, withdraw, stop, cancelRequested });
  await journal.write();
  const checks = Promise.all([keepAdvertiserLookedUp(journal), keepPartnerKeyChecked(journal)]);

  while (!state.ending) {
    await unlessCancelled(open.run(() => untilPayable(journal, waits)));
    if (withdrawnBy && !state.ending) {
      await endUnpaid(journal, 'withdrawn', ['WITHDRAWN'], withdrawnBy);
      withdrawnBy = undefined;
      open = new CancellationScope();
    }
    // A hold may have come since the payout date was reached.
    if ((state.stage === 'scheduled' && !state.onHold) || state.stage === 'paying')
      await payOut(journal, stop, input.payoutTaskQueue);
  }

  await checks;
  await condition(allHandlersFinished);
  await journal.written();
  return resultOf(journal);
}

/** Fails the task, not the workflow: it goes on with a build that knows the contract. */
function requireVersion({ version }: { version: number }): void {
  if (version !== 1) throw new TypeError(`This build knows version 1 of the input, and not ${version}.`);
}

/** The first entry: before any message is received, also one that came before. */
function recordBeginning(journal: Journal, resumed: Resumed | undefined): void {
  const { month } = journal.state.period;
  if (!resumed) journal.record({ key: 'step:opened', type: 'opened', actor: SERVICE, details: { month } });
  if (!resumed?.restartedBy) return;
  const { sequence, restartedBy: actor } = resumed;
  journal.addMaker(actor);
  journal.record({ key: `restarted:${sequence}`, type: 'restarted', actor, details: { month } });
}

async function untilPayable(journal: Journal, waits: Waits): Promise<void> {
  const { state } = journal;
  for (;;) {
    switch (state.stage) {
      case 'collecting':
        // Confirmation, questionnaire, look-up, resubmissions and deferrals come in meanwhile, in any order.
        await untilCalculationDate(journal, waits);
        break;
      case 'calculating':
        await calculate(journal);
        break;
      case 'approving':
        await untilApproved(journal, waits);
        break;
      case 'scheduled':
        await untilPayoutDate(journal, waits);
        return;
      default:
        return;
    }
  }
}

/** Returns as well when the work was cancelled before it was done. */
async function unlessCancelled(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isCancellation(error)) throw error;
  }
}
