/**
 * Carries out the items of batches, in each API process: an item is one message, whoever carries it out and however often, since
 * its message id is made of batch and position.
 */
import { createHash } from 'node:crypto';
import { appendAudit } from '../../database/audit';
import { claimItems, finishItem, retryItem, type BatchKind, type ClaimedItem } from '../../database/batches';
import { sweepImports } from '../../database/imports';
import { expireStanding } from '../../database/standingConfirmations';
import type { Principal } from '../authentication';
import type { ApiContext } from '../context';
import { problemOf } from '../problemOf';
import { KINDS } from './kinds';

/** Fewer than the connections to PostgreSQL, most of which are for requests. */
const AT_ONCE = 4;
const POLL_MS = 500;
/** Longer than a write takes. Two that do the same item beside each other do one message. */
const LEASE_MS = 60_000;
const LONGEST_PAUSE_MS = 60_000;
const SWEEP_EVERY_MS = 3_600_000;

/** Runs until `stopped` is aborted; resolves when the items in hand are done. */
export async function runBatches(context: ApiContext, stopped: AbortSignal): Promise<void> {
  let sweptAt = 0;
  while (!stopped.aborted) {
    let claimed = 0;
    try {
      for (const kind of Object.keys(KINDS) as BatchKind[]) claimed += await carryOutSome(context, kind);
      if (Date.now() - sweptAt > SWEEP_EVERY_MS) {
        await sweepImports(context.database.pool);
        await expireStanding(context.database.pool);
        sweptAt = Date.now();
      }
    } catch (err) {
      context.logger.warn({ err }, 'batches cannot be read; trying again');
    }
    if (claimed === 0) await pause(POLL_MS, stopped);
  }
}

async function carryOutSome(context: ApiContext, kind: BatchKind): Promise<number> {
  const { pool } = context.database;
  const turns = await KINDS[kind].turns(context, AT_ONCE);
  if (turns === 0) return 0;
  const items = await claimItems(pool, kind, turns, LEASE_MS);
  await Promise.all(items.map((item) => carryOut(context, kind, item as ClaimedItem<unknown, Principal>)));
  return items.length;
}

async function carryOut(
  context: ApiContext,
  kind: BatchKind,
  item: ClaimedItem<unknown, Principal>,
): Promise<void> {
  const { database, logger } = context;
  const { batchId, position, givenBy, content, attempts } = item;
  const messageId = createHash('sha256').update(`${batchId}:${position}`).digest('hex').slice(0, 40);
  // Each attempt is sent under an id of its own: the message id is what makes it one.
  const identity = { messageId, updateId: `${messageId}:${attempts}` };
  try {
    const { finish, ...result } = await KINDS[kind].carryOut(context, {
      ...identity,
      batchId,
      position,
      principal: givenBy,
      content,
    });
    await database.transaction(async (db) => {
      if (!(await (finish?.(db) ?? finishItem(db, item, result)))) return;
      const { status, code, enrollmentId } = result;
      await appendAudit(db, enrollmentId, {
        event: 'answered',
        actor: { role: givenBy.role, id: givenBy.id },
        keyId: givenBy.keyId,
        operation: KINDS[kind].operation(content),
        params: {},
        status,
        ...(code !== undefined && { code }),
        about: { batchId, ...(enrollmentId !== undefined && { enrollmentId }) },
        address: '',
        requestId: batchId,
        messageId,
      });
    });
  } catch (err) {
    if (problemOf(err).code !== 'UNAVAILABLE')
      logger.warn({ err, batchId, position }, 'an item failed; trying again');
    const delayMs = Math.min(1_000 * 2 ** Math.min(attempts - 1, 10), LONGEST_PAUSE_MS);
    // If this fails, too, its lease will end.
    await retryItem(database.pool, item, delayMs).catch(() => undefined);
  }
}

function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stopped.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    stopped.addEventListener('abort', done, { once: true });
    if (stopped.aborted) done();
  });
}
