/** Erases the personal data of an enrollment, once it has ended. Repeated, it erases what has come since. */
import { erasePersonalData } from '../../database/erasure';
import { findEnrollment, type EnrollmentRow } from '../../database/enrollments';
import { programAtRevision } from '../../database/programs';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { Problem } from '../problem';
import type { RequiredNoteBody } from '../schemas';
import { writeDecision } from './decisions';

export async function erase(
  { database }: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  { note }: RequiredNoteBody,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
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
  return (await findEnrollment(database.pool, { kind: 'all' }, enrollmentId))!;
}
