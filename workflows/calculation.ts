/** The calculation date: are all facts in, what was spent, and what follows from it. */
import { condition } from '@temporalio/workflow';
import type { LookUpAnswer } from '../activities/types';
import { openNeeds } from '../program/criteria';
import type { ApprovalCause, CreditFacts, MissingPolicy } from '../program/enrollmentState';
import type { ReasonCode } from '../program/reasonCodes';
import { patient, thirdParty } from './activities';
import { approvalCauses } from './approval';
import { endUnpaid } from './ending';
import { SERVICE, type Journal } from './journal';
import { keyOfLookUpAgain, lookUpAgain, recordLookUp, takeOver } from './lookUp';
import { waitAndRemind } from './reminders';
import type { Waits } from './waits';

/**
 * Until the calculation may begin, and begins it in the same breath: from here on no fact is taken any more. A check
 * that is still under way is ours to finish, so the enrollment is not closed for want of it; a look-up moves the date.
 */
export async function untilCalculationDate(journal: Journal, waits: Waits): Promise<void> {
  const { state } = journal;
  const isChecking = () => openNeeds(state).some(({ who }) => who === 'service');
  const date = () => (isChecking() || state.onHold ? undefined : state.period.calculationAt);
  await waitAndRemind(journal, waits, date, () => `calculation date of ${state.period.month}`);
  state.stage = 'calculating';
  journal.record({
    // A credit that was sent back is calculated again for the same month.
    key: `calculation_begun:${state.period.month}:${journal.sequence}`,
    type: 'calculation_begun',
    actor: SERVICE,
    details: { month: state.period.month },
  });
}

/** Leaves the enrollment scheduled for its payout, moved to the next period, or closed. */
export async function calculate(journal: Journal): Promise<void> {
  const { state } = journal;
  const { terms } = state;
  // The account may have become usable meanwhile, or the contrary: what is missing is told as it is today. With nothing
  // missing, `measure` looks it up.
  if (openNeeds(state).length > 0) {
    // The platform may be away for hours: nobody is to be told meanwhile that corrections are still taken.
    await journal.write();
    const answer = await lookUpAgain(journal);
    if (answer.located && answer.period.calculationAt > journal.now()) return postpone(journal, answer);
    recordLookUp(journal, answer, keyOfLookUpAgain(journal));
  }
  const missing = missingFacts(journal);
  if (missing.length > 0) {
    await rollOnOrClose(journal, terms.missedFacts, missing);
    return;
  }
  await journal.write();
  await untilReleased(journal);

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
  switch (measured.outcome) {
    case 'already_sent':
      await schedule(journal, measured.credit, []);
      return;
    case 'credit':
      takeOver(journal, measured.lookUp);
      state.period = { ...state.period, ...measured.latePayout };
      await schedule(journal, measured.credit, approvalCauses(journal, measured.aboveThreshold));
      return;
    case 'too_early':
      return postpone(journal, measured.lookUp);
    case 'no_credit':
      takeOver(journal, measured.lookUp);
      await rollOnOrClose(journal, terms.noSpend, [measured.reasonCode]);
      return;
    case 'account_not_usable':
      recordLookUp(journal, measured.lookUp, keyOfLookUpAgain(journal));
      await rollOnOrClose(journal, terms.missedFacts, missingFacts(journal));
  }
}

/** For its payout date, or for an approver before it. */
async function schedule(journal: Journal, credit: CreditFacts, causes: ApprovalCause[]): Promise<void> {
  const { state } = journal;
  const { statementId } = credit;
  state.credit = credit;
  state.approval = causes.length > 0 ? { statementId, causes, since: journal.now(), decided: null } : null;
  state.stage = state.approval ? 'approving' : 'scheduled';
  journal.record({
    key: `credit_calculated:${statementId}`,
    type: 'credit_calculated',
    actor: SERVICE,
    details: { ...credit, ...(causes.length > 0 && { approval: causes.join(',') }) },
  });
  await journal.write();
}

/** By the time zone that the ad account has today, its period has not ended: until then facts are taken again. */
async function postpone(journal: Journal, lookUp: LookUpAnswer): Promise<void> {
  journal.state.stage = 'collecting';
  recordLookUp(journal, lookUp, keyOfLookUpAgain(journal));
  await journal.write();
}

function missingFacts({ state }: Journal): ReasonCode[] {
  return [...new Set(openNeeds(state).map((need) => need.reasonCode))];
}

/** A hold may have come while the platform was asked, and may last for weeks: no step is taken until its end. */
async function untilReleased(journal: Journal): Promise<void> {
  const { state } = journal;
  if (!state.onHold) return;
  await journal.write();
  await condition(() => !state.onHold);
}

/** What the program's policy says about an enrollment that cannot be credited for this period. */
async function rollOnOrClose(
  journal: Journal,
  policy: MissingPolicy,
  reasonCodes: ReasonCode[],
): Promise<void> {
  const { state } = journal;
  await untilReleased(journal);
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
