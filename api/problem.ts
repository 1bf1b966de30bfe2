/** Errors as callers see them: RFC 9457 problems with a stable `type`, and nothing of our insides. */
import { STATUS_CODES } from 'node:http';
import type { Response } from 'express';
import { REASONS, type ReasonCode } from '../program/reasonCodes';
import { NOT_ACCEPTED, statusOf, type ProblemCode } from './problemCodes';

export interface FieldError {
  /** JSON pointer into the body; of a parameter `/` and its name, of a header its name. */
  pointer: string;
  message: string;
}

export class Problem extends Error {
  override readonly name = 'Problem';
  /** Seconds after which the same request may succeed. */
  retryAfter: number | undefined;
  /** The same message may be sent to the workflow again, as a new attempt. */
  newAttempt = false;

  constructor(
    /** Stable, in capitals: a reason code or a code of the API. */
    readonly code: ProblemCode | ReasonCode,
    /** One sentence that says what to do. */
    readonly detail: string,
    readonly extra: { errors?: FieldError[]; [member: string]: unknown } = {},
    readonly status = statusOf(code),
  ) {
    super(detail);
  }

  toJSON(): Record<string, unknown> {
    return {
      type: `urn:pps:problem:${this.code.toLowerCase().replaceAll('_', '-')}`,
      title: STATUS_CODES[this.status] ?? 'Error',
      status: this.status,
      code: this.code,
      detail: this.detail,
      ...this.extra,
    };
  }
}

/** A small body can hold thousands of errors; this many are enough to mend it. */
const MOST_ERRORS = 50;

/** As many are named in the sentence; `errors` has the others. */
const MOST_NAMED = 5;

/** `status`: 422 of values that the program does not accept. */
export function invalid(all: FieldError[], status: 400 | typeof NOT_ACCEPTED = 400): Problem {
  const errors = all.slice(0, MOST_ERRORS);
  const fields = [...new Set(all.map(({ pointer }) => pointer || 'the body'))];
  const named = fields.slice(0, MOST_NAMED).join(', ');
  const others = fields.length > MOST_NAMED ? ` and ${fields.length - MOST_NAMED} more` : '';
  const count = fields.length === 1 ? '1 field' : `${fields.length} fields`;
  const detail = `${count} cannot be used: ${named}${others}.`;
  return new Problem('INVALID_REQUEST', detail, { errors }, status);
}

/** A JSON pointer (RFC 6901). */
export function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Refused by a rule of the program. */
export function refused(reasonCode: ReasonCode, pointer?: string): Problem {
  const message = REASONS[reasonCode];
  return new Problem(reasonCode, message, pointer === undefined ? {} : { errors: [{ pointer, message }] });
}

/** Of what a body says, by a rule of the program. */
export function notAccepted(reasonCode: ReasonCode, errors?: FieldError[]): Problem {
  return new Problem(reasonCode, REASONS[reasonCode], errors && { errors }, NOT_ACCEPTED);
}

/** Also for what exists but belongs to somebody else: the two cannot be told apart. */
export function notFound(what: string): Problem {
  return new Problem('NOT_FOUND', `There is no such ${what}.`);
}

/** In production a program that anybody can set to its payout date is there by name only. */
export function testClockRefused(programId: string): Problem {
  return new Problem(
    'TEST_CLOCK_NOT_ALLOWED',
    `Program ${programId} runs on a test clock, which this server does not allow; name it in TEST_CLOCK_PROGRAMS.`,
  );
}

export function unavailable(detail: string, retryAfter = 5): Problem {
  const problem = new Problem('UNAVAILABLE', detail);
  problem.retryAfter = retryAfter;
  return problem;
}

/** Every problem goes out here, with the id under which the request is logged. */
export function sendProblem(response: Response, status: number, problem: Record<string, unknown>): void {
  const requestId = String(response.locals['requestId']);
  response.locals['problemCode'] = problem['code'];
  response
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify({ ...problem, requestId }));
}
