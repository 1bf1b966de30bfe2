/**
 * The process of one enrollment, as the program page tells it. Everything exported here can be started as a workflow, so
 * nothing else is: messages.ts is the contract, inbox.ts and signals.ts take messages, journal.ts keeps state and read model,
 * waits.ts waits on the program's clock; lookUp.ts, calculation.ts and payout.ts are the steps.
 */
import { allHandlersFinished, condition } from '@temporalio/workflow';
import { openedState } from '../program/enrollmentState';
import { calculate, untilCalculationDate } from './calculation';
import { receiveMessages } from './inbox';
import { Journal, SERVICE } from './journal';
import { keepAdvertiserLookedUp } from './lookUp';
import type { EnrollmentInput, EnrollmentResult } from './messages';
import { payOut, untilPayoutDate } from './payout';
import { Waits } from './waits';

export async function enrollment(input: EnrollmentInput): Promise<EnrollmentResult> {
  const journal = new Journal(openedState(input), input.clock);
  const { state } = journal;
  const waits = new Waits(journal);
  // The first entry, also when messages came before this line.
  journal.record({ key: 'opened', type: 'opened', actor: SERVICE, details: { month: state.period.month } });
  receiveMessages(journal, waits.clockAdjusted);
  await journal.write();
  const lookUps = keepAdvertiserLookedUp(journal);

  while (state.stage === 'collecting') {
    // Confirmation, questionnaire, look-up, resubmissions and deferrals come in meanwhile, in any order.
    await untilCalculationDate(journal, waits);
    await calculate(journal);
  }
  // Approval above the threshold comes here.
  if (state.stage === 'scheduled') {
    await untilPayoutDate(journal, waits);
    await payOut(journal, input.payoutTaskQueue);
  }

  await lookUps;
  await condition(allHandlersFinished);
  await journal.written();
  return result(journal);
}

function result({ state }: Journal): EnrollmentResult {
  if (!state.ending) throw new TypeError('The process ended without an ending.');
  const { status, reasonCodes } = state.ending;
  return {
    status,
    reasonCodes,
    amountMinor: state.credit?.amountMinor ?? null,
    currency: state.credit?.currency ?? null,
    payoutKey: state.payout?.key ?? null,
  };
}
