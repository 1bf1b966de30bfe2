/** What became of a batch, and of each of its items. */
import { findBatch, readItems, type BatchRow, type ItemRow } from '../../database/batches';
import { isStaff, type Principal } from '../authentication';
import type { ApiContext } from '../context';
import { ownerOf } from '../idempotency';
import { notFound } from '../problem';
import type { BatchItemsQuery } from '../schemas';

/** Throws a 404 unless this key's owner has given it, or it is staff's. */
export async function getBatch(
  { database }: Pick<ApiContext, 'database'>,
  principal: Principal,
  batchId: string,
): Promise<BatchRow> {
  const batch = await findBatch(database.pool, ownerFor(principal), batchId);
  if (!batch) throw notFound('batch');
  return batch;
}

export async function batchItems(
  context: ApiContext,
  principal: Principal,
  batchId: string,
  { status, after, limit }: BatchItemsQuery,
): Promise<{ items: ItemRow[]; next: number | null }> {
  await getBatch(context, principal, batchId);
  const found = await readItems(context.database.pool, ownerFor(principal), batchId, {
    status,
    after,
    limit: limit + 1,
  });
  const items = found.slice(0, limit);
  return { items, next: found.length > limit ? items.at(-1)!.position : null };
}

/** Whose batches there are for this key; null for all. */
function ownerFor(principal: Principal): string | null {
  return isStaff(principal) && !principal.testClocksOnly ? null : ownerOf(principal);
}
