/** Erases personal data of enrollments that have ended. Repeated, it erases what has come since. */
import type { z } from 'zod';
import { erasePersonalData } from '../../database/erasure';
import { enrollmentsOfContact, type EnrollmentRow } from '../../database/enrollments';
import { keepAnswerOfMessage } from '../../database/idempotency';
import type { Queryable } from '../../database/pool';
import { programAtRevision } from '../../database/programs';
import type * as answers from '../answers';
import type { Audit } from '../audit';
import { scopeOf, type Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { ownerOf } from '../idempotency';
import { Problem } from '../problem';
import type { ContactErasureBody, RequiredNoteBody } from '../schemas';
import { writeDecision } from './decisions';
import { readEnrollment } from './readEnrollment';

type ContactErasure = z.infer<typeof answers.contactErasure>;

/** Few enough for one transaction; whoever is the contact of more asks again. */
const MOST_AT_ONCE = 200;

export const WITHDRAW_FIRST = 'It has not ended: withdraw it, then send a new request.';

export async function erase(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  { note }: RequiredNoteBody,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  const { enrollmentId } = row;
  const isErased = await context.database.transaction((db) => eraseOne(db, principal, row, note, message));
  if (!isErased)
    throw new Problem('ENROLLMENT_OPEN', 'The enrollment has not ended; withdraw it first.', {
      enrollmentId,
    });
  return readEnrollment(context, principal, enrollmentId);
}

/**
 * Of every enrollment of the contact. Afterwards nothing is left to find them by, so what is answered is kept with the
 * change; so are the entries in the audit of each.
 */
export function eraseContact(
  { database }: ApiContext,
  principal: Principal,
  { contactEmail, note }: ContactErasureBody,
  message: MessageIdentity,
  audit: Audit,
): Promise<ContactErasure> {
  const { messageId } = message;
  return database.transaction(async (db) => {
    const found = await enrollmentsOfContact(db, scopeOf(principal), contactEmail, MOST_AT_ONCE + 1);
    // In one order, whoever else erases them at this moment.
    const rows = found
      .slice(0, MOST_AT_ONCE)
      .sort((one, other) => (one.enrollmentId < other.enrollmentId ? -1 : 1));
    const items: ContactErasure['items'] = [];
    for (const row of rows) {
      const { enrollmentId } = row;
      // Its note and decision are this message's, for this enrollment.
      const ofOne = { ...message, messageId: `${messageId}:${enrollmentId}` };
      const isErased = await eraseOne(db, principal, row, note, ofOne);
      if (isErased) await audit.answered(db, messageId, { status: 200, about: { enrollmentId } });
      items.push(
        isErased
          ? { enrollmentId, outcome: 'erased', whatToDo: null }
          : { enrollmentId, outcome: 'open', whatToDo: WITHDRAW_FIRST },
      );
    }
    const body = { items, more: found.length > rows.length };
    await keepAnswerOfMessage(db, { owner: ownerOf(principal), messageId }, { status: 200, body });
    return body;
  });
}

/** False if it has not ended. */
async function eraseOne(
  db: Queryable,
  principal: Principal,
  row: EnrollmentRow,
  note: string,
  message: MessageIdentity,
): Promise<boolean> {
  const { enrollmentId, programId, state } = row;
  const program = await programAtRevision(db, programId, state.programRevision);
  const { questions } = program!.definition.questionnaire;
  const freeTexts = questions.filter(({ type }) => type === 'text').map(({ id }) => id);
  if (!(await erasePersonalData(db, enrollmentId, freeTexts))) return false;
  // After it: this note says why, and is to stay.
  await writeDecision(db, principal, row, { kind: 'erasure', reasonCode: null }, note, message);
  return true;
}
