/** How much there is of what operators watch, for metrics: by kind, state or reason, never by whose it is. */
import { ATTENTION, type AttentionReason } from '../program/attention';
import type { PayoutState } from '../program/payout';
import { STATUSES, type EnrollmentStatus } from '../program/status';
import { countAttention } from './attention';
import type { BatchKind } from './batches';
import { countByStatus } from './enrollmentList';
import type { OutboxRow } from './outbox';
import { firstRow, type Database, type Queryable } from './pool';

/** Small tables. */
const BACKLOG_TIMEOUT_MS = 1_000;
/** Counts of all that there is, of a million in well under a second. */
const STOCK_TIMEOUT_MS = 3_000;

export interface OutboxBacklog {
  /** Due, or tried and not done yet. */
  pending: number;
  /** Of the oldest of them; 0 if there is none. */
  oldestSeconds: number;
}

export interface Backlog {
  outbox: Record<OutboxRow['kind'], OutboxBacklog>;
  attention: Record<AttentionReason, number>;
  /** Items to be carried out, of batches that have arrived in full. */
  batchItems: Record<BatchKind, number>;
  webhooks: {
    /** Deliveries that nobody has taken in hand for a minute since they were due. */
    late: number;
    disabledSubscriptions: number;
  };
}

export interface Stock {
  enrollments: Record<EnrollmentStatus, number>;
  payouts: Record<PayoutState, number>;
}

const BATCH_KINDS: readonly BatchKind[] = ['enrollments', 'partner_confirmations', 'deferrals'];

const NO_PAYOUTS: Record<PayoutState, number> = {
  frozen: 0,
  submitting: 0,
  pending: 0,
  unknown: 0,
  paid: 0,
  refused: 0,
  void: 0,
};

/** What waits to be done, by us or by the service. */
export function readBacklog(database: Database): Promise<Backlog> {
  return database.transaction(async (db) => {
    const outbox = await readOutbox(db);
    const attention = await countAttention(db);
    return {
      outbox,
      attention: withZeros(Object.keys(ATTENTION) as AttentionReason[], attention),
      batchItems: withZeros(BATCH_KINDS, await countBatchItems(db)),
      webhooks: await countWebhooks(db),
    };
  }, BACKLOG_TIMEOUT_MS);
}

/** What there is in all. Reads an index of every enrollment and every payout: do not ask often. */
export function readStock(database: Database): Promise<Stock> {
  return database.transaction(async (db) => {
    const payouts = await countPayouts(db);
    const enrollments = (await countByStatus(db, { kind: 'all' }, {})).map(
      ({ status, count }) => [status, count] as const,
    );
    return {
      enrollments: withZeros(STATUSES, enrollments),
      payouts: withZeros(Object.keys(NO_PAYOUTS) as PayoutState[], payouts),
    };
  }, STOCK_TIMEOUT_MS);
}

async function readOutbox(db: Queryable): Promise<Backlog['outbox']> {
  // A row that fails again and again is due in the future most of the time, and is just what is looked for.
  const result = await db.query(
    `select kind, count(*)::int as pending, extract(epoch from now() - min(created_at))::float8 as "oldestSeconds"
       from outbox where due_at <= now() or attempts > 0 group by kind`,
  );
  const rows = result.rows as ({ kind: OutboxRow['kind'] } & OutboxBacklog)[];
  const none = { pending: 0, oldestSeconds: 0 };
  const backlog = { start: none, wake: none } satisfies Backlog['outbox'];
  return { ...backlog, ...Object.fromEntries(rows.map(({ kind, ...found }) => [kind, found])) };
}

async function countBatchItems(db: Queryable): Promise<[string, number][]> {
  const result = await db.query(
    `select kind, count(*)::int as count from batch join batch_item using (batch_id)
      where batch_item.status = 'pending' and state = 'accepted' group by kind`,
  );
  return (result.rows as { kind: string; count: number }[]).map(({ kind, count }) => [kind, count]);
}

async function countWebhooks(db: Queryable): Promise<Backlog['webhooks']> {
  const result = await db.query(
    `select (select count(*)::int from webhook_delivery join webhook_subscription using (subscription_id)
              where due_at < now() - interval '1 minute' and disabled_at is null) as late,
            (select count(*)::int from webhook_subscription where disabled_at is not null) as "disabledSubscriptions"`,
  );
  return firstRow<Backlog['webhooks']>(result)!;
}

async function countPayouts(db: Queryable): Promise<[string, number][]> {
  const result = await db.query('select state, count(*)::int as count from payout group by state');
  return (result.rows as { state: string; count: number }[]).map(({ state, count }) => [state, count]);
}

/** A name that was never counted is 0, not missing: an alert on a missing series never fires. */
function withZeros<Name extends string>(
  names: readonly Name[],
  counts: readonly (readonly [string, number])[],
): Record<Name, number> {
  const counted = new Map(counts);
  return Object.fromEntries(names.map((name) => [name, counted.get(name) ?? 0])) as Record<Name, number>;
}
