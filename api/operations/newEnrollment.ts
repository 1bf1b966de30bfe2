/** Lets a brand enroll again, after its enrollment has ended without a credit: "one submission per brand" otherwise. */
import type { EnrollmentRow } from '../../database/enrollments';
import { barToSuccessor, type BarToSuccessor } from '../../database/successors';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { Problem } from '../problem';
import type { ProblemCode } from '../problemCodes';
import type { RequiredNoteBody } from '../schemas';
import { writeDecision } from './decisions';
import { readEnrollment } from './readEnrollment';

/** What refuses the permission. The form itself comes from the brand's caller, with an authorization of its own. */
const BARS: Record<BarToSuccessor, [code: ProblemCode, detail: string]> = {
  open: ['ENROLLMENT_OPEN', 'The enrollment has not ended; resubmit its form to change something.'],
  superseded: ['ENROLLMENT_SUPERSEDED', 'The brand has a later enrollment; read supersededBy.'],
  credited: [
    'ENROLLMENT_CREDITED',
    'A credit of this enrollment was paid or may have been; its brand gets no other.',
  ],
};

/** From now on the next form of the brand makes a new enrollment. */
export async function permitNewEnrollment(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  { note }: RequiredNoteBody,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  const { enrollmentId } = row;
  await context.database.transaction(async (db) => {
    const bar = await barToSuccessor(db, enrollmentId);
    if (bar) throw new Problem(...BARS[bar], { enrollmentId });
    const content = { kind: 'new_enrollment', reasonCode: null } as const;
    await writeDecision(db, principal, row, content, note, message);
  });
  return readEnrollment(context, principal, enrollmentId);
}
