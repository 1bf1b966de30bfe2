/** Free text about an enrollment: it stays in PostgreSQL, messages carry its id. */
import { randomUUID } from 'node:crypto';
import type { EnrollmentRow } from '../../database/enrollments';
import { insertNote } from '../../database/notes';
import type { Queryable } from '../../database/pool';
import type { Principal } from '../authentication';
import type { MessageIdentity } from '../context';

/** The id of the stored note; null if none was given. */
export async function writeNote(
  db: Queryable,
  principal: Principal,
  { enrollmentId }: EnrollmentRow,
  note: string | undefined,
  { messageId }: MessageIdentity,
): Promise<string | null> {
  if (note === undefined) return null;
  const noteId = `note_${randomUUID()}`;
  return insertNote(db, { noteId, enrollmentId, messageId, body: note, writtenBy: principal.id });
}
