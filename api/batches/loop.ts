/**
 * Carries out the items of batches, in each API process: an item is one message, whoever carries it out and however often, since
 * its message id is made of batch and position.
 */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { appendAudit } from '../../database/audit';
import {
  claimItems,
  finishItem,
  retryItem,
  type BatchKind,
  type ClaimedItem,
  type ItemResult,
} from '../../database/batches';
import { sweepImports } from '../../database/imports';
import type { Queryable } from '../../database/pool';
import { applyStanding, enrollmentsWithStanding, expireStanding } from '../../database/standingConfirmations';
import type { Principal } from '../authentication';
import type { ApiContext } from '../context';
import { problemOf } from '../problemOf';
import { EXPIRED } from '../operations/standingEnds';
import { KINDS } from './kinds';

const POLL_MS = 500;
/** Longer than a write takes. Two that do the same item beside each other do one message. */
const LEASE_MS = 60_000;
const LONGEST_PAUSE_MS = 60_000;
const SWEEP_EVERY_MS = 60_000;
const MOST_SWEPT = 100;

/** Runs until `stopped` is aborted; resolves when the items in hand are done. */
export async function runBatches(context: ApiContext, stopped: AbortSignal): Promise<void> {
  // Each by itself: one that takes long, or fails, holds up no other.
  const kinds = (Object.keys(KINDS) as BatchKind[]).map((kind) => ({
    everyMs: POLL_MS,
    work: () => carryOutSome(context, kind),
  }));
  const sweeps = [sweepImports, expireStandingNow, applyLeftStanding].map((sweep) => ({
    everyMs: SWEEP_EVERY_MS,
    work: () => sweep(context.database.pool).then(() => 0),
  }));
  const tasks = [...kinds, ...sweeps];
  await Promise.all(tasks.map(({ everyMs, work }) => repeat(context, work, everyMs, stopped)));
}

/** Pauses when nothing was done. */
async function repeat(
  { logger }: ApiContext,
  work: () => Promise<number>,
  everyMs: number,
  stopped: AbortSignal,
): Promise<void> {
  while (!stopped.aborted) {
    const count = await work().catch((err: unknown) => {
      logger.warn({ err }, 'batches cannot be read; trying again');
      return 0;
    });
    if (count === 0) await pause(everyMs, stopped);
  }
}

function expireStandingNow(db: Queryable): Promise<void> {
  return expireStanding(db, EXPIRED);
}

/** What whoever has sent a form again could not apply. */
async function applyLeftStanding(db: Queryable): Promise<void> {
  const enrollments = await enrollmentsWithStanding(db, MOST_SWEPT);
  for (const enrollmentId of enrollments) await applyStanding(db, enrollmentId);
}

async function carryOutSome(context: ApiContext, kind: BatchKind): Promise<number> {
  const { pool } = context.database;
  const ofKind = KINDS[kind];
  const free = await ofKind.turns(context, ofKind.atOnce);
  if (free === 0) return 0;
  const items = await claimItems(pool, kind, free, LEASE_MS);
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
    const outcome = await KINDS[kind].carryOut(context, {
      ...identity,
      batchId,
      position,
      principal: givenBy,
      content,
    });
    const settle =
      typeof outcome === 'function' ? outcome : (db: Queryable) => finishedWith(db, item, outcome);
    await database.transaction(async (db) => {
      const result = await settle(db);
      if (!result) return;
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

async function finishedWith(
  db: Queryable,
  item: ClaimedItem,
  result: ItemResult,
): Promise<ItemResult | undefined> {
  return (await finishItem(db, item, result)) ? result : undefined;
}

function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal: stopped }).catch(() => undefined);
}
