/**
 * Needs attention: what our own staff must look at, each kind with what to do about it. docs/runbook.md has one section
 * for each reason, under the reason in kebab case.
 */
export const ATTENTION = {
  WORKFLOW_TASK_FAILING:
    'The code of the worker fails on this enrollment, so nothing moves. Look at the error in Temporal UI and roll the worker back or forward; the enrollment goes on by itself.',
  ACTIVITY_RETRYING:
    'A step fails again and again. Look at the last failure among the pending activities in Temporal UI and mend what it names; the step goes on by itself.',
  RUN_STOPPED:
    'The workflow was terminated, failed or timed out, and the enrollment is still open. Find out why, then restart it (POST /v1/enrollments/{id}/restart); nothing is paid twice.',
  RUN_PAUSED:
    'The workflow was paused in Temporal: nothing moves, and messages are refused. Find out who paused it and why, then unpause it; where somebody has to look first, hold the enrollment instead.',
  RESET_LOST_MESSAGE:
    'A reset has taken back what somebody had sent, and the new run has not taken it again. Read in the audit who sent what, see whether it still holds, send it again, then dismiss this entry.',
  RUN_MISSING:
    'Temporal does not know the workflow of this open enrollment. Find out whether it was deleted or Temporal was restored, then restart it (POST /v1/enrollments/{id}/restart).',
  REPLACED_RUN_OPEN:
    'A workflow that a restart has replaced, or a later enrollment of the brand, was reset and is open again. It pays nothing. Terminate it in Temporal UI.',
  READ_MODEL_DIFFERS:
    'Lists and timeline tell more than the workflow knows, as after a restore of Temporal from a backup. Compare the two and send the messages again that the workflow has lost.',
  MESSAGE_REFUSED:
    'A message that was sent in Temporal UI could not be used and changed nothing. Correct it and send it again, then dismiss this entry.',
  PAYOUT_REFUSED:
    'The payout rail refused the payout. Read its evidence in the payout row and mend the cause with the rail. No message settles it yet: it stays as it is, and nothing is paid.',
  PAYOUT_UNKNOWN:
    'For more than an hour nobody has known whether the rail has paid. Look at the rail by the payout key; never pay by hand what may have been paid.',
  WORKFLOW_ID_TAKEN:
    "A workflow that is not this enrollment's has its workflow id, so it cannot be started. Find out who started it and remove it; the enrollment is started by itself.",
} as const;

export type AttentionReason = keyof typeof ATTENTION;

/** The attempt of one step with which a person is told: it has failed that often less one. */
export const ATTENTION_ATTEMPT = 5;

/** The section of the runbook. */
export function runbookAnchor(reason: AttentionReason): string {
  return reason.toLowerCase().replaceAll('_', '-');
}
