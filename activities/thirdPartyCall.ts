/** Turns the failure of a third party into a retry at the right moment. */
import { ApplicationFailure } from '@temporalio/activity';
import { ThirdPartyError } from '../program/thirdPartyError';

/** What only a person can mend (a lost authorisation) is tried again rarely, and goes on by itself once it is mended. */
const UNTIL_A_PERSON_ACTS_MS = 10 * 60_000;

/** Runs `call`; a ThirdPartyError becomes a failure of Temporal that is tried again when that makes sense. */
export async function thirdPartyCall<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof ThirdPartyError)) throw error;
    const nextRetryDelay = error.retryAfterMs ?? (error.retryable ? undefined : UNTIL_A_PERSON_ACTS_MS);
    throw ApplicationFailure.create({
      type: `${error.party.toUpperCase()}_${error.code}`,
      message: error.message,
      ...(nextRetryDelay !== undefined && { nextRetryDelay }),
    });
  }
}
