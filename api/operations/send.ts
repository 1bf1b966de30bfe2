/** Sends a message to an enrollment's workflow and answers with the state that it led to. */
import type { UpdateDefinition } from '@temporalio/common';
import type { EnrollmentRow } from '../../database/enrollments';
import { messageIsInTimeline } from '../../database/timeline';
import { isReasonCode } from '../../program/reasonCodes';
import { statusOf } from '../../program/status';
import type { Message, MessageAnswer } from '../../workflows/messages';
import { actorOf, type Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { Problem, refused, unavailable } from '../problem';
import { readEnrollment } from './readEnrollment';

/** The read model is written before a message is answered; only a database that was away makes it late. */
const READ_MODEL_WAIT_MS = 2_000;

/**
 * Signs the content with the principal and sends it. Throws a Problem unless it was applied; returns the enrollment as it is
 * after it. `isShown` says of a message that changes nothing whether lists show what it says; without it they are waited for.
 */
export async function sendMessage<M extends Message>(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  update: UpdateDefinition<MessageAnswer, [M]>,
  content: Omit<M, keyof Message>,
  { messageId, updateId }: MessageIdentity,
  isShown: (row: EnrollmentRow) => boolean = () => false,
): Promise<EnrollmentRow> {
  // Its workflow may be open again by a reset.
  if (row.supersededBy !== null && !row.state.ending)
    throw new Problem('ENROLLMENT_SUPERSEDED', 'The brand has a later enrollment; nothing was changed.', {
      enrollmentId: row.enrollmentId,
    });
  const message = { ...content, version: 1, messageId, actor: actorOf(principal) } as unknown as M;
  const sent = await context.enrollments.send(row.workflowId, update, message, updateId);
  switch (sent.kind) {
    case 'applied':
      return rowAtSequence(context, principal, row.enrollmentId, sent.answer.sequence);
    case 'refused': {
      if (sent.type === 'ENROLLMENT_ENDED') throw await ended(context, principal, row);
      if (sent.type === 'NOTHING_CHANGED') return unchangedRow(context, principal, row, isShown);
      if (sent.type === 'REPEATED_TOO_OFTEN') throw new Problem(sent.type, sent.message);
      if (sent.type === 'INVALID_MESSAGE') throw new Problem('INVALID_REQUEST', sent.message);
      if (isReasonCode(sent.type)) throw refused(sent.type);
      throw new Error(
        `An enrollment refused a message by an error of its own (${sent.type}): ${sent.message}`,
      );
    }
    case 'try_again': {
      const problem = unavailable('The message was not applied. Send the same request again.', 1);
      problem.newAttempt = true;
      throw problem;
    }
    case 'unavailable':
      throw unavailable(
        'The enrollment cannot be reached just now. Send the same request again, with the same key.',
      );
    case 'paused':
      throw new Problem(
        'ENROLLMENT_PAUSED',
        'An operator has paused the workflow; nothing was changed. Once it goes on, send the request again, with a new key.',
        { enrollmentId: row.enrollmentId },
      );
    case 'not_found':
      // Temporal forgets what has ended when its retention is over; the read model never does.
      if (!(await readEnrollment(context, principal, row.enrollmentId)).state.ending) {
        throw unavailable(
          'The enrollment has not been started yet. Send the same request again, with the same key.',
        );
      }
      return afterTheEnd(context, principal, row, messageId);
    case 'ended':
      return afterTheEnd(context, principal, row, messageId);
  }
}

/** The workflow refuses what it has before PostgreSQL needs to have it: an answer must not show what was before. */
async function unchangedRow(
  context: ApiContext,
  principal: Principal,
  { enrollmentId, workflowId }: EnrollmentRow,
  isShown: (row: EnrollmentRow) => boolean,
): Promise<EnrollmentRow> {
  const row = await readEnrollment(context, principal, enrollmentId);
  if (isShown(row)) return row;
  const sequence = await context.workflows.sequence(workflowId);
  if (sequence !== undefined) return rowAtSequence(context, principal, enrollmentId, sequence);
  throw unavailable(
    'The enrollment has this already, and cannot be read just now. Send the same request again.',
    1,
  );
}

/** Applied before it ended: the sender's first attempt went through, its answer was lost. Otherwise refused. */
async function afterTheEnd(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  messageId: string,
): Promise<EnrollmentRow> {
  if (await messageIsInTimeline(context.database.pool, row.enrollmentId, messageId)) {
    return readEnrollment(context, principal, row.enrollmentId);
  }
  throw await ended(context, principal, row);
}

async function ended(context: ApiContext, principal: Principal, row: EnrollmentRow): Promise<Problem> {
  const { state } = await readEnrollment(context, principal, row.enrollmentId);
  // The process writes its ending before it completes; without one it was stopped from outside.
  if (!state.ending) {
    const detail =
      'The enrollment was stopped; nothing was changed. An admin must look at it and restart it.';
    return new Problem('ENROLLMENT_STOPPED', detail, { enrollmentId: row.enrollmentId });
  }
  return new Problem(
    'ENROLLMENT_ENDED',
    `The enrollment has ended (${statusOf(state)}); nothing was changed.`,
    {
      enrollmentId: row.enrollmentId,
      finalStatus: statusOf(state),
      reasonCodes: state.ending.reasonCodes,
    },
  );
}

async function rowAtSequence(
  context: ApiContext,
  principal: Principal,
  enrollmentId: string,
  sequence: number,
): Promise<EnrollmentRow> {
  const deadline = Date.now() + READ_MODEL_WAIT_MS;
  for (;;) {
    const row = await readEnrollment(context, principal, enrollmentId);
    if (row.sequence >= sequence) return row;
    if (Date.now() > deadline) {
      throw unavailable(
        'The message is applied; its effect cannot be read yet. Send the same request again.',
        2,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
