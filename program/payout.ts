/** Transfers of a credit: what is asked of a rail, and what is known of the answer. Shapes only. */

/** The canonical request: what is frozen before the call and what the rail is asked to do. */
export interface PayoutRequest {
  /** The payout key; the reference under which the rail can be searched afterwards. */
  reference: string;
  advertiserId: string;
  amountMinor: number;
  currency: string;
}

/**
 * What is known of a transfer. Time-outs, resets, 5xx, unreadable or contradictory answers are `unknown`, never
 * `refused`: a refusal is a readable statement of the rail that it will not execute.
 */
export type PayoutOutcome =
  | { outcome: 'paid'; railPaymentId: string }
  | { outcome: 'refused'; code: string; evidence: string }
  | { outcome: 'pending'; evidence: string }
  | { outcome: 'unknown'; evidence: string };

/** `absent`: the rail answered readably that it knows no transfer of this reference (yet). */
export type PayoutLookUp = PayoutOutcome | { outcome: 'absent'; evidence: string };

export type PayoutState = 'frozen' | 'submitting' | 'pending' | 'unknown' | 'paid' | 'refused' | 'void';
