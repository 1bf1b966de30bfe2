/** Why something was refused or closed: one list, each with the sentence that people read. */
export const REASONS = {
  ADVERTISER_NOT_LOCATABLE:
    'The advertiser ID could not be located, so the credit cannot be processed. Correct the advertiser ID (in TikTok Ads Manager).',
  ADVERTISER_SUSPENDED: 'The ad account is suspended or not active.',
  REGION_NOT_ELIGIBLE: "The ad account's country belongs to no region of this program.",
  CURRENCY_MISMATCH: "The ad account's currency is not the one in which this program pays for its region.",
  BRAND_ALREADY_ENROLLED:
    'This brand is already enrolled; one submission per brand. Ask the support of the program.',
  PARTNER_NOT_APPROVED: 'The survey partner is not approved for this program.',
  SUBSCRIPTION_NOT_CONFIRMED:
    'The survey partner has not confirmed the subscription, survey template and data sharing.',
  API_KEY_INVALID: 'The submitted API key is not valid.',
  TEMPLATE_NOT_FOUND: 'The approved survey template was not found.',
  DATA_SHARING_NOT_AUTHORIZED:
    'The advertiser has not authorized data sharing. Submit the form again with the authorization.',
  NO_SPEND_IN_PERIOD: 'There was no advertising spend in the calculation period.',
  SPENT_BEFORE_ENROLLMENT:
    'The ad account had spend in the days before the enrollment in which this program allows none.',
  BELOW_MINIMUM_SPEND: 'The spend in the calculation period is below the minimum.',
  QUESTIONNAIRE_OVERDUE: 'The questionnaire was not completed in time.',
  BUDGET_EXHAUSTED: "The program's budget is exhausted.",
  PARTNER_REJECTED: 'The survey partner rejected the enrollment.',
  REJECTED_BY_APPROVER: 'An approver rejected the credit.',
  FRAUD_REVIEW: 'Fraud is suspected.',
  POSSIBLE_DUPLICATE: 'Another brand uses the same ad account or contact.',
  AD_ACCOUNT_ALREADY_CREDITED: 'The ad account has already received a credit of this program.',
  WITHDRAWN: 'The enrollment was withdrawn.',
  PROGRAM_CLOSED: 'The program is closed.',
  PAYOUT_REFUSED: 'The payout rail refused the transfer.',
  MONTH_NOT_IN_CALENDAR: "The month is not in the program's calendar.",
  MONTH_NOT_LATER: 'A deferral goes to a later month only.',
  NO_SUCH_DEFERRAL:
    'Only a deferral of this enrollment can be undone, by going back to the month it came from.',
  MONTH_PAST: 'The calculation date of that month has passed.',
  DEFERRAL_LIMIT_REACHED: 'The program allows no further deferral for this enrollment.',
  SENT_BACK_BY_APPROVER: 'An approver sent the credit back.',
  PAYOUT_BEGUN: 'The payout has been submitted; nothing can be changed any more.',
  ON_HOLD: 'The enrollment is on hold; release it first.',
  NOT_ON_HOLD: 'The enrollment is not on hold.',
  NO_APPROVAL_AWAITED: 'No credit of this enrollment waits for an approval.',
  DECISION_UNKNOWN: 'There is no such decision on this enrollment.',
  DECISION_OUTDATED:
    'The decision is about a credit or a hold that is not there any more; look at the enrollment again.',
  MAKER_IS_CHECKER:
    'Whoever changed what the credit depends on cannot approve it; another approver must look at it.',
  CALCULATION_BEGUN: 'The calculation has begun; nothing can be changed any more.',
  SUBMISSION_SUPERSEDED:
    'This is not of the enrollment as it is now: it names another ad account, or a resubmission came in between. Read the enrollment, then decide again.',
} as const;

export type ReasonCode = keyof typeof REASONS;

export function isReasonCode(text: string): text is ReasonCode {
  return Object.hasOwn(REASONS, text);
}
