/**
 * What the ad platform knows of an advertiser id (19 digits, beyond JavaScript's safe integers: always a string), and what it
 * reports of its spend. Shapes only.
 */

/** `other` stands for every status that is neither usable nor suspended (waiting for audit, disabled, unknown). */
export type AdAccountStatus = 'active' | 'suspended' | 'other';

export interface AdAccount {
  /** ISO 3166-1 alpha-2 country of registration. */
  country: string;
  /** ISO 4217. */
  currency: string;
  /** IANA name; its days are the days of the spend report. */
  timeZone: string;
  status: AdAccountStatus;
}

export type LookUpOutcome =
  | { outcome: 'located'; account: AdAccount }
  /** `evidence` says what the platform answered, for the operator; it holds no personal data. */
  | { outcome: 'not_located'; evidence: string };

/** Which figure of the spend report counts (program definition, `spendBasis`). */
export type SpendBasis = 'spend' | 'billed_cost' | 'cash_spend';

/** One day of one ad account. Amounts are the report's decimal strings; "-" means no data. */
export interface SpendRow {
  /** Calendar date in the ad account's time zone, YYYY-MM-DD. */
  date: string;
  currency: string;
  amounts: Record<SpendBasis, string>;
}
