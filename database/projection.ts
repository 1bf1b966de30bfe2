/**
 * The read model of an enrollment, written by its workflow.
 *
 * The write may come from a workflow task that is lost afterwards and done again, perhaps with other messages; or from a
 * run that begins in the middle of the one before (a reset). So a write whose events begin with sequence n replaces all
 * that was written with n or more, timeline included. Runs are ordered by their start: an older one is late and ignored.
 */
import type { EnrollmentState } from '../program/enrollmentState';
import { raiseAttention } from './attention';
import { listColumns } from './listColumns';
import { firstRow, type Queryable } from './pool';
import { forgetUnsent, makeDeliveries, type WrittenEvent } from './webhookEvents';

export interface ProjectionWrite {
  workflowId: string;
  runId: string;
  /** Epoch ms, as the run itself knows it: one that a reset made believes that it started when the first one did. */
  runStartedAt: number;
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

/** `ignored`: of an older run. `other_run`: another run wrote last, and only Temporal's start of this one decides. */
export type Written = 'written' | 'ignored' | 'other_run';

/**
 * Call it inside a transaction. `isInTime` is asked once the row is locked, when every later write must wait for this
 * one: a write that is late by then is refused, since a later one may be there already. `exactStart` is when the run
 * started (epoch ms) as Temporal knows it.
 */
export async function writeProjection(
  db: Queryable,
  write: ProjectionWrite,
  isInTime: () => boolean = () => true,
  exactStart?: number,
): Promise<Written> {
  const { workflowId, runId, sequence, state, events } = write;
  const { enrollmentId } = state;
  const row = firstRow<{
    workflowId: string;
    runId: string | null;
    startedAt: number | null;
    hasLost: boolean;
  }>(
    await db.query(
      `select workflow_id as "workflowId", run_id as "runId",
              extract(epoch from run_started_at)::float8 * 1000 as "startedAt",
              exists (select from attention a
                       where a.enrollment_id = e.enrollment_id and a.reason = 'RESET_LOST_MESSAGE') as "hasLost"
         from enrollment e where enrollment_id = $1 for update`,
      [enrollmentId],
    ),
  );
  if (!row) throw new Error(`There is no enrollment ${enrollmentId} to project to.`);
  // A workflow that was stopped, and replaced by a restart, may have an attempt under way.
  if (row.workflowId !== workflowId) return 'ignored';
  if (row.runId !== null && row.runId !== runId) {
    if (exactStart === undefined) return 'other_run';
    if (row.startedAt !== null && exactStart <= row.startedAt) return 'ignored';
  }
  if (!isInTime()) throw new Error(`Entry ${sequence} of ${enrollmentId} came too late to be written.`);

  const startedAt = exactStart ?? (row.runId === runId ? row.startedAt : null) ?? write.runStartedAt;
  const list = listColumns(state);
  await db.query(
    `update enrollment
        set run_id = $2, run_started_at = to_timestamp($8::float8 / 1000), sequence = $3, state = $4, status = $5,
            calculation_month = $6, survey_partner = $7, waiting_for = $9, reason_codes = $10,
            started_at = coalesce(started_at, now()), updated_at = now()
      where enrollment_id = $1`,
    [
      enrollmentId,
      runId,
      sequence,
      JSON.stringify(state),
      list.status,
      list.calculationMonth,
      list.surveyPartner,
      startedAt,
      list.waitingFor,
      list.reasonCodes,
    ],
  );
  const first = Math.min(sequence + 1, ...events.map((event) => event.sequence));
  // What is written again keeps the time at which it was first recorded.
  const undone = await db.query(
    `delete from timeline_event where enrollment_id = $1 and sequence >= $2 and event_key <> all($3)
     returning event_key as key, event_type as type, actor_role as "actorRole"`,
    [enrollmentId, first, events.map(({ key }) => key)],
  );
  const gone = undone.rows as UndoneEvent[];
  if (gone.length > 0)
    await forgetUnsent(
      db,
      enrollmentId,
      gone.map(({ key }) => key),
    );
  // A lost task of the same run was never answered; what another run had taken was.
  if (row.runId !== null && row.runId !== runId) await noteLost(db, enrollmentId, gone);
  if (events.length === 0) return 'written';
  // One message may have been refused twice under one id: the later event stands, and an insert takes each row once.
  const written = await db.query(
    `insert into timeline_event (enrollment_id, run_id, event_key, sequence, happened_at, event_type, actor_role,
       actor_id, details)
     select distinct on (e.key)
            $1, $2, e.key, e.sequence, to_timestamp(e.at / 1000.0), e.type, e.actor->>'role', e.actor->>'id', e.details
       from jsonb_to_recordset($3::jsonb) as e(key text, sequence int, at float8, type text, actor jsonb, details jsonb)
      order by e.key, e.sequence desc
     on conflict (enrollment_id, event_key) do update
       set run_id = excluded.run_id, sequence = excluded.sequence, happened_at = excluded.happened_at,
           event_type = excluded.event_type, actor_role = excluded.actor_role, actor_id = excluded.actor_id,
           details = excluded.details
     -- Of a row that was there, xmax is this transaction.
     returning event_key as key, sequence, event_type as type,
       extract(epoch from happened_at)::float8 * 1000 as at, xmax = 0 as "isNew"`,
    [enrollmentId, runId, JSON.stringify(events)],
  );
  if (row.hasLost) await noteTakenAgain(db, enrollmentId, written.rows as WrittenEvent[]);
  await makeDeliveries(db, state, written.rows as WrittenEvent[]);
  return 'written';
}

interface UndoneEvent {
  key: string;
  type: string;
  actorRole: string;
}

/** What people and systems had sent is gone with a reset, unless the new run takes it again. */
async function noteLost(db: Queryable, enrollmentId: string, gone: readonly UndoneEvent[]): Promise<void> {
  const lost = gone.filter(({ actorRole, type }) => actorRole !== 'service' && type !== 'message_refused');
  for (const event of lost) await raiseAttention(db, enrollmentId, 'RESET_LOST_MESSAGE', subjectOf(event));
}

async function noteTakenAgain(
  db: Queryable,
  enrollmentId: string,
  taken: readonly WrittenEvent[],
): Promise<void> {
  await db.query(
    `delete from attention where enrollment_id = $1 and reason = 'RESET_LOST_MESSAGE' and subject = any($2)`,
    [enrollmentId, taken.map(subjectOf)],
  );
}

function subjectOf({ type, key }: Pick<UndoneEvent, 'type' | 'key'>): string {
  return `${type} ${key}`;
}
