/** Sends a message to an enrollment's workflow and answers with the state that it led to. */
import type { UpdateDefinition } from '@temporalio/common';
import { findEnrollment, type EnrollmentRow } from '../../database/enrollments';
import { messageIsInTimeline } from '../../database/timeline';
import { REASONS } from '../../program/reasonCodes';
import { statusOf } from '../../program/status';
import type { MessageAnswer } from '../../workflows/messages';
import type { ApiContext, MessageIdentity } from '../context';
import { Problem, unavailable } from '../problem';

/** The read model is written before a message is answered; only a database that was away makes it late. */
const READ_MODEL_WAIT_MS = 2_000;

/** Throws a Problem unless the message was applied; returns the enrollment as it is after it. */
export async function sendMessage<M>(
  context: ApiContext,
  row: EnrollmentRow,
  update: UpdateDefinition<MessageAnswer, [M]>,
  message: M,
  { messageId, updateId }: MessageIdentity,
): Promise<EnrollmentRow> {
  const sent = await context.enrollments.send(row.workflowId, update, message, updateId);
  switch (sent.kind) {
    case 'applied':
      return rowAtSequence(context, row.enrollmentId, sent.answer.sequence);
    case 'refused': {
      if (sent.type === 'ENROLLMENT_ENDED') throw await ended(context, row);
      const status = sent.type === 'INVALID_MESSAGE' ? 400 : 409;
      throw new Problem(
        status,
        sent.type,
        sent.type in REASONS ? REASONS[sent.type as keyof typeof REASONS] : sent.message,
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
    case 'ended':
      // Applied before it ended: the sender's first attempt went through, its answer was lost.
      if (await messageIsInTimeline(context.database.pool, row.enrollmentId, messageId)) {
        return currentRow(context, row.enrollmentId);
      }
      throw await ended(context, row);
    case 'not_started':
      throw unavailable(
        'The enrollment has not been started yet. Send the same request again, with the same key.',
      );
  }
}

async function ended(context: ApiContext, row: EnrollmentRow): Promise<Problem> {
  const { state } = await currentRow(context, row.enrollmentId);
  return new Problem(
    409,
    'ENROLLMENT_ENDED',
    `The enrollment has ended (${statusOf(state)}); nothing was changed.`,
    {
      enrollmentId: row.enrollmentId,
      finalStatus: statusOf(state),
      reasonCodes: state.ending?.reasonCodes ?? [],
    },
  );
}

async function rowAtSequence(
  context: ApiContext,
  enrollmentId: string,
  sequence: number,
): Promise<EnrollmentRow> {
  const deadline = Date.now() + READ_MODEL_WAIT_MS;
  for (;;) {
    const row = await currentRow(context, enrollmentId);
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

async function currentRow({ database }: ApiContext, enrollmentId: string): Promise<EnrollmentRow> {
  const row = await findEnrollment(database.pool, { kind: 'all' }, enrollmentId);
  if (!row) throw new Error(`Enrollment ${enrollmentId} is gone.`);
  return row;
}
