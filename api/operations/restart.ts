/**
 * Restarts an open enrollment whose workflow was stopped or deleted: from its recorded facts, under the next workflow id,
 * as the same enrollment. The payout rows know what was sent to the rail, so nothing is paid twice.
 */
import { openReadModel } from '../../database/comparison';
import { hasDecided } from '../../database/decisions';
import type { EnrollmentRow } from '../../database/enrollments';
import { enqueueStart } from '../../database/outbox';
import { moveToWorkflow } from '../../database/resumption';
import { nextWorkflowId } from '../../temporal/workflowId';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { Problem, unavailable } from '../problem';
import type { RestartBody } from '../schemas';
import { writeDecision } from './decisions';
import { readEnrollment } from './readEnrollment';
import { OUTBOX_HEAD_START_MS, startEnrollment } from './startEnrollment';
import { askStopped, bringUpToDate } from './stoppedWorkflow';

/** 200: it goes on. 202: it will be started. */
export type Restarted = { status: 200 | 202; row: EnrollmentRow };

export async function restart(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  { note, lastKnown: allowLastKnown = false }: RestartBody,
  message: MessageIdentity,
): Promise<Restarted> {
  const { database } = context;
  const { enrollmentId } = row;
  // A retry of a request whose answer was lost.
  if (await hasDecided(database.pool, message.messageId)) return goOn(context, principal, row);
  requireStarted(row);
  const before = await openReadModel(database.pool, enrollmentId);
  if (!before) throw changed(enrollmentId);
  const recorded = await askStopped(context, before, allowLastKnown);

  const { workflowId: from } = before;
  const { lastKnown } = recorded;
  const hasMoved = await database.transaction(async (db) => {
    if (!(await bringUpToDate(db, before, recorded)))
      throw unavailable('The enrollment was changed at this moment. Send the same request again.', 1);
    // It had come to its end already: that is kept, and nothing is left to restart.
    if (recorded.newer?.projection.state.ending) return false;
    if (!(await moveToWorkflow(db, enrollmentId, { from, to: nextWorkflowId(from) })))
      throw changed(enrollmentId);
    const content = { kind: 'restart', reasonCode: null, replacedWorkflowId: from, lastKnown } as const;
    await writeDecision(db, principal, row, content, note, message);
    await enqueueStart(db, enrollmentId, OUTBOX_HEAD_START_MS);
    return true;
  });
  if (!hasMoved) throw ended(enrollmentId);
  return goOn(context, principal, row);
}

async function goOn(
  context: ApiContext,
  principal: Principal,
  { enrollmentId }: EnrollmentRow,
): Promise<Restarted> {
  const read = () => readEnrollment(context, principal, enrollmentId);
  const row = await read();
  const started = row.startedAt !== null || (await startEnrollment(context, row));
  return { status: started ? 200 : 202, row: await read() };
}

function requireStarted({ enrollmentId, state, startedAt }: EnrollmentRow): void {
  if (state.ending) throw ended(enrollmentId);
  if (!startedAt)
    throw new Problem(
      'ENROLLMENT_NOT_STARTED',
      'The enrollment is about to be started. Wait a moment and look again.',
      { enrollmentId },
    );
}

function ended(enrollmentId: string): Problem {
  const detail = 'The enrollment has ended; there is nothing to restart.';
  return new Problem('ENROLLMENT_ENDED', detail, { enrollmentId });
}

function changed(enrollmentId: string): Problem {
  const detail = 'The enrollment was restarted or has ended at this moment. Look at it again.';
  return new Problem('ENROLLMENT_CHANGED', detail, { enrollmentId });
}
