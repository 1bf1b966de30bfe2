/** The second person: large credits, and those of an account or contact that changed after it was confirmed. */
import type { ApprovalCause, EnrollmentState } from '../program/enrollmentState';
import { endUnpaid } from './ending';
import type { Journal } from './journal';
import { schedulePayout } from './payout';
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
      // It may have taken longer than the payout date.
      await schedulePayout(journal);
      return;
    case 'reject':
      await endUnpaid(journal, 'rejected', ['REJECTED_BY_APPROVER', ...(reasonCode ? [reasonCode] : [])], {
        actor: by,
      });
      return;
    case 'send_back':
      state.credit = null;
      state.approval = null;
      state.stage = 'collecting';
      state.onHold = {
        id: `sent_back:${journal.sequence}`,
        since: journal.now(),
        reasonCode: 'SENT_BACK_BY_APPROVER',
      };
      journal.record({
        key: state.onHold.id,
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
    ...(changedAfterConfirmation(state) ? (['changed_after_confirmation'] as const) : []),
  ];
}

/** Whoever takes over an account that was vouched for must not be paid on that word alone. */
function changedAfterConfirmation({ firstConfirmed, submission }: EnrollmentState): boolean {
  if (!firstConfirmed) return false;
  const { advertiserId, contactId } = firstConfirmed;
  return advertiserId !== submission.advertiserId || contactId !== submission.contactId;
}
