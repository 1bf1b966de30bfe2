/**
 * TikTok's result codes: HTTP 200 says nothing, only the code in the envelope does. Classes as its documentation and
 * public clients give them.
 */
import { ThirdPartyError } from '../program/thirdPartyError';

export const OK = 0;
/** The answer holds what could be read; what is missing may exist. */
export const PARTIAL = 20001;

type CodeClass =
  'throttled' | 'transient' | 'authorisation' | 'permission' | 'not_found' | 'bad_request' | 'unexpected';

const CODES: Record<Exclude<CodeClass, 'unexpected'>, number[]> = {
  throttled: [40100, 40016, 40133],
  transient: [50000, 50002, 51305, 60001, 40202, 40201],
  authorisation: [40101, 40102, 40104, 40105, 40106, 40110, 40113, 40115],
  permission: [40001, 40118, 40119, 40124, 40125],
  not_found: [40300, 40301, 40007],
  bad_request: [40000, 40002, 40006, 40009, 40011, 40051, 40008, 41001],
};

export function classOf(code: number): CodeClass {
  for (const [name, codes] of Object.entries(CODES)) if (codes.includes(code)) return name as CodeClass;
  return 'unexpected';
}

export interface Refusal {
  code: number;
  /** Code, message and request id as one text; no secret. */
  said: string;
}

/** The error for an answer whose code is not success, where it is no domain outcome. */
export function refusalError({ code, said }: Refusal): ThirdPartyError {
  const error = (retryable: boolean, name: string, remedy: string, retryAfterMs?: number) =>
    new ThirdPartyError('tiktok', retryable, name, `${said}. ${remedy}`, retryAfterMs);
  switch (classOf(code)) {
    case 'throttled':
      return throttled(said);
    case 'transient':
      return error(
        true,
        'UNAVAILABLE',
        'TikTok has a problem of its own; look at its status page if it goes on.',
      );
    case 'authorisation':
      return error(
        false,
        'AUTHORISATION_LOST',
        'Authorise the connection to TikTok again and set the new access token.',
      );
    case 'permission':
      return error(
        false,
        'PERMISSION_MISSING',
        'Give the app the missing scope, or its user a role on the ad account.',
      );
    case 'not_found':
      return error(false, 'ADVERTISER_NOT_FOUND', 'Check the advertiser id.');
    case 'bad_request':
      return error(false, 'BAD_REQUEST', 'TikTok does not accept this request as the adapter sends it.');
    case 'unexpected':
      return error(false, 'UNEXPECTED_CODE', 'Look the code up in the documentation of TikTok, then retry.');
  }
}

/** No header says how long to wait: only the message may name the quota. A used-up minute blocks for five. */
export function throttled(said: string): ThirdPartyError {
  let retryAfterMs = 5 * 60_000;
  if (/\bQPS\b|per second/i.test(said)) retryAfterMs = 1_000;
  else if (/\bQPD\b|per day|daily/i.test(said)) retryAfterMs = 86_400_000 - (Date.now() % 86_400_000);
  const remedy = 'Lower the request rate, or ask TikTok for a higher tier, if it goes on.';
  return new ThirdPartyError('tiktok', true, 'THROTTLED', `${said}. ${remedy}`, retryAfterMs);
}
