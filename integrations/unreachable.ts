/** What a failed read means to whoever asked for it. Payments never come here: their failures are outcomes. */
import { ThirdPartyError } from '../program/thirdPartyError';
import { HttpError } from './httpError';

/** The error to throw when the call itself failed. What is no HttpError is a fault of ours and stays as it is. */
export function unreachable(party: string, error: unknown): Error {
  if (!(error instanceof HttpError)) return error instanceof Error ? error : new Error(String(error));
  switch (error.code) {
    case 'ORIGIN_NOT_ALLOWED':
    case 'ADDRESS_NOT_ALLOWED':
    case 'INVALID_REQUEST':
      return new ThirdPartyError(
        party,
        false,
        'CALL_REFUSED',
        `${error.message}. Check the configured address of ${party}.`,
      );
    case 'ANSWER_TOO_LARGE':
    case 'ANSWER_ENCODED':
      return new ThirdPartyError(
        party,
        true,
        'UNREADABLE_ANSWER',
        `${error.message}. Check what answers at this address if it goes on.`,
      );
    case 'NAME_NOT_RESOLVED':
    case 'NOT_CONNECTED':
    case 'TIMED_OUT':
    case 'CONNECTION_LOST':
    case 'CLOSED':
      return new ThirdPartyError(
        party,
        true,
        'UNREACHABLE',
        `${error.message}. Check the network and whether ${party} is up if it goes on.`,
      );
  }
}
