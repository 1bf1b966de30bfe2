/** The second person: large credits, and those of an account or contact that changed after it was confirmed. */
import type { ApprovalCause } from '../program/enrollmentState';
import { patient } from './activities';
import { endUnpaid } from './ending';
import { SERVICE, type Journal } from './journal';
import { waitAndRemind } from './reminders';
import type { Waits } from './waits';

/** Leaves the enrollment scheduled for its payout, closed as rejected, or held and to be calculated again. */
export async function untilApproved(journal: Journal, waits: Waits): Promise<void> {
  const { state } = journal;
  const decided = () => state.approval?.decided ?? undefined;
  await waitAndRemind(
    journal,
    waits,
    () => (decided() ? journal.now() : undefined),
    () => 'approval',
  );
  const { outcome, by, reasonCode } = decided()!;
  switch (outcome) {
    case 'approve':
      await schedule(journal);
      return;
    case 'reject':
      await endUnpaid(journal, 'rejected', ['REJECTED_BY_APPROVER', ...(reasonCode ? [reasonCode] : [])], by);
      return;
    case 'send_back':
      state.credit = null;
      state.approval = null;
      state.stage = 'collecting';
      state.onHold = { since: journal.now(), reasonCode: 'SENT_BACK_BY_APPROVER' };
      journal.record({
        key: `sent_back:${journal.sequence}`,
        type: 'held',
        actor: by,
        details: { reasonCode: 'SENT_BACK_BY_APPROVER' },
      });
      await journal.write();
  }
}

/** What makes an approver necessary for the credit that was just computed. */
export function approvalCauses({ state }: Journal, aboveThreshold: boolean): ApprovalCause[] {
  return [
    ...(aboveThreshold ? (['above_threshold'] as const) : []),
    ...(state.changedAfterConfirmation ? (['changed_after_confirmation'] as const) : []),
  ];
}

/** The approval may have taken longer than the payout date: then by the program's policy for late ones. */
async function schedule(journal: Journal): Promise<void> {
  const { state } = journal;
  if (state.period.payoutAt <= journal.now()) {
    const { programId, programRevision, enrolledOn, period } = state;
    const payoutAt = await patient.planPayout.executeWithOptions({ summary: 'payout date that is left' }, [
      { programId, programRevision, enrolledOn, period, at: journal.now() },
    ]);
    state.period = { ...state.period, payoutAt };
  }
  state.stage = 'scheduled';
  const details = { payoutAt: new Date(state.period.payoutAt).toISOString() };
  journal.record({
    key: `payout_scheduled:${state.credit!.statementId}`,
    type: 'payout_scheduled',
    actor: SERVICE,
    details,
  });
  await journal.write();
}
