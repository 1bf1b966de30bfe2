/** Free text that people write. Rows are never changed, only erased; messages and histories carry their id only. */
import { firstRow, type Queryable } from './pool';

/** Stores a note and returns its id; the same message again returns the id that it got the first time. */
export async function insertNote(
  db: Queryable,
  note: { noteId: string; enrollmentId: string; messageId: string; body: string; writtenBy: string },
): Promise<string> {
  const inserted = firstRow<{ id: string }>(
    await db.query(
      `insert into note (note_id, enrollment_id, message_id, body, written_by)
       values ($1, $2, $3, $4, $5) on conflict (message_id) do nothing returning note_id as id`,
      [note.noteId, note.enrollmentId, note.messageId, note.body, note.writtenBy],
    ),
  );
  if (inserted) return inserted.id;
  // A statement of its own: it also sees the row of a rival that the insert has waited for.
  const existing = await db.query(`select note_id as id from note where message_id = $1`, [note.messageId]);
  return firstRow<{ id: string }>(existing)!.id;
}
