/**
 * The process of one enrollment, as the program page tells it. Everything exported here can be started as a workflow, so
 * nothing else is: messages.ts is the contract, inbox.ts and signals.ts take messages, journal.ts keeps state and read model,
 * waits.ts waits on the program's clock; lookUp.ts, calculation.ts and payout.ts are the steps.
 */
import { allHandlersFinished, CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { openedState } from '../program/enrollmentState';
import { untilApproved } from './approval';
import { calculate, untilCalculationDate } from './calculation';
import { receiveMessages } from './inbox';
import { endUnpaid, resultOf } from './ending';
import { Journal, OPERATOR, SERVICE } from './journal';
import { keepAdvertiserLookedUp } from './lookUp';
import type { EnrollmentInput, EnrollmentResult } from './messages';
import { keepPartnerKeyChecked } from './partnerCheck';
import { payOut, untilPayoutDate } from './payout';
import { Waits } from './waits';

export async function enrollment(input: EnrollmentInput): Promise<EnrollmentResult> {
  const journal = new Journal(openedState(input), input.clock);
  const { state } = journal;
  const waits = new Waits(journal);
  // The first entry, also when messages came before this line.
  const { month } = state.period;
  journal.record({ key: 'step:opened', type: 'opened', actor: SERVICE, details: { month } });
  const open = new CancellationScope();
  let withdrawnBy = OPERATOR; // *Cancel* in Temporal UI is a withdrawal, too.
  receiveMessages(journal, {
    clockAdjusted: waits.clockAdjusted,
    withdraw(by) {
      withdrawnBy = by;
      open.cancel();
    },
  });
  await journal.write();
  const checks = endsByCancel(Promise.all([keepAdvertiserLookedUp(journal), keepPartnerKeyChecked(journal)]));

  const withdrawn = await endsByCancel(open.run(() => untilPayable(journal, waits)));
  // From here on nothing stops it: what is paid is paid, and what has ended is written down.
  await CancellationScope.nonCancellable(async () => {
    if (withdrawn && !state.ending) await endUnpaid(journal, 'withdrawn', ['WITHDRAWN'], withdrawnBy);
    if (state.stage === 'scheduled') await payOut(journal, input.payoutTaskQueue);

    await checks;
    await condition(allHandlersFinished);
    await journal.written();
  });
  return resultOf(journal);
}

async function untilPayable(journal: Journal, waits: Waits): Promise<void> {
  const { state } = journal;
  for (;;) {
    switch (state.stage) {
      case 'collecting':
        // Confirmation, questionnaire, look-up, resubmissions and deferrals come in meanwhile, in any order.
        await untilCalculationDate(journal, waits);
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

/** True if the workflow was cancelled before the work was done. */
async function endsByCancel(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (isCancellation(error)) return true;
    throw error;
  }
}
