/**
 * What people decide about an enrollment: hold and release, waive, approve, withdraw. What waives a rule or lets money go
 * is written as a decision first, with its note; the message to the workflow carries the decision's id only.
 */
import { randomUUID } from 'node:crypto';
import { insertDecision } from '../../database/decisions';
import type { EnrollmentRow } from '../../database/enrollments';
import type { Queryable } from '../../database/pool';
import type { Decision, DecisionContent } from '../../program/decision';
import * as messages from '../../workflows/messages';
import { actorOf, type Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import type { ApprovalBody, HoldBody, NoteBody, RequiredNoteBody, WaiverBody } from '../schemas';
import { writeNote } from './notes';
import { sendMessage } from './send';

export async function hold(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  { reasonCode, note }: HoldBody,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  const noteId = await writeNote(context.database.pool, principal, row, note, message);
  const isShown = ({ state }: EnrollmentRow) => state.onHold?.reasonCode === reasonCode;
  return sendMessage(context, principal, row, messages.hold, { reasonCode, noteId }, message, isShown);
}

/** Of the hold as the enrollment shows it, whose reason it lifts: one that comes in between is not released. */
export function release(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  { note }: RequiredNoteBody,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  const { onHold } = row.state;
  const content = { kind: 'release', hold: onHold, reasonCode: onHold?.reasonCode ?? null } as const;
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
  return sendMessage(context, principal, row, messages.withdraw, { noteId }, message);
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
  return sendMessage(context, principal, row, update, { decisionId }, message);
}
