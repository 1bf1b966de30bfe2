/** The codes of the API's own problems, with what to do about each; those of the program are its reason codes. */
export const PROBLEM_CODES = {
  INVALID_REQUEST: 'mend the fields in `errors`',
  UNAUTHENTICATED: 'send a valid key',
  FORBIDDEN: 'use a key of another role',
  TEST_CLOCK_NOT_ALLOWED: 'name the program in `TEST_CLOCK_PROGRAMS`, or use one on real time',
  NOT_FOUND: 'it does not exist, or not for this key',
  ENROLLMENT_ENDED: 'nothing; the body says how it ended',
  ENROLLMENT_STOPPED: 'tell a member of staff: the workflow was stopped from outside',
  ENROLLMENT_OPEN: 'the enrollment has not ended, or its workflow is open: read the enrollment',
  ENROLLMENT_NOT_STARTED: 'wait a moment and read the enrollment',
  ENROLLMENT_CHANGED: 'read the enrollment: it was restarted or has ended at this moment',
  ENROLLMENT_SUPERSEDED: 'nothing; the brand has a later enrollment',
  ENROLLMENT_ERASED: 'nothing; the enrollment has ended and its personal data are gone',
  ENROLLMENT_CREDITED: 'nothing; the credit was paid, or may have been',
  REPEATED_TOO_OFTEN:
    'nothing: it is known. Comes after 100 repetitions of what is known already: confirmations, questionnaires and deferrals together, over the life of an enrollment',
  READ_MODEL_DIFFERS: 'a restart: compare first, then send it with `lastKnown` (docs/runbook.md)',
  WORKFLOW_NOT_ANSWERING:
    'a restart: see that a worker runs, then send the same request with the same key (docs/runbook.md)',
  NO_TEST_CLOCK: 'nothing; the program runs on real time',
  CLOCK_NOT_ADJUSTABLE: 'choose a later instant, and a speed within the limits',
  API_KEY_ENDED: 'make another key: this one is revoked, expired or replaced',
  TOO_MANY_WEBHOOKS: 'delete a subscription, or retire a secret, that is not needed',
  WEBHOOK_DISABLED: 'enable the subscription first, once its receiver is mended',
  BRAND_AMBIGUOUS: 'name the `programId`, or the enrollment by its id: the brand is in several programs',
  CONFIRMATION_REPLACED: 'nothing; a later word of the survey partner on the brand took its place',
  CONFIRMATION_EXPIRED: 'nothing; the brand did not enroll in time. The survey partner is asked when it does',
  FILE_UNREADABLE: 'mend the file where `row` and `detail` say, and send it again with the same key',
  REQUEST_IN_FLIGHT: 'send it again after `Retry-After` seconds',
  BODY_TOO_LARGE:
    'send at most 64 KB, a program definition at most 256 KB, a batch of a survey partner at most 512 KB',
  UNSUPPORTED_MEDIA_TYPE: 'send JSON, uncompressed',
  IDEMPOTENCY_KEY_REUSED: 'use a new key for a new request',
  TOO_MANY_REQUESTS: 'wait for `Retry-After` seconds',
  UNAVAILABLE: 'send the same request with the same key after `Retry-After` seconds',
  INTERNAL: 'send it again, or report its `requestId`',
} as const;

export type ProblemCode = keyof typeof PROBLEM_CODES;

/** What any route may answer. */
export const ANY_REQUEST = {
  400: ['INVALID_REQUEST'],
  401: ['UNAUTHENTICATED'],
  403: ['FORBIDDEN'],
  404: ['NOT_FOUND'],
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
