/** What comes of an item: the answer that its request by itself would have had. */
import type { ItemResult } from '../../database/batches';
import type { EnrollmentRow } from '../../database/enrollments';
import { problemOf } from '../problemOf';

/** A problem below 500 is a result; whatever else is thrown goes on to be thrown, and the item is tried again. */
export async function resultOf<Outcome>(work: () => Promise<Outcome>): Promise<Outcome | ItemResult> {
  try {
    return await work();
  } catch (error) {
    // What the database refuses for good (a form after an erasure) is a result as well.
    const { status, code, detail, extra } = problemOf(error);
    if (status >= 500) throw error;
    return { status, code, detail, ...(extra.errors && { errors: extra.errors }) };
  }
}

export function done({ enrollmentId }: EnrollmentRow): ItemResult {
  return { status: 200, enrollmentId };
}
