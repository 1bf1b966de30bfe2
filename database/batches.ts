/**
 * Batches: many things of one kind that were asked for at once, each carried out by itself. An item that somebody works on is not
 * due until its lease ends; whoever dies leaves it to others.
 */
import { firstRow, type Queryable } from './pool';

export type BatchKind = 'enrollments' | 'partner_confirmations' | 'deferrals';

export interface NewBatch {
  batchId: string;
  kind: BatchKind;
  /** The principal in full. */
  givenBy: object;
  owner: string;
  messageId: string;
  state: 'receiving' | 'accepted';
}

export type ItemStatus = 'pending' | 'standing' | 'done' | 'failed';

export interface BatchRow {
  batchId: string;
  kind: BatchKind;
  state: NewBatch['state'];
  createdAt: Date;
  counts: Partial<Record<ItemStatus, number>>;
}

/** What came of an item; the answer that its request by itself would have had. */
export interface ItemResult {
  status: number;
  code?: string;
  detail?: string;
  errors?: { pointer: string; message: string }[];
  enrollmentId?: string;
  /** Of the file that it was in. */
  row?: number;
  /** Until when it stands. */
  standsUntil?: string;
}

export interface ItemRow {
  position: number;
  status: ItemStatus;
  result: ItemResult | null;
}

export interface ClaimedItem<Content = unknown, Giver = unknown> {
  batchId: string;
  position: number;
  content: Content;
  attempts: number;
  givenBy: Giver;
}

/** False if the message has a batch already. */
export async function insertBatch(db: Queryable, batch: NewBatch): Promise<boolean> {
  const { batchId, kind, givenBy, owner, messageId, state } = batch;
  const inserted = await db.query(
    `insert into batch (batch_id, kind, given_by, owner, message_id, state) values ($1, $2, $3, $4, $5, $6)
     on conflict (message_id) do nothing`,
    [batchId, kind, JSON.stringify(givenBy), owner, messageId, state],
  );
  return inserted.rowCount === 1;
}

/** For a batch that has just been inserted: its items, in order. */
export async function insertItems(
  db: Queryable,
  batchId: string,
  contents: readonly object[],
): Promise<void> {
  await db.query(
    `insert into batch_item (batch_id, position, content)
     select $1, position, content from jsonb_array_elements($2) with ordinality as item (content, position)`,
    [batchId, JSON.stringify(contents)],
  );
}

export async function batchOfMessage(db: Queryable, messageId: string): Promise<string | undefined> {
  const found = await db.query(`select batch_id as id from batch where message_id = $1`, [messageId]);
  return firstRow<{ id: string }>(found)?.id;
}

/** `owner` null sees all. */
export async function findBatch(
  db: Queryable,
  owner: string | null,
  batchId: string,
): Promise<BatchRow | undefined> {
  return firstRow<BatchRow>(
    await db.query(
      `select batch_id as "batchId", kind, state, created_at as "createdAt",
              (select coalesce(jsonb_object_agg(status, items), '{}') from
                (select status, count(*) as items from batch_item i where i.batch_id = b.batch_id group by status) of_status)
                as counts
         from batch b where batch_id = $1 and ($2::text is null or owner = $2)`,
      [batchId, owner],
    ),
  );
}

/** Of a batch as `findBatch` sees it, in its order; `after` is the position of the last item of the page before. */
export async function readItems(
  db: Queryable,
  owner: string | null,
  batchId: string,
  { status, after, limit }: { status?: ItemStatus | undefined; after: number; limit: number },
): Promise<ItemRow[]> {
  const result = await db.query(
    `select position, status, result from batch_item join batch b using (batch_id)
      where batch_id = $1 and position > $2 and ($3::text is null or status = $3)
        and ($5::text is null or b.owner = $5) order by position limit $4`,
    [batchId, after, status ?? null, limit, owner],
  );
  return result.rows as ItemRow[];
}

/**
 * Takes items that are due for `leaseMs`: those with the lowest positions, whatever batch they are of, so that a small batch does
 * not wait for the end of a large one.
 */
export async function claimItems(
  db: Queryable,
  kind: BatchKind,
  limit: number,
  leaseMs: number,
): Promise<ClaimedItem[]> {
  const result = await db.query(
    `with recursive open (batch_id) as ( -- from one batch with pending items to the next, along the index
       (select min(batch_id) from batch_item where status = 'pending')
       union all
       select (select min(i.batch_id) from batch_item i where i.status = 'pending' and i.batch_id > open.batch_id)
         from open where open.batch_id is not null),
     due as (
       select i.batch_id, i.position, b.given_by
         from open join batch b on b.batch_id = open.batch_id and b.kind = $1 and b.state = 'accepted'
         cross join lateral (
           select batch_id, position from batch_item
            where batch_id = b.batch_id and status = 'pending' and due_at <= now()
            order by position limit $2 for update skip locked) i
        order by i.position limit $2)
     update batch_item i set due_at = now() + $3 * interval '1 millisecond', attempts = attempts + 1
       from due where i.batch_id = due.batch_id and i.position = due.position
     returning i.batch_id as "batchId", i.position, i.content, i.attempts, due.given_by as "givenBy"`,
    [kind, limit, leaseMs],
  );
  return result.rows as ClaimedItem[];
}

/**
 * Whether an item of the same kind about the same subject, for the same survey partner, was given earlier and is not done yet:
 * what is said of one enrollment has an order.
 */
export async function earlierItemWaits(
  db: Queryable,
  { batchId, position }: Pick<ClaimedItem, 'batchId' | 'position'>,
  { subject, surveyPartner }: { subject: string; surveyPartner: string | null },
): Promise<boolean> {
  const found = await db.query(
    `select from batch_item i join batch b on b.batch_id = i.batch_id join batch own on own.batch_id = $1
      where i.status = 'pending' and i.content->>'subject' = $3 and i.content->>'surveyPartner' is not distinct from $4
        and b.kind = own.kind and (b.created_at, b.batch_id, i.position) < (own.created_at, own.batch_id, $2) limit 1`,
    [batchId, position, subject, surveyPartner],
  );
  return found.rowCount === 1;
}

/** False if it has a result already, or stands. Until the end of the transaction nobody else gives it one. */
export async function lockPending(
  db: Queryable,
  { batchId, position }: Pick<ClaimedItem, 'batchId' | 'position'>,
): Promise<boolean> {
  const found = await db.query(
    `select from batch_item where batch_id = $1 and position = $2 and status = 'pending' for update`,
    [batchId, position],
  );
  return found.rowCount === 1;
}

/** False if it has a result already. Its content goes: it may hold personal data. */
export async function finishItem(
  db: Queryable,
  { batchId, position }: Pick<ClaimedItem, 'batchId' | 'position'>,
  result: ItemResult,
): Promise<boolean> {
  const finished = await db.query(
    `update batch_item set status = $3, result = $4, content = null
      where batch_id = $1 and position = $2 and status = 'pending'`,
    [batchId, position, result.status < 400 ? 'done' : 'failed', JSON.stringify(result)],
  );
  return finished.rowCount === 1;
}

export async function retryItem(
  db: Queryable,
  { batchId, position }: Pick<ClaimedItem, 'batchId' | 'position'>,
  delayMs: number,
): Promise<void> {
  await db.query(
    `update batch_item set due_at = now() + $3 * interval '1 millisecond'
      where batch_id = $1 and position = $2 and status = 'pending'`,
    [batchId, position, delayMs],
  );
}
