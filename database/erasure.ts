/** Erases the personal data of an enrollment that has ended; facts and money stay. The database has the rules (migration 0001). */
import { firstRow, type Queryable } from './pool';

/** False if it has not ended. `freeTexts` are the questions whose answers are free text. */
export async function erasePersonalData(
  db: Queryable,
  enrollmentId: string,
  freeTexts: readonly string[],
): Promise<boolean> {
  const result = await db.query('select erase_personal_data($1, $2) as "isErased"', [
    enrollmentId,
    freeTexts,
  ]);
  return firstRow<{ isErased: boolean }>(result)!.isErased;
}
