/**
 * The payouts of one date do not begin in the same moment: each has one of its own within the program's spread, by its
 * enrollment's id, so that it is the same whoever asks and whenever.
 */
import type { EnrollmentState } from './enrollmentState';

/** When the payout begins, epoch ms on the program's clock; from the payout date on, and before the end of the spread. */
export function payoutBeginsAt({
  enrollmentId,
  terms,
  period,
}: Pick<EnrollmentState, 'enrollmentId' | 'terms' | 'period'>): number {
  const share = hash(enrollmentId) / 2 ** 32;
  return period.payoutAt + Math.floor(share * terms.payoutSpreadMinutes * 60_000);
}

/** FNV-1a, 32 bits: workflow code has no crypto of Node, and this needs only to scatter. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.charCodeAt(0), 0x01000193);
  return value >>> 0;
}
