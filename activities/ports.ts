/**
 * What activities need from the outside. Adapters in integrations/ have these shapes without knowing this file; worker/
 * is the only place that joins the two. Every method may throw ThirdPartyError.
 */
import type { LookUpOutcome, SpendRow } from '../program/adAccount';
import type { PartnerKeyAnswer } from '../program/partnerKey';
import type { PayoutLookUp, PayoutOutcome, PayoutRequest } from '../program/payout';

export interface AdPlatform {
  lookUp(advertiserId: string): Promise<LookUpOutcome>;
  /** Daily rows of the calendar dates `from` to `to`, both inclusive, in the ad account's time zone. */
  readSpend(request: {
    advertiserId: string;
    from: string;
    to: string;
    currency: string;
  }): Promise<SpendRow[]>;
}

export interface PartnerKeyChecker {
  /** The survey partner, as program definitions name it. */
  surveyPartner: string;
  /** Tries a submitted API key; a key that opens nothing is an answer, not an error. */
  check(apiKey: string): Promise<PartnerKeyAnswer>;
}

export interface PayoutRail {
  /** As the program definition names it. */
  name: string;
  /** Asks for the transfer, once; whatever is not a readable answer is `unknown`. */
  pay(request: PayoutRequest): Promise<PayoutOutcome>;
  /** What the rail knows of a request's reference. */
  lookUp(request: PayoutRequest): Promise<PayoutLookUp>;
}
