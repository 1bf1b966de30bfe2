/** Decisions of people that waive a rule or let money go. Rows are never changed. */
import type { Decision } from '../program/decision';
import { firstRow, type Queryable } from './pool';

/** Writes a decision once for each message and returns its id, that of the first attempt if there was one. */
export async function insertDecision(
  db: Queryable,
  messageId: string,
  decision: Decision,
  noteId: string | null,
): Promise<string> {
  const { decisionId, enrollmentId, kind, by, reasonCode, ...payload } = decision;
  const inserted = firstRow<{ id: string }>(
    await db.query(
      `insert into decision (decision_id, enrollment_id, message_id, kind, payload, reason_code, note_id, decided_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (message_id) do nothing returning decision_id as id`,
      [
        decisionId,
        enrollmentId,
        messageId,
        kind,
        JSON.stringify(payload),
        reasonCode,
        noteId,
        JSON.stringify(by),
      ],
    ),
  );
  if (inserted) return inserted.id;
  const existing = await db.query(`select decision_id as id from decision where message_id = $1`, [
    messageId,
  ]);
  return firstRow<{ id: string }>(existing)!.id;
}

export async function findDecision(db: Queryable, decisionId: string): Promise<Decision | undefined> {
  const row = firstRow<{ decision: Decision }>(
    await db.query(
      `select payload || jsonb_build_object('decisionId', decision_id, 'enrollmentId', enrollment_id, 'kind', kind,
                'by', decided_by, 'reasonCode', reason_code) as decision
         from decision where decision_id = $1`,
      [decisionId],
    ),
  );
  return row?.decision;
}

/** Whether a message has brought a decision, for senders whose answer was lost. */
export async function hasDecided(db: Queryable, messageId: string): Promise<boolean> {
  const result = await db.query('select from decision where message_id = $1', [messageId]);
  return result.rowCount === 1;
}
