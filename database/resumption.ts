/** From which facts an enrollment starts: none yet, or, after a restart, those that its stopped workflow has recorded. */
import type { Actor } from '../program/enrollmentState';
import { firstRow, type Queryable } from './pool';

export interface Resumption {
  sequence: number;
  /** Ids of messages and decisions that count already. */
  applied: string[];
  restartedBy: Actor;
}

/** Undefined unless the enrollment was restarted and its new workflow has not written yet. */
export async function readResumption(db: Queryable, enrollmentId: string): Promise<Resumption | undefined> {
  const result = await db.query(
    `select e.sequence, d.decided_by as "restartedBy",
            array(select id from timeline_event t
                   cross join lateral (values (t.event_key), ('decision:' || (t.details->>'decisionId'))) ids(id)
                   where t.enrollment_id = e.enrollment_id and t.actor_role <> 'service'
                     and t.event_type <> 'message_refused' and id is not null) as applied
       from enrollment e
       join lateral (select decided_by from decision
                      where enrollment_id = e.enrollment_id and kind = 'restart'
                      order by decided_at desc limit 1) d on true
      where e.enrollment_id = $1 and e.run_id is null and e.sequence > 0`,
    [enrollmentId],
  );
  return firstRow<Resumption>(result);
}

/**
 * Whether this workflow has lost its say for good: a restart has put another one in its place, or its brand has a later
 * enrollment. Somebody may have reset it since.
 */
export async function isReplaced(db: Queryable, enrollmentId: string, workflowId: string): Promise<boolean> {
  const result = await db.query(
    `select from enrollment e
      where enrollment_id = $1
        and (superseded_by is not null
             or exists (select from decision d
                         where d.enrollment_id = e.enrollment_id and d.kind = 'restart'
                           and d.payload->>'replacedWorkflowId' = $2))`,
    [enrollmentId, workflowId],
  );
  return result.rowCount === 1;
}

/** The workflows that restarts have replaced, or later enrollments of the brand; of each the latest ones. */
export async function replacedWorkflows(db: Queryable, limit: number): Promise<string[]> {
  const result = await db.query(
    `(select payload->>'replacedWorkflowId' as "workflowId" from decision
       where kind = 'restart' order by decided_at desc limit $1)
     union
     (select workflow_id from enrollment where superseded_by is not null order by updated_at desc limit $1)`,
    [limit],
  );
  return (result.rows as { workflowId: string }[]).map(({ workflowId }) => workflowId);
}

/**
 * Gives an open enrollment another workflow id, under which it is to be started again. Call it inside a transaction; false
 * when somebody has done so at this moment, or it has ended.
 */
export async function moveToWorkflow(
  db: Queryable,
  enrollmentId: string,
  move: { from: string; to: string },
): Promise<boolean> {
  const result = await db.query(
    `update enrollment set workflow_id = $3, run_id = null, run_started_at = null, started_at = null, updated_at = now()
      where enrollment_id = $1 and workflow_id = $2 and state->'ending' = 'null'::jsonb and superseded_by is null`,
    [enrollmentId, move.from, move.to],
  );
  if (result.rowCount !== 1) return false;
  // What was noted is noted of the workflow that was left.
  await db.query(`delete from attention where enrollment_id = $1 and reason <> 'RESET_LOST_MESSAGE'`, [
    enrollmentId,
  ]);
  return true;
}
