/** Who wants to be told of events, and where. */
import type { Maker } from './apiKeys';
import { newestFirst, type Page, type PageRequest } from './pages';
import { firstRow, type Queryable } from './pool';

export interface SubscriptionRow {
  subscriptionId: string;
  audience: string;
  forTestClocks: boolean;
  url: string;
  /** `enrollment.*`, or types of events. */
  events: string[];
  createdAt: Date;
  createdBy: Maker;
  /** To the minute. */
  lastDeliveredAt: Date | null;
  disabledAt: Date | null;
  disabledReason: DisabledReason | null;
}

/** Why nothing is sent any more. */
export type DisabledReason = 'FAILED_FOR_3_DAYS' | 'GONE';

/** Which subscriptions exist for a reader; part of every query. */
export interface SubscriptionScope {
  /** Undefined: of everybody. */
  audience: string | undefined;
  testClocksOnly: boolean;
}

const COLUMNS = `s.subscription_id as "subscriptionId", s.audience, s.for_test_clocks as "forTestClocks", s.url, s.events,
  s.created_at as "createdAt", s.created_by as "createdBy", s.last_delivered_at as "lastDeliveredAt",
  s.disabled_at as "disabledAt", s.disabled_reason as "disabledReason"`;

/** The condition on a subscription `s`; its values begin at `position`. */
export function inSubscriptionScope({ audience, testClocksOnly }: SubscriptionScope, position: number) {
  return {
    sql: `($${position}::text is null or s.audience = $${position}) and (s.for_test_clocks or not $${position + 1})`,
    values: [audience ?? null, testClocksOnly],
  };
}

/** How many an audience has, made with keys of one kind. Until the end of the transaction nobody else adds one to them. */
export async function lockAndCount(
  db: Queryable,
  { audience, forTestClocks }: Pick<SubscriptionRow, 'audience' | 'forTestClocks'>,
): Promise<number> {
  await db.query(
    `select pg_advisory_xact_lock(hashtextextended(concat('webhook_subscription ', $1::text, ' ', $2::boolean), 0))`,
    [audience, forTestClocks],
  );
  const result = await db.query(
    `select count(*)::int as count from webhook_subscription where audience = $1 and for_test_clocks = $2`,
    [audience, forTestClocks],
  );
  return firstRow<{ count: number }>(result)!.count;
}

export async function insertSubscription(
  db: Queryable,
  subscription: Pick<
    SubscriptionRow,
    'subscriptionId' | 'audience' | 'forTestClocks' | 'url' | 'events' | 'createdBy'
  > & { messageId: string },
): Promise<SubscriptionRow> {
  const { subscriptionId, audience, forTestClocks, url, events, createdBy, messageId } = subscription;
  const result = await db.query(
    `insert into webhook_subscription as s (subscription_id, audience, for_test_clocks, url, events, created_by, message_id)
     values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`,
    [subscriptionId, audience, forTestClocks, url, events, JSON.stringify(createdBy), messageId],
  );
  return firstRow<SubscriptionRow>(result)!;
}

export async function subscriptionOfMessage(
  db: Queryable,
  messageId: string,
): Promise<SubscriptionRow | undefined> {
  return firstRow<SubscriptionRow>(
    await db.query(`select ${COLUMNS} from webhook_subscription s where s.message_id = $1`, [messageId]),
  );
}

/** With `lock`, nobody else changes it until the end of the transaction. */
export async function findSubscription(
  db: Queryable,
  scope: SubscriptionScope,
  subscriptionId: string,
  lock = false,
): Promise<SubscriptionRow | undefined> {
  const { sql, values } = inSubscriptionScope(scope, 2);
  const result = await db.query(
    `select ${COLUMNS} from webhook_subscription s where s.subscription_id = $1 and ${sql} ${lock ? 'for no key update' : ''}`,
    [subscriptionId, ...values],
  );
  return firstRow<SubscriptionRow>(result);
}

export function listSubscriptions(
  db: Queryable,
  scope: SubscriptionScope,
  page: PageRequest,
): Promise<Page<SubscriptionRow>> {
  const { sql: where, values } = inSubscriptionScope(scope, 1);
  const from = 'webhook_subscription s';
  const list = { columns: COLUMNS, from, where, values, at: 's.created_at', id: 's.subscription_id' };
  return newestFirst(db, list, page);
}

/** With its secrets and its deliveries. */
export async function deleteSubscription(
  db: Queryable,
  scope: SubscriptionScope,
  subscriptionId: string,
): Promise<void> {
  const { sql, values } = inSubscriptionScope(scope, 2);
  await db.query(`delete from webhook_subscription s where s.subscription_id = $1 and ${sql}`, [
    subscriptionId,
    ...values,
  ]);
}

/** Nothing more is sent, nor made; what was still to be sent has failed. Call it inside a transaction. */
export async function disableSubscription(
  db: Queryable,
  subscriptionId: string,
  reason: DisabledReason,
): Promise<void> {
  await db.query(
    `update webhook_subscription set disabled_at = now(), disabled_reason = $2
      where subscription_id = $1 and disabled_at is null`,
    [subscriptionId, reason],
  );
  await db.query(
    `update webhook_delivery
        set status = 'failed', due_at = null, ended_at = now(), last_error = coalesce(last_error, 'SUBSCRIPTION_DISABLED')
      where subscription_id = $1 and status = 'pending'`,
    [subscriptionId],
  );
}

export async function enableSubscription(
  db: Queryable,
  scope: SubscriptionScope,
  subscriptionId: string,
): Promise<void> {
  const { sql, values } = inSubscriptionScope(scope, 2);
  await db.query(
    `update webhook_subscription s set disabled_at = null, disabled_reason = null
      where s.subscription_id = $1 and ${sql}`,
    [subscriptionId, ...values],
  );
}
