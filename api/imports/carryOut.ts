/** Carries out a row of an import: the brand is enrolled as if the giver of the file had sent its form. The outbox starts it. */
import { earlierRowWaits, takeTurns } from '../../database/imports';
import { resultOf } from '../batches/itemResult';
import type { KindOfBatch } from '../batches/kind';
import { createEnrollment } from '../operations/createEnrollment';
import { unavailable } from '../problem';
import { bodyOf, type WaitingForm } from './importedItem';

export const imported: KindOfBatch<WaitingForm> = {
  operation: () => 'createEnrollment',
  atOnce: 4,
  turns: ({ database, importStartsPerSecond }, most) => takeTurns(database.pool, importStartsPerSecond, most),
  async carryOut(context, item) {
    const { batchId, position, principal, content } = item;
    const { row, brandKey } = content;
    // The rows of a brand have an order, and the last of them is to hold.
    if (brandKey !== null && (await earlierRowWaits(context.database.pool, { batchId, position, brandKey })))
      throw unavailable('An earlier row of the same brand is not done yet.');
    const result = await resultOf(async () => {
      const body = bodyOf(context, item, content);
      const { status, row: enrollment } = await createEnrollment(context, principal, body, item, 'by_outbox');
      return { status, enrollmentId: enrollment.enrollmentId };
    });
    return { ...result, row };
  },
};
