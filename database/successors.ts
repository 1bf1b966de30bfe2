/** A brand's later enrollment, made with an admin's permission after the one before has ended without a credit. */
import { liveCredit } from './payouts';
import { firstRow, type Queryable } from './pool';

/** What stands against a later enrollment of the brand. */
export type BarToSuccessor = 'open' | 'superseded' | 'credited';

/** Locks the enrollment: call it inside a transaction. Null if nothing stands against a later one. */
export async function barToSuccessor(db: Queryable, enrollmentId: string): Promise<BarToSuccessor | null> {
  const row = firstRow<{ supersededBy: string | null; hasEnded: boolean }>(
    await db.query(
      `select superseded_by as "supersededBy", state->'ending' <> 'null'::jsonb as "hasEnded"
         from enrollment where enrollment_id = $1 for update`,
      [enrollmentId],
    ),
  );
  if (!row?.hasEnded) return 'open';
  if (row.supersededBy !== null) return 'superseded';
  // A statement of its own: a payout that was frozen while this one waited for the lock is seen, too.
  return (await liveCredit(db, enrollmentId)) ? 'credited' : null;
}

/** Whether an admin has permitted a later enrollment of the brand, and no credit has come since. */
export async function permitsSuccessor(db: Queryable, enrollmentId: string): Promise<boolean> {
  const result = await db.query(
    `select from decision where enrollment_id = $1 and kind = 'new_enrollment' limit 1`,
    [enrollmentId],
  );
  return result.rowCount === 1 && !(await liveCredit(db, enrollmentId));
}

/** Makes room for the brand's later enrollment, which has to be inserted in the same transaction. */
export async function supersede(db: Queryable, enrollmentId: string, successorId: string): Promise<void> {
  await db.query(`update enrollment set superseded_by = $2, updated_at = now() where enrollment_id = $1`, [
    enrollmentId,
    successorId,
  ]);
}
