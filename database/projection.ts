/**
 * The read model of an enrollment, written by its workflow.
 *
 * The write may come from a workflow task that is lost afterwards and done again, perhaps with other messages; or from a
 * run that begins in the middle of the one before (a reset). So a write whose events begin with sequence n replaces all
 * that was written with n or more, timeline included. A run that wrote before the current one is late and ignored.
 */
import type { EnrollmentState } from '../program/enrollmentState';
import { statusOf } from '../program/status';
import { firstRow, type Queryable } from './pool';

export interface ProjectionWrite {
  runId: string;
  sequence: number;
  state: EnrollmentState;
  events: {
    key: string;
    sequence: number;
    at: number;
    type: string;
    actor: { role: string; id: string };
    details: Record<string, unknown>;
  }[];
}

/**
 * Call it inside a transaction. `isInTime` is asked once the row is locked, when every later write must wait for this
 * one: a write that is late by then is refused, since a later one may be there already.
 */
export async function writeProjection(
  db: Queryable,
  write: ProjectionWrite,
  isInTime: () => boolean = () => true,
): Promise<void> {
  const { runId, sequence, state, events } = write;
  const { enrollmentId } = state;
  const row = firstRow<{ runId: string | null; earlierRunIds: string[] }>(
    await db.query(
      `select run_id as "runId", earlier_run_ids as "earlierRunIds" from enrollment where enrollment_id = $1 for update`,
      [enrollmentId],
    ),
  );
  if (!row) throw new Error(`There is no enrollment ${enrollmentId} to project to.`);
  if (row.earlierRunIds.includes(runId)) return;
  if (!isInTime()) throw new Error(`Entry ${sequence} of ${enrollmentId} came too late to be written.`);

  await db.query(
    `update enrollment
        set run_id = $2, sequence = $3, state = $4, status = $5, calculation_month = $6, survey_partner = $7,
            earlier_run_ids = case when run_id <> $2 then earlier_run_ids || run_id else earlier_run_ids end,
            started_at = coalesce(started_at, now()), updated_at = now()
      where enrollment_id = $1`,
    [
      enrollmentId,
      runId,
      sequence,
      JSON.stringify(state),
      statusOf(state),
      state.period.month,
      state.submission.surveyPartner,
    ],
  );
  const first = Math.min(sequence + 1, ...events.map((event) => event.sequence));
  await db.query(`delete from timeline_event where enrollment_id = $1 and sequence >= $2`, [
    enrollmentId,
    first,
  ]);
  if (events.length === 0) return;
  // One message may have been refused twice under one id: the later event stands, and an insert takes each row once.
  await db.query(
    `insert into timeline_event (enrollment_id, run_id, event_key, sequence, happened_at, event_type, actor_role,
       actor_id, details)
     select distinct on (e.key)
            $1, $2, e.key, e.sequence, to_timestamp(e.at / 1000.0), e.type, e.actor->>'role', e.actor->>'id', e.details
       from jsonb_to_recordset($3::jsonb) as e(key text, sequence int, at float8, type text, actor jsonb, details jsonb)
      order by e.key, e.sequence desc
     on conflict (enrollment_id, event_key) do update
       set run_id = excluded.run_id, sequence = excluded.sequence, happened_at = excluded.happened_at,
           event_type = excluded.event_type, actor_role = excluded.actor_role, actor_id = excluded.actor_id,
           details = excluded.details`,
    [enrollmentId, runId, JSON.stringify(events)],
  );
}
