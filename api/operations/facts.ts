/** The facts that are reported from outside: the survey partner's word and the questionnaire. */
import { randomUUID } from 'node:crypto';
import type { EnrollmentRow } from '../../database/enrollments';
import { programAtRevision, readClock } from '../../database/programs';
import { insertAnswers } from '../../database/questionnaire';
import { endStanding } from '../../database/standingConfirmations';
import { programTime } from '../../program/clock';
import { judgeAnswers } from '../../program/questionnaire';
import * as messages from '../../workflows/messages';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { invalid, pointerTo, Problem } from '../problem';
import type { ConfirmationBody, NoteBody, QuestionnaireBody, RejectionBody } from '../schemas';
import { writeNote } from './notes';
import { sendMessage } from './send';
import { REPLACED } from './standingEnds';

export async function confirmPartner(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  body: ConfirmationBody,
  message: MessageIdentity,
  /** When it was said, in epoch ms of real time, if that was before the brand enrolled. */
  saidAt?: number,
): Promise<EnrollmentRow> {
  const word = wordOf(row, body);
  if (saidAt === undefined)
    return sendMessage(context, principal, row, messages.confirmPartner, word, message);
  const clock = await readClock(context.database.pool, row.programId);
  const standing = { ...word, statedAt: programTime(clock ?? [], saidAt) };
  return sendMessage(context, principal, row, messages.confirmPartner, standing, message);
}

/**
 * What the partner has confirmed of the brand, for whatever ad account, does not stand any more, either; also when the
 * enrollment itself is not rejected, because it has another ad account or is over.
 */
export async function rejectPartner(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  body: RejectionBody,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  const { reasonCode = 'PARTNER_REJECTED' } = body;
  const rejection = { ...wordOf(row, body), reasonCode };
  const { brandKey, surveyPartner, programId } = row;
  const brand = { brandKey, surveyPartner, programId, forTestClocks: principal.testClocksOnly };
  let rejected: EnrollmentRow;
  try {
    rejected = await sendMessage(context, principal, row, messages.rejectPartner, rejection, message);
  } catch (error) {
    if (isOfAnotherAccountOrOver(error)) await endStanding(context.database.pool, brand, REPLACED);
    throw error;
  }
  await endStanding(context.database.pool, brand, REPLACED);
  return rejected;
}

function isOfAnotherAccountOrOver(error: unknown): boolean {
  return (
    error instanceof Problem && (error.code === 'SUBMISSION_SUPERSEDED' || error.code === 'ENROLLMENT_ENDED')
  );
}

function wordOf(
  { state }: EnrollmentRow,
  { advertiserId, criteria }: ConfirmationBody,
): Omit<messages.PartnerWordMessage, keyof messages.Message> {
  return {
    advertiserId,
    // As the sender could see it: of one that comes in between nothing is said.
    submissionId: state.submission.id,
    ...(criteria && { criteria }),
  };
}

/** The answers stay in PostgreSQL; the workflow learns that they are there. */
export async function completeQuestionnaire(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  { answers }: QuestionnaireBody,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  const { pool } = context.database;
  const program = await programAtRevision(pool, row.programId, row.state.programRevision);
  const findings = judgeAnswers(program!.definition.questionnaire.questions, answers);
  const errors = findings.map(({ questionId, message }) => ({
    pointer: pointerTo(['answers', questionId]),
    message,
  }));
  if (errors.length > 0) throw invalid(errors, 422);
  const answersId = await insertAnswers(pool, {
    answersId: `ans_${randomUUID()}`,
    enrollmentId: row.enrollmentId,
    messageId: message.messageId,
    answers,
    receivedBy: principal.id,
  });
  return sendMessage(context, principal, row, messages.completeQuestionnaire, { answersId }, message);
}

/** The answers were not enough: the advertiser has to answer again. */
export async function reopenQuestionnaire(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  { note }: NoteBody,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  const noteId = await writeNote(context.database.pool, principal, row, note, message);
  return sendMessage(context, principal, row, messages.reopenQuestionnaire, { noteId }, message);
}
