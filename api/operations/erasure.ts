/** Erases the personal data of an enrollment, once it has ended. Repeated, it erases what has come since. */
import { erasePersonalData } from '../../database/erasure';
import type { EnrollmentRow } from '../../database/enrollments';
import { programAtRevision } from '../../database/programs';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { Problem } from '../problem';
import type { RequiredNoteBody } from '../schemas';
import { writeDecision } from './decisions';
import { readEnrollment } from './readEnrollment';

export async function erase(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  { note }: RequiredNoteBody,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  const { database } = context;
  const { enrollmentId, programId, state } = row;
  const program = await programAtRevision(database.pool, programId, state.programRevision);
  const { questions } = program!.definition.questionnaire;
  const freeTexts = questions.filter(({ type }) => type === 'text').map(({ id }) => id);
  await database.transaction(async (db) => {
    if (!(await erasePersonalData(db, enrollmentId, freeTexts)))
      throw new Problem('ENROLLMENT_OPEN', 'The enrollment has not ended; withdraw it first.', {
        enrollmentId,
      });
    // After it: this note says why, and is to stay.
    await writeDecision(db, principal, row, { kind: 'erasure', reasonCode: null }, note, message);
  });
  return readEnrollment(context, principal, enrollmentId);
}
