/** Starts the workflow of an enrollment that is committed: what fails here is done by the outbox. */
import { raiseAttention } from '../../database/attention';
import { markStarted, type EnrollmentRow } from '../../database/enrollments';
import { readClock } from '../../database/programs';
import { readResumption } from '../../database/resumption';
import { WorkflowIdTaken } from '../../temporal/enrollments';
import { TemporalUnavailable } from '../../temporal/unavailable';
import type { ApiContext } from '../context';

/** The API starts the workflow itself; the outbox looks after it this much later. */
export const OUTBOX_HEAD_START_MS = 10_000;

/** False if it cannot be started now; the outbox starts it later. */
export async function startEnrollment(context: ApiContext, row: EnrollmentRow): Promise<boolean> {
  const { database, enrollments, logger } = context;
  const { enrollmentId } = row;
  // Read after the commit: whoever adjusts the clock from now on finds the enrollment and wakes it.
  const clock = await readClock(database.pool, row.programId);
  const resumption = await readResumption(database.pool, enrollmentId);
  try {
    await enrollments.start({ ...row, clock: clock ?? [], resumption });
  } catch (error) {
    if (error instanceof WorkflowIdTaken)
      await raiseAttention(database.pool, enrollmentId, 'WORKFLOW_ID_TAKEN');
    else if (!(error instanceof TemporalUnavailable)) throw error;
    logger.warn({ enrollmentId, err: error }, 'the enrollment cannot be started now; the outbox will do it');
    return false;
  }
  await markStarted(database.pool, enrollmentId, row.workflowId);
  return true;
}
