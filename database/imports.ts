/**
 * Imports: files that arrive row by row, as items of a batch (batches.ts). How far a file has arrived is one number and one hash
 * over all rows until there, so that a file that is sent again goes on, and another one is told apart.
 */
import { firstRow, type Queryable } from './pool';

export interface Import {
  batchId: string;
  /** The whole file has arrived. */
  isAccepted: boolean;
  /** So many rows of the file are items. */
  rows: number;
  /** Over these rows, in order. */
  rowsHash: Buffer;
}

export interface ImportedItem {
  position: number;
  status: 'pending' | 'failed';
  /** Null if it has failed. */
  content: object | null;
  result: object | null;
}

/** The import of a message; undefined if there is none. */
export async function findImport(db: Queryable, messageId: string): Promise<Import | undefined> {
  return firstRow<Import>(
    await db.query(
      `select i.batch_id as "batchId", i.accepted_at is not null as "isAccepted", i.rows, i.rows_hash as "rowsHash"
         from enrollment_import i join batch b on b.batch_id = i.batch_id where b.message_id = $1`,
      [messageId],
    ),
  );
}

/** For a batch that has just been inserted. */
export async function insertImport(db: Queryable, batchId: string, rowsHash: Buffer): Promise<void> {
  await db.query(`insert into enrollment_import (batch_id, rows_hash) values ($1, $2)`, [batchId, rowsHash]);
}

/** Adds items behind the rows of `before`. False if it has other rows by now, or takes no more; then nothing was added. */
export async function addRows(
  db: Queryable,
  { batchId, rows }: Import,
  items: readonly ImportedItem[],
  rowsHash: Buffer,
): Promise<boolean> {
  const moved = await db.query(
    `update enrollment_import set rows = rows + $3, rows_hash = $4, last_row_at = now()
      where batch_id = $1 and rows = $2 and accepted_at is null`,
    [batchId, rows, items.length, rowsHash],
  );
  if (moved.rowCount === 0) return false;
  await db.query(
    `insert into batch_item (batch_id, position, status, content, result)
     select $1, position, status, content, result
       from jsonb_to_recordset($2) as item(position int, status text, content jsonb, result jsonb)`,
    [batchId, JSON.stringify(items)],
  );
  return true;
}

/** The whole file is there: its items are due. False if it has other rows by now, or was accepted before. */
export async function acceptImport(db: Queryable, { batchId, rows }: Import): Promise<boolean> {
  const accepted = await db.query(
    `update enrollment_import set accepted_at = now() where batch_id = $1 and rows = $2 and accepted_at is null`,
    [batchId, rows],
  );
  if (accepted.rowCount === 0) return false;
  await db.query(`update batch set state = 'accepted' where batch_id = $1`, [batchId]);
  return true;
}

/** Of one statement, which has to end within its time-out however large a file was. */
const SWEPT_AT_ONCE = 2_000;

/**
 * Removes what was not sent to its end for some days, personal data and all. First the import, so that it takes no more rows; a
 * batch that is received without one is what is left to remove, also by whoever comes after a crash.
 */
export async function sweepImports(db: Queryable): Promise<void> {
  await db.query(
    `delete from enrollment_import where accepted_at is null and last_row_at < now() - interval '3 days'`,
  );
  const isAbandoned = `b.state = 'receiving'
    and not exists (select from enrollment_import i where i.batch_id = b.batch_id)`;
  for (let swept = SWEPT_AT_ONCE; swept === SWEPT_AT_ONCE;) {
    const removed = await db.query(
      `delete from batch_item where (batch_id, position) in
         (select item.batch_id, item.position from batch b join batch_item item on item.batch_id = b.batch_id
           where ${isAbandoned} limit $1)`,
      [SWEPT_AT_ONCE],
    );
    swept = removed.rowCount ?? 0;
  }
  await db.query(
    `delete from batch b
      where ${isAbandoned} and not exists (select from batch_item item where item.batch_id = b.batch_id)`,
  );
}

/**
 * How many rows may be carried out now, at most `most`: so many a second, by all processes together. Turns that nobody took do not
 * pile up beyond a second.
 */
export async function takeTurns(db: Queryable, perSecond: number, most: number): Promise<number> {
  const taken = await db.query(
    `with pace as (
       select greatest(free_from, clock_timestamp() - greatest(1, 1 / $1::float8) * interval '1 second') as free_from
         from import_pace
        -- Nothing is written while nothing waits.
        where exists (select from batch_item where status = 'pending') for update),
     turns as (
       select free_from, least($2, floor(extract(epoch from clock_timestamp() - free_from) * $1::float8))::int as count from pace)
     update import_pace set free_from = turns.free_from + turns.count / $1::float8 * interval '1 second'
       from turns where turns.count > 0 returning turns.count`,
    [perSecond, most],
  );
  return firstRow<{ count: number }>(taken)?.count ?? 0;
}

/** Whether an earlier row of the same file has the same brand and is not done yet. */
export async function earlierRowWaits(
  db: Queryable,
  { batchId, position, brandKey }: { batchId: string; position: number; brandKey: string },
): Promise<boolean> {
  const found = await db.query(
    `select from batch_item where content->>'brandKey' = $3 and batch_id = $1 and position < $2 and status = 'pending' limit 1`,
    [batchId, position, brandKey],
  );
  return found.rowCount === 1;
}
