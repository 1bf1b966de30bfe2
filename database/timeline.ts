/** What happened to an enrollment, in order, for ever. Written by the projection. */
import type { Actor } from '../program/enrollmentState';
import { inScope, type Scope } from './enrollments';
import type { Queryable } from './pool';

export interface TimelineRow {
  key: string;
  sequence: number;
  happenedAt: Date;
  recordedAt: Date;
  type: string;
  actor: Actor;
  details: Record<string, unknown>;
}

export async function readTimeline(
  db: Queryable,
  scope: Scope,
  enrollmentId: string,
): Promise<TimelineRow[]> {
  const visible = inScope(scope, 2);
  const result = await db.query(
    `select event_key as key, timeline_event.sequence, happened_at as "happenedAt", recorded_at as "recordedAt", event_type as type,
            jsonb_build_object('role', actor_role, 'id', actor_id) as actor, details
       from timeline_event join enrollment e using (enrollment_id)
      where enrollment_id = $1 and ${visible.sql} order by timeline_event.sequence`,
    [enrollmentId, ...visible.values],
  );
  return result.rows as TimelineRow[];
}

/** Whether a message was applied, for senders that come back after the enrollment has ended. */
export async function messageIsInTimeline(
  db: Queryable,
  enrollmentId: string,
  messageId: string,
): Promise<boolean> {
  const result = await db.query(`select from timeline_event where enrollment_id = $1 and event_key = $2`, [
    enrollmentId,
    messageId,
  ]);
  return result.rowCount === 1;
}
