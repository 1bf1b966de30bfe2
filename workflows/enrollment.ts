/**
 * The process of one enrollment, as the program page tells it. Everything exported here can be started as a workflow, so
 * nothing else is: messages.ts is the contract, inbox.ts and signals.ts take messages, journal.ts keeps state and read model,
 * waits.ts waits on the program's clock; lookUp.ts, calculation.ts and payout.ts are the steps.
 */
import { allHandlersFinished, CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { openedState } from '../program/enrollmentState';
import { calculate, untilCalculationDate } from './calculation';
import { receiveMessages } from './inbox';
import { endUnpaid, resultOf } from './ending';
import { Journal, OPERATOR, SERVICE } from './journal';
import { keepAdvertiserLookedUp } from './lookUp';
import type { EnrollmentInput, EnrollmentResult } from './messages';
import { payOut, untilPayoutDate } from './payout';
import { Waits } from './waits';

export async function enrollment(input: EnrollmentInput): Promise<EnrollmentResult> {
  const journal = new Journal(openedState(input), input.clock);
  const { state } = journal;
  const waits = new Waits(journal);
  // The first entry, also when messages came before this line.
  const { month } = state.period;
  journal.record({ key: 'step:opened', type: 'opened', actor: SERVICE, details: { month } });
  receiveMessages(journal, waits.clockAdjusted);
  await journal.write();
  const lookUps = endsByCancel(keepAdvertiserLookedUp(journal));

  // *Cancel* in Temporal UI is the withdrawal of the enrollment.
  const withdrawn = await endsByCancel(untilPayable(journal, waits));
  // From here on nothing stops it: what is paid is paid, and what has ended is written down.
  await CancellationScope.nonCancellable(async () => {
    if (withdrawn && !state.ending) await endUnpaid(journal, 'withdrawn', ['WITHDRAWN'], OPERATOR);
    if (state.stage === 'scheduled') await payOut(journal, input.payoutTaskQueue);

    await lookUps;
    await condition(allHandlersFinished);
    await journal.written();
  });
  return resultOf(journal);
}

async function untilPayable(journal: Journal, waits: Waits): Promise<void> {
  const { state } = journal;
  while (state.stage === 'collecting') {
    // Confirmation, questionnaire, look-up, resubmissions and deferrals come in meanwhile, in any order.
    await untilCalculationDate(journal, waits);
    await calculate(journal);
  }
  // Approval above the threshold comes here.
  if (state.stage === 'scheduled') await untilPayoutDate(journal, waits);
}

/** True if the workflow was cancelled before the work was done. */
async function endsByCancel(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (isCancellation(error)) return true;
    throw error;
  }
}
