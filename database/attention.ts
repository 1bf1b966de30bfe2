/**
 * What needs the attention of our staff. What only Temporal or a worker sees is written here when it is seen and removed
 * when it is over; refused messages and payouts are read where they stand.
 */
import type { AttentionReason } from '../program/attention';
import { inScope, type Scope } from './enrollments';
import { firstRow, type Queryable } from './pool';

export interface AttentionRow {
  reason: AttentionReason;
  since: Date;
  enrollmentId: string;
  workflowId: string;
  /** What exactly: an activity, a payout key, a kind of message; empty where the reason says it all. */
  subject: string;
}

/** Longer than any look-up of an unclear payout takes on a good day. */
const PAYOUT_UNKNOWN_AFTER = '1 hour';

/** Notes a reason for an enrollment; one that is noted keeps its beginning. */
export async function raiseAttention(
  db: Queryable,
  enrollmentId: string,
  reason: AttentionReason,
  subject = '',
): Promise<void> {
  await db.query(
    `insert into attention (enrollment_id, reason, subject) values ($1, $2, $3) on conflict do nothing`,
    [enrollmentId, reason, subject],
  );
}

/** The same for whoever knows the workflow only; a workflow that is no enrollment's is left out. */
export async function raiseForWorkflow(
  db: Queryable,
  workflowId: string,
  reason: AttentionReason,
  subject: string,
): Promise<void> {
  await db.query(
    `insert into attention (enrollment_id, reason, subject)
     select enrollment_id, $2, $3 from enrollment where workflow_id = $1 on conflict do nothing`,
    [workflowId, reason, subject],
  );
}

export async function settleForWorkflow(
  db: Queryable,
  workflowId: string,
  reason: AttentionReason,
  subject: string,
): Promise<void> {
  await db.query(
    `delete from attention a using enrollment e
      where e.enrollment_id = a.enrollment_id and e.workflow_id = $1 and a.reason = $2 and a.subject = $3`,
    [workflowId, reason, subject],
  );
}

/** What a comparison has found of one enrollment; reasons that it names nowhere stay as they are. */
export interface Noticed {
  stands: readonly AttentionReason[];
  over: readonly AttentionReason[];
  /** Activities that fail still; undefined if nobody knows. */
  retrying?: readonly string[];
}

/**
 * Notes what stands and removes what is over. Who reports an activity also takes it back; one that was given up is taken
 * back here.
 */
export async function noteComparison(
  db: Queryable,
  enrollmentId: string,
  { stands, over, retrying }: Noticed,
): Promise<void> {
  await db.query(
    `with gone as (delete from attention
                    where enrollment_id = $1
                      and (reason = any($3) or (reason = 'ACTIVITY_RETRYING' and subject <> all($4::text[]))))
     insert into attention (enrollment_id, reason, subject)
     select $1, reason, '' from unnest($2::text[]) as standing(reason) on conflict do nothing`,
    [enrollmentId, stands, over, retrying ?? null],
  );
}

/** The workflows that a reason holds for now: others lose it. */
export async function replaceAttention(
  db: Queryable,
  reason: AttentionReason,
  workflowIds: readonly string[],
): Promise<void> {
  await db.query(
    `with holding as (select enrollment_id from enrollment where workflow_id = any($2)),
          gone as (delete from attention
                    where reason = $1 and enrollment_id not in (select enrollment_id from holding))
     insert into attention (enrollment_id, reason, subject)
     select enrollment_id, $1, '' from holding on conflict do nothing`,
    [reason, workflowIds],
  );
}

/** The replaced workflows that are open now, each beside the one that goes on with its enrollment, or with its brand. */
export async function noteReplacedOpen(db: Queryable, workflowIds: readonly string[]): Promise<void> {
  await db.query(
    `with standing as (select enrollment_id, payload->>'replacedWorkflowId' as subject from decision
                        where kind = 'restart' and payload->>'replacedWorkflowId' = any($1)
                       union
                       select enrollment_id, workflow_id from enrollment
                        where superseded_by is not null and workflow_id = any($1)),
          gone as (delete from attention where reason = 'REPLACED_RUN_OPEN' and subject <> all($1))
     insert into attention (enrollment_id, reason, subject)
     select enrollment_id, 'REPLACED_RUN_OPEN', subject from standing on conflict do nothing`,
    [workflowIds],
  );
}

/** All that needs attention, wherever it stands. */
const NEEDS = `
  select a.reason, a.since, a.enrollment_id, a.subject
    from attention a join enrollment o using (enrollment_id)
   where (o.state->'ending' = 'null'::jsonb and o.superseded_by is null)
      or a.reason in ('REPLACED_RUN_OPEN', 'RESET_LOST_MESSAGE')
  union all
  select 'MESSAGE_REFUSED', min(t.recorded_at), t.enrollment_id, t.details->>'message'
    from timeline_event t
   where t.event_type = 'message_refused'
     and not exists (select from attention_dismissal d
                      where d.enrollment_id = t.enrollment_id and d.event_key = t.event_key)
   group by t.enrollment_id, t.details->>'message'
  union all
  -- Another attempt, or an end, is what became of a refused payout.
  select 'PAYOUT_REFUSED', p.settled_at, p.enrollment_id, p.payout_key
    from payout p join enrollment paying using (enrollment_id)
   where p.state = 'refused' and paying.state->'ending' = 'null'::jsonb
     and not exists (select from payout later
                      where later.enrollment_id = p.enrollment_id and later.frozen_at > p.frozen_at)
  union all
  select 'PAYOUT_UNKNOWN', p.submitted_at, p.enrollment_id, p.payout_key
    from payout p
   where p.state in ('submitting', 'pending', 'unknown')
     and p.submitted_at < now() - interval '${PAYOUT_UNKNOWN_AFTER}'`;

/**
 * In the scope, oldest first, at most `limit`, with the count of all. What is noted of an enrollment that has ended is over, but for
 * a workflow of it that is open still, and for what a reset has lost.
 */
export async function listAttention(
  db: Queryable,
  scope: Scope,
  limit: number,
): Promise<{ rows: AttentionRow[]; total: number }> {
  const visible = inScope(scope, 2);
  const result = await db.query(
    `select reason, since, enrollment_id as "enrollmentId", e.workflow_id as "workflowId", subject,
            count(*) over ()::int as total
       from (${NEEDS}) needs join enrollment e using (enrollment_id)
      where ${visible.sql}
      order by since, reason, enrollment_id, subject limit $1`,
    [limit, ...visible.values],
  );
  const rows = result.rows as (AttentionRow & { total: number })[];
  return { rows: rows.map(({ total: _, ...row }) => row), total: rows[0]?.total ?? 0 };
}

/** How many entries the list has, by reason. */
export async function countAttention(db: Queryable): Promise<[string, number][]> {
  const result = await db.query(
    `select reason, count(*)::int as count from (${NEEDS}) needs group by reason`,
  );
  return (result.rows as { reason: string; count: number }[]).map(({ reason, count }) => [reason, count]);
}

/** Takes the refused messages of an enrollment off the list, and those that a reset has lost; says how many there were. */
export async function dismissMessages(
  db: Queryable,
  scope: Scope,
  enrollmentId: string,
  by: string,
): Promise<number> {
  const visible = inScope(scope, 3);
  const result = await db.query(
    `with seen as (select enrollment_id from enrollment e where enrollment_id = $1 and ${visible.sql}),
          refused as (insert into attention_dismissal (enrollment_id, event_key, dismissed_by)
                      select enrollment_id, event_key, $2 from timeline_event join seen using (enrollment_id)
                       where event_type = 'message_refused' on conflict do nothing returning 1),
          lost as (delete from attention
                    where reason = 'RESET_LOST_MESSAGE' and enrollment_id in (select enrollment_id from seen) returning 1)
     select ((select count(*) from refused) + (select count(*) from lost))::int as dismissed`,
    [enrollmentId, by, ...visible.values],
  );
  return firstRow<{ dismissed: number }>(result)!.dismissed;
}
