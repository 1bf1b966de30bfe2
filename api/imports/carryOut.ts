/** Carries out a row of an import: the brand is enrolled as if the giver of the file had sent its form. The outbox starts it. */
import { earlierRowWaits, takeTurns } from '../../database/imports';
import type { KindOfBatch } from '../batches/kinds';
import { createEnrollment } from '../operations/createEnrollment';
import { Problem, unavailable } from '../problem';
import { bodyOf, type WaitingForm } from './importedItem';

export const imported: KindOfBatch<WaitingForm> = {
  operation: () => 'createEnrollment',
  turns: ({ database, importStartsPerSecond }, most) => takeTurns(database.pool, importStartsPerSecond, most),
  async carryOut(context, item) {
    const { batchId, position, principal, content } = item;
    const { row, brandKey } = content;
    // The rows of a brand have an order, and the last of them is to hold.
    if (brandKey !== null && (await earlierRowWaits(context.database.pool, { batchId, position, brandKey })))
      throw unavailable('An earlier row of the same brand is not done yet.');
    try {
      const body = bodyOf(context, item, content);
      const { status, row: enrollment } = await createEnrollment(context, principal, body, item, 'by_outbox');
      return { status, enrollmentId: enrollment.enrollmentId, row };
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500) throw error;
      const { status, code, detail, extra } = error;
      return { status, code, detail, ...(extra.errors && { errors: extra.errors }), row };
    }
  },
};
