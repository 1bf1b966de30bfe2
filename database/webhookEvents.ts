/**
 * Events for webhooks, made in the transaction of the timeline that they tell of: what was committed is sent, and nothing
 * else. No row for an enrollment that nobody subscribes to.
 */
import type { EnrollmentState } from '../program/enrollmentState';
import { statusOf } from '../program/status';
import type { Queryable } from './pool';

/** An event of the timeline as it was written just now. */
export interface WrittenEvent {
  key: string;
  sequence: number;
  /** Epoch ms on the program's clock. */
  at: number;
  type: string;
  /** False for one that the timeline had before. */
  isNew: boolean;
}

/** Call it after the enrollment's row and timeline are written. */
export async function makeDeliveries(
  db: Queryable,
  state: EnrollmentState,
  events: readonly WrittenEvent[],
): Promise<void> {
  const told = events.map((event) => ({ ...event, body: bodyOf(state, event) }));
  const added = told.filter(({ isNew }) => isNew);
  const rewritten = told.filter(({ isNew }) => !isNew);
  if (added.length > 0) {
    await db.query(
      `insert into webhook_delivery (delivery_id, subscription_id, enrollment_id, event_key, event_type, body, due_at)
       select 'msg_' || replace(gen_random_uuid()::text, '-', ''), s.subscription_id, $1, e.key, 'enrollment.' || e.type,
              e.body, now()
         from enrollment n
         join webhook_subscription s
           on s.audience in ('all', 'owner ' || n.owner, 'partner ' || n.survey_partner) and s.disabled_at is null
         join jsonb_to_recordset($2::jsonb) as e(key text, type text, body text)
           on s.events && array['enrollment.*', 'enrollment.' || e.type]
        where n.enrollment_id = $1
          and (not s.for_test_clocks
               or exists (select from program p where p.program_id = n.program_id and p.clock <> '[]'))
       on conflict (subscription_id, enrollment_id, event_key) do nothing`,
      [state.enrollmentId, JSON.stringify(added)],
    );
  }
  if (rewritten.length > 0) {
    // A task was lost and done again. What was sent meanwhile stays as it was sent.
    await db.query(
      `update webhook_delivery d set body = e.body
         from jsonb_to_recordset($2::jsonb) as e(key text, body text)
        where d.enrollment_id = $1 and d.event_key = e.key and d.attempts = 0 and d.body <> e.body`,
      [state.enrollmentId, JSON.stringify(rewritten)],
    );
  }
}

/** They did not happen after all: nobody is told. */
export async function forgetUnsent(
  db: Queryable,
  enrollmentId: string,
  eventKeys: readonly string[],
): Promise<void> {
  await db.query(
    `delete from webhook_delivery where enrollment_id = $1 and event_key = any($2) and attempts = 0`,
    [enrollmentId, eventKeys],
  );
}

/** Ids, codes and dates only: whoever wants more reads the enrollment. */
function bodyOf(state: EnrollmentState, { type, at, sequence }: WrittenEvent): string {
  return JSON.stringify({
    type: `enrollment.${type}`,
    timestamp: new Date(Math.round(at)).toISOString(),
    data: {
      enrollmentId: state.enrollmentId,
      programId: state.programId,
      status: statusOf(state),
      calculationMonth: state.period.month,
      sequence,
    },
  });
}
