/** Starts enrollments and sends them messages; says in our own words what came of it. */
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { ApplicationFailure, TypedSearchAttributes, type UpdateDefinition } from '@temporalio/common';
import type { ProgramClock } from '../program/clock';
import type { EnrollmentState } from '../program/enrollmentState';
import {
  CALCULATION_MONTH,
  ENROLLMENT_STATUS,
  ENROLLMENT_WORKFLOW,
  PROGRAM_ID,
  SURVEY_PARTNER,
  wake,
  type EnrollmentInput,
  type MessageAnswer,
  type Resumed,
} from '../workflows/messages';
import { payoutTaskQueue } from './taskQueues';
import { isPaused, isUnavailable, TemporalUnavailable, unavailableOr } from './unavailable';

/** Time for all tries that the SDK makes of a call while Temporal is away. */
const CALL_TIMEOUT_MS = 8_000;
/** Shorter: nobody needs to wait for a start, the outbox makes up for it. */
const START_TIMEOUT_MS = 4_000;
/** Shorter than the probes of those who supervise the API. */
const PING_TIMEOUT_MS = 800;
const TRIES_OF_UNPROCESSED = 3;
/**
 * Temporal asks for a sign of life after four fifths of it, and a message that came in the meantime would be replayed at
 * another place: so it is far longer than all local activities of a task may take (workflows/journal.ts). The price: the
 * task of a worker that dies is given to another one only after it.
 */
const WORKFLOW_TASK_TIMEOUT = '20 seconds';

/** The workflow id of an enrollment belongs to a workflow of somebody else. */
export class WorkflowIdTaken extends Error {
  override readonly name = 'WorkflowIdTaken';
}

/** What came of a message. */
export type Sent =
  | { kind: 'applied'; answer: MessageAnswer }
  /** The workflow refused it; `type` is a reason code or another refusal type of workflows/messages. */
  | { kind: 'refused'; type: string; message: string }
  /** It did not reach the workflow, or not to the end; the same message may be sent again under a new update id. */
  | { kind: 'try_again' }
  /** Nobody can say now whether it will be applied: the same message with the same update id finds out. */
  | { kind: 'unavailable' }
  | { kind: 'ended' }
  /** By an operator. */
  | { kind: 'paused' }
  /** Not started yet, or ended so long ago that its history is gone. */
  | { kind: 'not_found' };

/** An enrollment as PostgreSQL holds it, with its program's clock. */
export interface EnrollmentToStart {
  workflowId: string;
  brandKey: string;
  state: EnrollmentState;
  clock: ProgramClock;
  /** After a restart. */
  resumption: Pick<Resumed, 'sequence' | 'applied' | 'restartedBy'> | undefined;
}

export interface EnrollmentClient {
  /** Starts the workflow, or finds that it was started; throws TemporalUnavailable, WorkflowIdTaken. */
  start(enrollment: EnrollmentToStart): Promise<void>;
  send<M>(
    workflowId: string,
    update: UpdateDefinition<MessageAnswer, [M]>,
    message: M,
    updateId: string,
  ): Promise<Sent>;
  /** Tells the workflow to read its program's clock again; throws TemporalUnavailable. An ended one needs nothing. */
  wake(workflowId: string): Promise<void>;
  /** Whether Temporal answers; for readiness. */
  ping(): Promise<void>;
}

export function createEnrollmentClient(client: Client, options: { taskQueue: string }): EnrollmentClient {
  const timed = <T>(call: () => Promise<T>, timeoutMs = CALL_TIMEOUT_MS) =>
    client.withDeadline(Date.now() + timeoutMs, call);

  /** Undefined if Temporal does not know it. */
  const describe = async (workflowId: string) => {
    try {
      return await timed(() => client.workflow.getHandle(workflowId).describe());
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw unavailableOr(error);
    }
  };
  /** Throws WorkflowIdTaken unless the workflow of this id is the enrollment's. */
  const requireOwner = async (workflowId: string, enrollmentId: string): Promise<void> => {
    const run = await describe(workflowId);
    if (!run) throw new TemporalUnavailable('The workflow was removed at this moment.');
    if (run.type === ENROLLMENT_WORKFLOW && run.memo?.['enrollmentId'] === enrollmentId) return;
    throw new WorkflowIdTaken(
      `The workflow ${workflowId} is not that of ${enrollmentId}. Find out who started it, and remove it.`,
    );
  };

  return {
    async start(enrollment) {
      const { workflowId, brandKey } = enrollment;
      const input = startInput(enrollment, payoutTaskQueue(options.taskQueue));
      const { surveyPartner } = input.submission;
      try {
        const startIt = () =>
          client.workflow.start(ENROLLMENT_WORKFLOW, {
            workflowId,
            taskQueue: options.taskQueue,
            workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
            args: [input],
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            // Also while it is open: whose it is has to be looked at.
            workflowIdConflictPolicy: 'FAIL',
            memo: { enrollmentId: input.enrollmentId },
            staticSummary: `${brandKey} · ${surveyPartner} · ${input.enrollmentId}`,
            typedSearchAttributes: new TypedSearchAttributes([
              { key: PROGRAM_ID, value: input.programId },
              { key: SURVEY_PARTNER, value: surveyPartner },
              { key: CALCULATION_MONTH, value: input.period.month },
              { key: ENROLLMENT_STATUS, value: 'open' },
            ]),
          });
        await timed(startIt, START_TIMEOUT_MS);
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw unavailableOr(error);
        await requireOwner(workflowId, input.enrollmentId);
      }
    },

    async send(workflowId, update, message, updateId) {
      const handle = client.workflow.getHandle(workflowId);
      for (let triesLeft = TRIES_OF_UNPROCESSED - 1; ; triesLeft -= 1) {
        try {
          const answer = await timed(() => handle.executeUpdate(update, { args: [message], updateId }));
          return { kind: 'applied', answer };
        } catch (error) {
          if (triesLeft === 0 || !isUnprocessed(error)) return failedToSend(error);
        }
      }
    },

    async wake(workflowId) {
      try {
        await timed(() => client.workflow.getHandle(workflowId).signal(wake));
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return;
        throw unavailableOr(error);
      }
    },

    async ping() {
      await timed(() => client.workflowService.getSystemInfo({}), PING_TIMEOUT_MS);
    },
  };
}

function startInput({ state, clock, resumption }: EnrollmentToStart, payoutQueue: string): EnrollmentInput {
  const { enrollmentId, programId, programRevision, terms, submission, enrolledOn, period, makers } = state;
  return {
    version: 1,
    enrollmentId,
    programId,
    programRevision,
    terms,
    submission,
    enrolledOn,
    period,
    makers,
    clock,
    payoutTaskQueue: payoutQueue,
    ...(resumption && { resumed: { ...resumption, state, unwritten: [], repeated: 0 } }),
  };
}

/**
 * Updates that come closely together are sometimes lost between two workflow tasks of the worker (seen with SDK 1.24.0: 1
 * of 30 at once); Temporal then refuses them itself. Nothing is recorded of them, so they are sent again as they are.
 */
function isUnprocessed(error: unknown): boolean {
  return (
    error instanceof WorkflowUpdateFailedError &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === 'UnprocessedUpdate'
  );
}

function failedToSend(error: unknown): Sent {
  if (isUnprocessed(error)) return { kind: 'unavailable' };
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause } = error;
    if (cause instanceof ApplicationFailure) {
      // Ours have a type of our own; Temporal's own ones say that the run went on or ended under the Update.
      if (cause.type === 'TRY_AGAIN' || cause.type === 'AcceptedUpdateCompletedWorkflow')
        return { kind: 'try_again' };
      return { kind: 'refused', type: cause.type ?? 'INVALID_MESSAGE', message: cause.message };
    }
    return { kind: 'try_again' };
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return { kind: 'unavailable' };
  if (error instanceof WorkflowNotFoundError) {
    return /already completed/i.test(error.message) ? { kind: 'ended' } : { kind: 'not_found' };
  }
  if (isPaused(error)) return { kind: 'paused' };
  if (isUnavailable(error)) return { kind: 'unavailable' };
  throw error;
}
