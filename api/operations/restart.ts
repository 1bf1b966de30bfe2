/**
 * Restarts an open enrollment whose workflow was stopped or deleted: from its recorded facts, under the next workflow id,
 * as the same enrollment. The payout rows know what was sent to the rail, so nothing is paid twice.
 */
import { hasDecided } from '../../database/decisions';
import { findEnrollment, type EnrollmentRow } from '../../database/enrollments';
import { enqueueStart } from '../../database/outbox';
import { moveToWorkflow } from '../../database/resumption';
import { TemporalUnavailable, type Standing } from '../../temporal/enrollments';
import { nextWorkflowId } from '../../temporal/workflowId';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { Problem, unavailable } from '../problem';
import type { ProblemCode } from '../problemCodes';
import type { RequiredNoteBody } from '../schemas';
import { writeDecision } from './decisions';
import { OUTBOX_HEAD_START_MS, startEnrollment } from './startEnrollment';

/** 200: it goes on. 202: it will be started. */
export type Restarted = { status: 200 | 202; row: EnrollmentRow };

export async function restart(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  { note }: RequiredNoteBody,
  message: MessageIdentity,
): Promise<Restarted> {
  const { database } = context;
  const { enrollmentId, workflowId } = row;
  // A retry of a request whose answer was lost.
  if (await hasDecided(database.pool, message.messageId)) return goOn(context, row);
  await requireStopped(context, row);
  await database.transaction(async (db) => {
    const to = nextWorkflowId(workflowId);
    if (!(await moveToWorkflow(db, enrollmentId, { from: workflowId, to })))
      throw new Problem(
        409,
        'ENROLLMENT_CHANGED',
        'The enrollment was restarted or has ended at this moment. Look at it again.',
        { enrollmentId },
      );
    await writeDecision(db, principal, row, { kind: 'restart', reasonCode: null }, note, message);
    await enqueueStart(db, enrollmentId, OUTBOX_HEAD_START_MS);
  });
  return goOn(context, row);
}

async function goOn(context: ApiContext, { enrollmentId }: EnrollmentRow): Promise<Restarted> {
  const read = async () => (await findEnrollment(context.database.pool, { kind: 'all' }, enrollmentId))!;
  const row = await read();
  const started = row.startedAt !== null || (await startEnrollment(context, row));
  return { status: started ? 200 : 202, row: await read() };
}

async function requireStopped({ enrollments }: ApiContext, row: EnrollmentRow): Promise<void> {
  const { enrollmentId, workflowId } = row;
  const refuse = (code: ProblemCode, detail: string) => new Problem(409, code, detail, { enrollmentId });
  if (row.state.ending)
    throw refuse('ENROLLMENT_ENDED', 'The enrollment has ended; there is nothing to restart.');
  if (!row.startedAt)
    throw refuse(
      'ENROLLMENT_NOT_STARTED',
      'The enrollment is about to be started. Wait a moment and look again.',
    );
  const refusals: Partial<Record<Standing, Problem>> = {
    open: refuse('ENROLLMENT_OPEN', 'The workflow of the enrollment is open; nothing has to be restarted.'),
    ended: refuse(
      'ENROLLMENT_ENDED',
      'The workflow has come to its end, and lists show it within minutes. Look at the enrollment again.',
    ),
  };
  const refusal = refusals[await standing(enrollments, workflowId)];
  if (refusal) throw refusal;
}

async function standing(enrollments: ApiContext['enrollments'], workflowId: string): Promise<Standing> {
  try {
    return await enrollments.standing(workflowId);
  } catch (error) {
    if (error instanceof TemporalUnavailable)
      throw unavailable('Temporal does not answer just now. Send the same request again, with the same key.');
    throw error;
  }
}
