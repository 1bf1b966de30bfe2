/** How an enrollment ends: as a result, with its reasons. A failed workflow means that a person must look. */
import type { Actor, EndStatus } from '../program/enrollmentState';
import type { ReasonCode } from '../program/reasonCodes';
import { SERVICE, type Journal } from './journal';
import type { EnrollmentResult } from './messages';

export async function end(
  journal: Journal,
  status: EndStatus,
  reasonCodes: ReasonCode[],
  actor: Actor = SERVICE,
): Promise<void> {
  const { state } = journal;
  state.stage = 'closed';
  state.ending = { status, reasonCodes, at: journal.now() };
  const details = { status, ...(reasonCodes.length > 0 && { reasonCodes: reasonCodes.join(',') }) };
  journal.record({ key: 'step:ended', type: 'ended', actor, details });
  await journal.write();
}

export function resultOf({ state }: Journal): EnrollmentResult {
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
