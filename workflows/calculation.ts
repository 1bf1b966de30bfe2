/** The calculation date: are all facts in, what was spent, and what follows from it. */
import type { MissingPolicy } from '../program/enrollmentState';
import type { ReasonCode } from '../program/reasonCodes';
import { openNeeds } from '../program/criteria';
import { patient, thirdParty } from './activities';
import { endUnpaid } from './ending';
import { SERVICE, type Journal } from './journal';
import { recordLookUp, takeOver } from './lookUp';
import type { Waits } from './waits';

/**
 * Until the calculation may begin, and begins it in the same breath: from here on no fact is taken any more. A look-up
 * that is still under way is ours to finish, so the enrollment is not closed for want of it; its answer moves the date.
 */
export async function untilCalculationDate(journal: Journal, waits: Waits): Promise<void> {
  const { state } = journal;
  const date = () => (state.lookUp.state === 'pending' ? undefined : state.period.calculationAt);
  const hasCome = (at = date()) => at !== undefined && at <= journal.now();
  do {
    await waits.until(date, () => `calculation date of ${state.period.month}`);
  } while (!hasCome());
  state.stage = 'calculating';
  journal.record({
    key: `calculation_begun:${state.period.month}`,
    type: 'calculation_begun',
    actor: SERVICE,
    details: { month: state.period.month },
  });
}

/** Leaves the enrollment scheduled for its payout, moved to the next period, or closed. */
export async function calculate(journal: Journal): Promise<void> {
  const { state } = journal;
  const { terms } = state;
  const missing = missingFacts(journal);
  if (missing.length > 0) {
    await rollOnOrClose(journal, terms.missedFacts, missing);
    return;
  }
  await journal.write();

  const { enrollmentId, programId, programRevision, submission, enrolledOn, period } = state;
  const { advertiserId, surveyPartner, storePlatform } = submission;
  const measured = await thirdParty.measure.executeWithOptions(
    { summary: `read spend ${period.periodFrom} to ${period.periodTo}, compute the credit` },
    [
      {
        enrollmentId,
        programId,
        programRevision,
        advertiserId,
        surveyPartner,
        storePlatform,
        enrolledOn,
        period,
      },
    ],
  );
  // The account as it was found while measuring; a change of it that matters is an outcome of its own.
  if (measured.lookUp) takeOver(journal, measured.lookUp);
  switch (measured.outcome) {
    case 'credit': {
      state.credit = measured.credit;
      const { payoutDate, payoutAt } = measured.payout;
      state.period = { ...state.period, payoutDate, payoutAt };
      state.stage = 'scheduled';
      journal.record({
        key: `credit_calculated:${period.month}`,
        type: 'credit_calculated',
        actor: SERVICE,
        details: { ...measured.credit },
      });
      await journal.write();
      return;
    }
    case 'too_early':
      recordLookUp(journal, measured.lookUp, `looked_up_again:${period.month}`);
      state.stage = 'collecting';
      await journal.write();
      return;
    case 'no_credit':
      await rollOnOrClose(journal, terms.noSpend, [measured.reasonCode]);
      return;
    case 'account_not_usable':
      recordLookUp(journal, measured.lookUp, `looked_up_again:${period.month}`);
      await rollOnOrClose(journal, terms.missedFacts, missingFacts(journal));
  }
}

function missingFacts({ state }: Journal): ReasonCode[] {
  return [...new Set(openNeeds(state).map((need) => need.reasonCode))];
}

/** What the program's policy says about an enrollment that cannot be credited for this period. */
async function rollOnOrClose(
  journal: Journal,
  policy: MissingPolicy,
  reasonCodes: ReasonCode[],
): Promise<void> {
  const { state } = journal;
  const { month: fromMonth } = state.period;
  const reasons = { reasonCodes: reasonCodes.join(',') };
  if (policy.then === 'roll_on' && state.rollOns < policy.atMost) {
    const plan = await patient.planPeriod.executeWithOptions({ summary: `next period after ${fromMonth}` }, [
      {
        programId: state.programId,
        calendar: 'latest',
        enrolledOn: state.enrolledOn,
        at: journal.now(),
        timeZone: state.lookUp.state === 'located' ? state.lookUp.account.timeZone : null,
        move: { kind: 'roll_on', fromMonth },
      },
    ]);
    if (plan.ok) {
      state.period = plan.period;
      state.rollOns += 1;
      state.stage = 'collecting';
      const details = { fromMonth, month: plan.period.month, ...reasons };
      journal.record({ key: `rolled_on:${fromMonth}`, type: 'rolled_on', actor: SERVICE, details });
      await journal.write();
      return;
    }
  }
  await endUnpaid(journal, 'ineligible', reasonCodes);
}
