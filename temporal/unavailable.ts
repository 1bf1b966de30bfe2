/** Whether a failed call says that Temporal is away, or busy: what passes by itself. */
import { isGrpcServiceError } from '@temporalio/client';

/** gRPC status codes. */
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;
const FAILED_PRECONDITION = 9;
const ABORTED = 10;
const UNAVAILABLE = 14;

export class TemporalUnavailable extends Error {
  override readonly name = 'TemporalUnavailable';
}

/** Limits, closing and not-ready workflows, time-outs and a server that is away: all pass by themselves. */
export function isUnavailable(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (!isGrpcServiceError(current)) continue;
    return [
      CANCELLED,
      DEADLINE_EXCEEDED,
      RESOURCE_EXHAUSTED,
      FAILED_PRECONDITION,
      ABORTED,
      UNAVAILABLE,
    ].includes(current.code);
  }
  return false;
}

/** An operator has paused the workflow: Temporal takes no Update for it until somebody unpauses it. */
export function isPaused(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    // Not by its status: what is not ready yet has the same one.
    if (isGrpcServiceError(current)) return /workflow is paused/i.test(current.details);
  }
  return false;
}

/** The error to throw: TemporalUnavailable for what passes by itself, else as it is. */
export function unavailableOr(error: unknown): unknown {
  return isUnavailable(error)
    ? new TemporalUnavailable('Temporal does not answer.', { cause: error })
    : error;
}
