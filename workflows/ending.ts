/** How an enrollment ends: as a result, with its reasons. A failed workflow means that a person must look. */
import type { Actor, EndStatus } from '../program/enrollmentState';
import { explain } from '../program/explain';
import type { ReasonCode } from '../program/reasonCodes';
import { SERVICE, type Journal } from './journal';
import type { EnrollmentResult } from './messages';
import { cancelPayout } from './payoutStop';

/** Whose doing an ending is, and the message that asked for it. */
export interface EndedBy {
  actor: Actor;
  messageId?: string;
  noteId?: string | null;
}

export async function end(
  journal: Journal,
  status: EndStatus,
  reasonCodes: ReasonCode[],
  { actor, messageId, noteId = null }: EndedBy = { actor: SERVICE },
): Promise<void> {
  const { state } = journal;
  state.stage = 'closed';
  state.ending = { status, reasonCodes, at: journal.now() };
  const details = {
    status,
    ...(reasonCodes.length > 0 && { reasonCodes: reasonCodes.join(',') }),
    ...(noteId !== null && { noteId }),
  };
  // Under the message's id: whoever sent it and lost the answer finds that it was this ending.
  journal.record({ key: messageId ?? 'step:ended', type: 'ended', actor, details });
  await journal.write();
}

/** Ends without a payment, unless one was submitted: then the enrollment is being paid, until its payout is at its end. */
export async function endUnpaid(
  journal: Journal,
  status: Exclude<EndStatus, 'paid'>,
  reasonCodes: ReasonCode[],
  by: EndedBy = { actor: SERVICE },
): Promise<void> {
  if (await cancelPayout(journal)) await end(journal, status, reasonCodes, by);
}

export function resultOf({ state }: Journal): EnrollmentResult {
  if (!state.ending) throw new TypeError('The process ended without an ending.');
  const { status, reasonCodes } = state.ending;
  return {
    status,
    reasonCodes,
    text: explain(state).text,
    amountMinor: state.credit?.amountMinor ?? null,
    currency: state.credit?.currency ?? null,
    payoutKey: state.payout?.key ?? null,
  };
}
