/** The API's own problems: each code with its status and what to do about it. The one table of them. */
import type { ReasonCode } from '../program/reasonCodes';

export const PROBLEM_CODES = {
  INVALID_REQUEST: { status: 400, remedy: 'mend the fields in `errors`' },
  UNAUTHENTICATED: { status: 401, remedy: 'send a valid key' },
  FORBIDDEN: { status: 403, remedy: 'use a key of another role' },
  TEST_CLOCK_NOT_ALLOWED: {
    status: 403,
    remedy: 'name the program in `TEST_CLOCK_PROGRAMS`, or use one on real time',
  },
  NOT_FOUND: { status: 404, remedy: 'it does not exist, or not for this key' },
  ENROLLMENT_ENDED: { status: 409, remedy: 'nothing; the body says how it ended' },
  ENROLLMENT_STOPPED: {
    status: 409,
    remedy: 'tell a member of staff: the workflow was stopped from outside',
  },
  ENROLLMENT_PAUSED: {
    status: 409,
    remedy:
      'tell a member of staff: the workflow was paused from outside. Once it goes on, send it again with a new key',
  },
  ENROLLMENT_OPEN: {
    status: 409,
    remedy: 'the enrollment has not ended, or its workflow is open: read the enrollment',
  },
  ENROLLMENT_NOT_STARTED: { status: 409, remedy: 'wait a moment and read the enrollment' },
  ENROLLMENT_CHANGED: {
    status: 409,
    remedy: 'read the enrollment: it was restarted or has ended at this moment',
  },
  ENROLLMENT_SUPERSEDED: { status: 409, remedy: 'nothing; the brand has a later enrollment' },
  ENROLLMENT_ERASED: {
    status: 409,
    remedy: 'nothing; the enrollment has ended and its personal data are gone',
  },
  ENROLLMENT_CREDITED: { status: 409, remedy: 'nothing; the credit was paid, or may have been' },
  REPEATED_TOO_OFTEN: {
    status: 409,
    remedy:
      'nothing: it is known. Comes after 100 repetitions of what is known already: confirmations, questionnaires and deferrals together, over the life of an enrollment',
  },
  READ_MODEL_DIFFERS: {
    status: 409,
    remedy: 'a restart: compare first, then send it with `lastKnown` (docs/runbook.md)',
  },
  WORKFLOW_NOT_ANSWERING: {
    status: 503,
    remedy:
      'a restart: see that a worker runs, then send the same request with the same key (docs/runbook.md)',
  },
  NO_TEST_CLOCK: { status: 409, remedy: 'nothing; the program runs on real time' },
  CLOCK_NOT_ADJUSTABLE: { status: 409, remedy: 'choose a later instant, and a speed within the limits' },
  API_KEY_ENDED: { status: 409, remedy: 'make another key: this one is revoked, expired or replaced' },
  TOO_MANY_WEBHOOKS: { status: 409, remedy: 'delete a subscription, or retire a secret, that is not needed' },
  WEBHOOK_DISABLED: { status: 409, remedy: 'enable the subscription first, once its receiver is mended' },
  BRAND_AMBIGUOUS: {
    status: 422,
    remedy: 'name the `programId`, or the enrollment by its id: the brand is in several programs',
  },
  CONFIRMATION_REPLACED: {
    status: 409,
    remedy: 'nothing; a later word of the survey partner on the brand took its place',
  },
  CONFIRMATION_EXPIRED: {
    status: 404,
    remedy: 'nothing; the brand did not enroll in time. The survey partner is asked when it does',
  },
  FILE_UNREADABLE: {
    status: 400,
    remedy: 'mend the file where `row` and `detail` say, and send it again with the same key',
  },
  REQUEST_TIMEOUT: { status: 408, remedy: 'send it again, faster: it did not arrive in time' },
  REQUEST_IN_FLIGHT: { status: 409, remedy: 'send it again after `Retry-After` seconds' },
  BODY_TOO_LARGE: {
    status: 413,
    remedy:
      'send at most 64 KB, a program definition at most 256 KB, a batch of a survey partner at most 512 KB',
  },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, remedy: 'send JSON, uncompressed' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, remedy: 'use a new key for a new request' },
  TOO_MANY_REQUESTS: { status: 429, remedy: 'wait for `Retry-After` seconds' },
  UNAVAILABLE: { status: 503, remedy: 'send the same request with the same key after `Retry-After` seconds' },
  INTERNAL: { status: 500, remedy: 'send it again, or report its `requestId`' },
} as const;

export type ProblemCode = keyof typeof PROBLEM_CODES;

/** A rule of the program, seen against what is: its code is the reason code. */
const REASON_STATUS = 409;

/** Under whichever code: the program does not accept what the body says, whatever else there is. */
export const NOT_ACCEPTED = 422;

export function statusOf(code: ProblemCode | ReasonCode): number {
  return code in PROBLEM_CODES ? PROBLEM_CODES[code as ProblemCode].status : REASON_STATUS;
}

/** What any route may answer. */
export const ANY_REQUEST = {
  400: ['INVALID_REQUEST'],
  401: ['UNAUTHENTICATED'],
  403: ['FORBIDDEN'],
  404: ['NOT_FOUND'],
  408: ['REQUEST_TIMEOUT'],
  429: ['TOO_MANY_REQUESTS'],
  500: ['INTERNAL'],
  503: ['UNAVAILABLE'],
} as const satisfies Record<number, readonly ProblemCode[]>;

/** What any write may answer besides. */
export const ANY_WRITE = {
  409: ['REQUEST_IN_FLIGHT'],
  413: ['BODY_TOO_LARGE'],
  415: ['UNSUPPORTED_MEDIA_TYPE'],
  422: ['IDEMPOTENCY_KEY_REUSED'],
} as const satisfies Record<number, readonly ProblemCode[]>;
