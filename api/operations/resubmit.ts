/** The form again: new data for the brand's one enrollment ("to revise something, resubmit"; FAQ of the program page). */
import { randomUUID } from 'node:crypto';
import type { EnrollmentRow } from '../../database/enrollments';
import { programAtRevision } from '../../database/programs';
import { applyStanding } from '../../database/standingConfirmations';
import { contactIdOf, findSubmission, newestSubmission, type Submission } from '../../database/submissions';
import { resubmit as resubmitUpdate } from '../../workflows/messages';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { invalid } from '../problem';
import type { FormBody } from '../schemas';
import { acceptForm, sameData, submissionFacts, submissionOf } from './form';
import { insertWithKey, keyOnForm } from './partnerApiKey';
import { sendMessage } from './send';

/** Equal data change nothing. The brand's domain is what the enrollment is of, so another domain is refused. */
export async function resubmit(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  form: FormBody,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  const { pool } = context.database;
  const program = await programAtRevision(pool, row.programId, row.state.programRevision);
  if (acceptForm(program!.definition, form) !== row.brandKey) {
    throw invalid([{ pointer: '/brand/storeUrl', message: `must be a URL of ${row.brandKey}` }], 422);
  }
  const { enrollmentId } = row;
  const { messageId } = message;
  const submissionId = `sub_${randomUUID()}`;
  const contactId = (await contactIdOf(pool, enrollmentId, form.contact.email)) ?? submissionId;
  const identity = { submissionId, contactId, enrollmentId, messageId, submittedBy: principal.id };
  const after = async (earlier: Submission | null) => {
    const onForm = await keyOnForm(context, form, earlier, row.state.keyCheck);
    const submission = submissionOf(form, { ...identity, partnerKeyId: onForm.partnerKeyId });
    return { onForm, submission, isRepeated: earlier !== null && sameData(earlier, submission) };
  };
  const newest = (await newestSubmission(pool, enrollmentId)) ?? null;
  const { onForm, submission, isRepeated: isNewest } = await after(newest);
  let repeated = isNewest ? newest : null;
  if (!repeated && newest?.submissionId !== row.state.submission.id) {
    // What was sent last was refused, or is not there yet: the data that the enrollment has are no change, either.
    const current = (await findSubmission(pool, row.state.submission.id)) ?? null;
    if ((await after(current)).isRepeated) repeated = current;
  }
  // An enrollment that has not been started yet will be started with what the row says; what was sent since comes later.
  if (repeated?.submissionId === row.state.submission.id && !row.startedAt) return row;
  // Sent also when it seems to be there already: the read model may show what a lost workflow task wrote, and only the
  // workflow knows. It refuses what it has, which costs nothing.
  const stored =
    repeated ??
    (await context.database.transaction((client) => insertWithKey(client, context, submission, onForm)));
  const content = { submission: submissionFacts(stored) };
  const isShown = ({ state }: EnrollmentRow) => state.submission.id === stored.submissionId;
  const resubmitted = await sendMessage(context, principal, row, resubmitUpdate, content, message, isShown);
  // The form may now have the partner and ad account for which a confirmation stands. If this fails, the loop of batches does it.
  await applyStanding(pool, enrollmentId);
  return resubmitted;
}
