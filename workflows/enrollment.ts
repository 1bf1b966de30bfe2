/**
 * The process of one enrollment, as the program page tells it: messages.ts is the contract, inbox.ts and signals.ts take messages, journal.ts keeps state and read model,
 * waits.ts waits on the program's clock; lookUp.ts, calculation.ts and payout.ts are the steps.
 */
import { allHandlersFinished, CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { untilApproved } from './approval';
import { calculate, untilCalculationDate } from './calculation';
import { receiveMessages } from './inbox';
import { endUnpaid, resultOf, type EndedBy } from './ending';
import { Journal, OPERATOR, SERVICE } from './journal';
import { keepAdvertiserLookedUp } from './lookUp';
import type { EnrollmentInput, EnrollmentResult, Resumed } from './messages';
import { keepPartnerKeyChecked } from './partnerCheck';
import { payOut, untilPayoutDate } from './payout';
import { Waits } from './waits';

export async function enrollment(input: EnrollmentInput): Promise<EnrollmentResult> {
  const journal = new Journal(input);
  const { state } = journal;
  const waits = new Waits(journal);
  recordBeginning(journal, input.resumed);
  const open = new CancellationScope();
  let withdrawnBy: EndedBy | undefined;
  receiveMessages(journal, {
    clockAdjusted: waits.clockAdjusted,
    withdraw: (by) => {
      withdrawnBy ??= by;
      open.cancel();
    },
  });
  await journal.write();
  const checks = endsByCancel(Promise.all([keepAdvertiserLookedUp(journal), keepPartnerKeyChecked(journal)]));

  const withdrawn = await endsByCancel(open.run(() => untilPayable(journal, waits)));
  // From here on nothing stops it: what is paid is paid, and what has ended is written down.
  await CancellationScope.nonCancellable(async () => {
    // *Cancel* in Temporal UI is a withdrawal, too.
    const by = withdrawnBy ?? { actor: OPERATOR };
    if (withdrawn && !state.ending) await endUnpaid(journal, 'withdrawn', ['WITHDRAWN'], by);
    if (state.stage === 'scheduled' || state.stage === 'paying') await payOut(journal, input.payoutTaskQueue);

    await checks;
    await condition(allHandlersFinished);
    await journal.written();
  });
  return resultOf(journal);
}

/** The first entry: before any message is received, also one that came before. */
function recordBeginning(journal: Journal, resumed: Resumed | undefined): void {
  const { month } = journal.state.period;
  if (!resumed) journal.record({ key: 'step:opened', type: 'opened', actor: SERVICE, details: { month } });
  if (!resumed?.restartedBy) return;
  const { sequence, restartedBy: actor } = resumed;
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
