/** Work that must happen after a commit, at least once: starting an enrollment's workflow, waking one. */
import type { Queryable } from './pool';

export interface OutboxRow {
  outboxId: string;
  kind: 'start' | 'wake';
  enrollmentId: string;
  attempts: number;
}

/** The API starts the workflow itself right after its commit; the outbox row is there in case it cannot. */
export async function enqueueStart(db: Queryable, enrollmentId: string, delayMs: number): Promise<void> {
  await db.query(
    `insert into outbox (kind, enrollment_id, due_at) values ('start', $1, now() + $2 * interval '1 millisecond')`,
    [enrollmentId, delayMs],
  );
}

/** Wakes every open enrollment of a program: its clock was adjusted. */
export async function enqueueWakes(db: Queryable, programId: string): Promise<number> {
  const result = await db.query(
    `insert into outbox (kind, enrollment_id)
     select 'wake', enrollment_id from enrollment
      where program_id = $1 and state->'ending' = 'null'::jsonb and superseded_by is null`,
    [programId],
  );
  return result.rowCount ?? 0;
}

/**
 * Takes due rows for the time of a lease: whoever dies while working on them leaves them to another worker. Rows that
 * another worker is taking at this moment are skipped.
 */
export async function claimDue(db: Queryable, limit: number, leaseMs: number): Promise<OutboxRow[]> {
  const result = await db.query(
    `update outbox set due_at = now() + $2 * interval '1 millisecond', attempts = attempts + 1
      where outbox_id in (
        select outbox_id from outbox where due_at <= now() order by due_at limit $1 for update skip locked)
      returning outbox_id as "outboxId", kind, enrollment_id as "enrollmentId", attempts`,
    [limit, leaseMs],
  );
  return result.rows as OutboxRow[];
}

export async function finishOutboxRow(db: Queryable, outboxId: string): Promise<void> {
  await db.query(`delete from outbox where outbox_id = $1`, [outboxId]);
}

export async function retryOutboxRow(
  db: Queryable,
  outboxId: string,
  error: string,
  delayMs: number,
): Promise<void> {
  await db.query(
    `update outbox set last_error = $2, due_at = now() + $3 * interval '1 millisecond' where outbox_id = $1`,
    [outboxId, error.slice(0, 500), delayMs],
  );
}
