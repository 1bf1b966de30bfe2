/**
 * What people decide about an enrollment: hold and release, waive, approve, withdraw. What waives a rule or lets money go
 * is written as a decision first, with its note; the message to the workflow carries the decision's id only.
 */
import { randomUUID } from 'node:crypto';
import { insertDecision } from '../../database/decisions';
import type { EnrollmentRow } from '../../database/enrollments';
import { insertNote } from '../../database/notes';
import type { Queryable } from '../../database/pool';
import type { Decision, DecisionContent } from '../../program/decision';
import * as messages from '../../workflows/messages';
import { actorOf, type Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import type { ApprovalBody, HoldBody, NoteBody, RequiredNoteBody, WaiverBody } from '../schemas';
import { sendMessage } from './send';

export async function hold(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  { reasonCode, note }: HoldBody,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  const noteId = await writeNote(context.database.pool, principal, row, note, message);
  const { messageId } = message;
  const held = { version: 1, messageId, actor: actorOf(principal), reasonCode, noteId } as const;
  return sendMessage(context, row, messages.hold, held, message);
}

/** Of the hold as the enrollment shows it: one that comes in between is not released. */
export function release(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  { note }: RequiredNoteBody,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  const content = { kind: 'release', hold: row.state.onHold, reasonCode: null } as const;
  return decide(context, principal, row, messages.release, content, note, message);
}

export function waive(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  { criterion, reasonCode, note }: WaiverBody,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  const content = { kind: 'waive', criterion, reasonCode } as const;
  return decide(context, principal, row, messages.waive, content, note, message);
}

/** On the credit of the statement that the approver has seen. */
export function decideApproval(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  { outcome, statementId, reasonCode, note }: ApprovalBody,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  const content = { kind: 'approval', outcome, statementId, reasonCode: reasonCode ?? null } as const;
  return decide(context, principal, row, messages.decideApproval, content, note, message);
}

export async function withdraw(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  { note }: NoteBody,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  const noteId = await writeNote(context.database.pool, principal, row, note, message);
  const { messageId } = message;
  const withdrawal = { version: 1, messageId, actor: actorOf(principal), noteId } as const;
  return sendMessage(context, row, messages.withdraw, withdrawal, message);
}

/** Writes a decision with its note and returns its id; the same message again finds the decision that it made. */
export async function writeDecision(
  db: Queryable,
  principal: Principal,
  row: EnrollmentRow,
  content: DecisionContent,
  note: string | undefined,
  message: MessageIdentity,
): Promise<string> {
  const noteId = await writeNote(db, principal, row, note, message);
  const decision: Decision = {
    ...content,
    decisionId: `dec_${randomUUID()}`,
    enrollmentId: row.enrollmentId,
    by: actorOf(principal),
  };
  return insertDecision(db, message.messageId, decision, noteId);
}

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

async function decide(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  update: typeof messages.release,
  content: DecisionContent,
  note: string | undefined,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  const decisionId = await context.database.transaction((db) =>
    writeDecision(db, principal, row, content, note, message),
  );
  const { messageId } = message;
  const decided = { version: 1, messageId, actor: actorOf(principal), decisionId } as const;
  return sendMessage(context, row, update, decided, message);
}
