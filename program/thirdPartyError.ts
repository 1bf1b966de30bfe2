/**
 * A third party could not be asked or did not answer usefully. Thrown by adapters, read by activities, which turn it
 * into a retry or into a failure that a person must look at. A domain outcome ("advertiser not located") is not an error.
 */
export class ThirdPartyError extends Error {
  constructor(
    /** Who failed, e.g. `tiktok`. */
    readonly party: string,
    /** Whether the same request may succeed later without anybody doing anything. */
    readonly retryable: boolean,
    /** Stable code, e.g. `THROTTLED`, `UNREACHABLE`, `AUTHORISATION_LOST`, `BAD_REQUEST`, `UNREADABLE_ANSWER`. */
    readonly code: string,
    /** One sentence with the remedy; no secrets, no URL query, no personal data. */
    message: string,
    /** Earliest sensible moment of a retry, when the party said so. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
    this.name = 'ThirdPartyError';
  }
}
