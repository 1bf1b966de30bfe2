/** What is sent to subscriptions: the log for their owners, and the queue for the worker that sends. */
import { newestFirst, type Page, type PageRequest } from './pages';
import { firstRow, type Queryable } from './pool';
import {
  disableSubscription,
  inSubscriptionScope,
  type DisabledReason,
  type SubscriptionScope,
} from './webhookSubscriptions';

export interface DeliveryRow {
  /** The webhook-id. */
  deliveryId: string;
  eventType: string;
  /** Null for a test. */
  enrollmentId: string | null;
  status: 'pending' | 'delivered' | 'failed';
  attempts: number;
  madeAt: Date;
  /** The next attempt; while one is made, the time at which it is taken for lost. */
  dueAt: Date | null;
  lastAttemptAt: Date | null;
  lastStatus: number | null;
  lastError: string | null;
}

/** What whoever sends it needs. */
export interface DueDelivery {
  deliveryId: string;
  subscriptionId: string;
  /** Whose the subscription is: their deliveries share what can be sent at once. */
  owner: string;
  url: string;
  body: string;
  attempts: number;
  /** Since the first of these attempts. */
  failingForMs: number;
}

const COLUMNS = `delivery_id as "deliveryId", event_type as "eventType", enrollment_id as "enrollmentId", status, attempts,
  made_at as "madeAt", due_at as "dueAt", last_attempt_at as "lastAttemptAt", last_status as "lastStatus",
  last_error as "lastError"`;

export function listDeliveries(
  db: Queryable,
  scope: SubscriptionScope,
  { subscriptionId, status }: { subscriptionId: string; status?: DeliveryRow['status'] | undefined },
  page: PageRequest,
): Promise<Page<DeliveryRow>> {
  const { sql, values } = inSubscriptionScope(scope, 3);
  const list = {
    columns: COLUMNS,
    from: 'webhook_delivery join webhook_subscription s using (subscription_id)',
    where: `subscription_id = $1 and ($2::text is null or status = $2) and ${sql}`,
    values: [subscriptionId, status ?? null, ...values],
    at: 'made_at',
    id: 'delivery_id',
  };
  return newestFirst(db, list, page);
}

/** What tells of no enrollment: due at once. The one that is there if it was made before. */
export async function insertTest(
  db: Queryable,
  delivery: { deliveryId: string; subscriptionId: string; eventType: string; body: string },
): Promise<DeliveryRow> {
  const { deliveryId, subscriptionId, eventType, body } = delivery;
  const result = await db.query(
    `insert into webhook_delivery (delivery_id, subscription_id, event_type, body, due_at) values ($1, $2, $3, $4, now())
     on conflict (delivery_id) do update set body = webhook_delivery.body returning ${COLUMNS}`,
    [deliveryId, subscriptionId, eventType, body],
  );
  return firstRow<DeliveryRow>(result)!;
}

/** Due now, with all its time anew. Undefined if there is none of this id. */
export async function deliverAgain(
  db: Queryable,
  scope: SubscriptionScope,
  subscriptionId: string,
  deliveryId: string,
): Promise<DeliveryRow | undefined> {
  const { sql, values } = inSubscriptionScope(scope, 3);
  const result = await db.query(
    `update webhook_delivery d set status = 'pending', begun_at = now(), due_at = now(), ended_at = null
       from webhook_subscription s
      where s.subscription_id = d.subscription_id and ${sql} and d.subscription_id = $1 and d.delivery_id = $2
     returning ${COLUMNS}`,
    [subscriptionId, deliveryId, ...values],
  );
  return firstRow<DeliveryRow>(result);
}

/**
 * Takes due deliveries for the time of a lease, as database/outbox.ts does; of no subscription more than
 * `perSubscription`, those under way included. `free` is how many more may be under way. Whoever has fewest under way
 * comes first, and nobody gets more than what is left to the others: of two whose receivers all hang each has a third of
 * it, however much waits. An event has to have stood for `standingMs`: a lost workflow task may take it back (database/projection.ts).
 */
export async function claimDeliveries(
  db: Queryable,
  options: {
    free: number;
    perSubscription: number;
    underWay: readonly DueDelivery[];
    standingMs: number;
    leaseMs: number;
  },
): Promise<DueDelivery[]> {
  const { free, perSubscription, underWay, standingMs, leaseMs } = options;
  const result = await db.query(
    `with of_subscription as (
       select next.delivery_id, next.due_at, s.url, s.owner,
              s.under_way + row_number() over (partition by s.subscription_id order by next.due_at) as place
         from (select *, concat(audience, ' ', for_test_clocks) as owner,
                      coalesce(($3::jsonb ->> subscription_id)::int, 0) as under_way
                 from webhook_subscription where disabled_at is null) s
         cross join lateral (
           select delivery_id, due_at from webhook_delivery
            where subscription_id = s.subscription_id and due_at <= now()
              and (attempts > 0 or event_key is null or made_at <= now() - $5 * interval '1 millisecond')
            order by due_at
            limit greatest(0, $2 - s.under_way)
              for update skip locked) next)
     , of_owner as (
       select *, coalesce(($4::jsonb ->> owner)::int, 0)
                 + row_number() over (partition by owner order by place, due_at) as share
         from of_subscription)
     , due as (select *, $1 + 1 - row_number() over (order by share, due_at) as left_for_others from of_owner)
     update webhook_delivery d
        set due_at = now() + $6 * interval '1 millisecond', attempts = attempts + 1, last_attempt_at = now(),
            -- What was not tried has not been failing, however long the workers were away.
            begun_at = case when attempts = 0 then now() else begun_at end
       from due
      where d.delivery_id = due.delivery_id and due.share <= due.left_for_others
      returning d.delivery_id as "deliveryId", d.subscription_id as "subscriptionId", due.owner, due.url, d.body, d.attempts,
        extract(epoch from now() - d.begun_at)::float8 * 1000 as "failingForMs"`,
    [
      free,
      perSubscription,
      countsOf(underWay.map(({ subscriptionId }) => subscriptionId)),
      countsOf(underWay.map(({ owner }) => owner)),
      standingMs,
      leaseMs,
    ],
  );
  return result.rows as DueDelivery[];
}

function countsOf(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return JSON.stringify(Object.fromEntries(counts));
}

/** It was received, whatever else was noted of it meanwhile. */
export async function recordDelivered(
  db: Queryable,
  { deliveryId, subscriptionId }: DueDelivery,
  status: number,
): Promise<void> {
  await db.query(
    `with delivered as (
       update webhook_delivery
          set status = 'delivered', due_at = null, ended_at = now(), last_status = $3, last_error = null
        where delivery_id = $1)
     update webhook_subscription set last_delivered_at = now()
      where subscription_id = $2 and (last_delivered_at is null or last_delivered_at < now() - interval '1 minute')`,
    [deliveryId, subscriptionId, status],
  );
}

export interface FailedAttempt {
  /** Of the answer; null if there was none. */
  status: number | null;
  /** A code, no free text of the receiver. */
  error: string;
}

/** This attempt has failed and there will be another one; nothing if a later one was made meanwhile. */
export async function recordRetry(
  db: Queryable,
  { deliveryId, attempts }: DueDelivery,
  { status, error }: FailedAttempt,
  delayMs: number,
): Promise<void> {
  await db.query(
    `update webhook_delivery set due_at = now() + $5 * interval '1 millisecond', last_status = $3, last_error = $4
      where delivery_id = $1 and attempts = $2 and status = 'pending'`,
    [deliveryId, attempts, status, error, delayMs],
  );
}

/**
 * This was the last attempt. Disables the subscription for `reason`; for time that is over only if nothing else was
 * delivered meanwhile, since then it is this event that the receiver does not take. Call it inside a transaction. True
 * if the subscription is disabled by it.
 */
export async function recordGivenUp(
  db: Queryable,
  { deliveryId, attempts, subscriptionId, failingForMs }: DueDelivery,
  { status, error }: FailedAttempt,
  reason: DisabledReason,
): Promise<boolean> {
  const failed = await db.query(
    `update webhook_delivery
        set status = 'failed', due_at = null, ended_at = now(), last_status = $3, last_error = $4
      where delivery_id = $1 and attempts = $2 and status = 'pending'`,
    [deliveryId, attempts, status, error],
  );
  if (failed.rowCount === 0) return false;
  const { rowCount } = await db.query(
    `select from webhook_subscription
      where subscription_id = $1 and disabled_at is null
        and ($2 = 'GONE' or last_delivered_at is null or last_delivered_at < now() - $3 * interval '1 millisecond')
        for no key update`,
    [subscriptionId, reason, failingForMs],
  );
  if (rowCount === 0) return false;
  await disableSubscription(db, subscriptionId, reason);
  return true;
}

/** The log is kept for two weeks; what is still to be sent stays. Removes at most `limit`; returns how many. */
export async function sweepDeliveries(db: Queryable, limit: number): Promise<number> {
  const swept = await db.query(
    `delete from webhook_delivery where delivery_id in
       (select delivery_id from webhook_delivery where ended_at < now() - interval '14 days' limit $1)`,
    [limit],
  );
  return swept.rowCount ?? 0;
}
