/** The outbox loop: does what was committed together with a change, at least once, however often a worker dies. */
import { raiseAttention } from '../database/attention';
import { findEnrollment, markStarted } from '../database/enrollments';
import { sweepKeys } from '../database/idempotency';
import { claimDue, finishOutboxRow, retryOutboxRow, type OutboxRow } from '../database/outbox';
import type { Database } from '../database/pool';
import { readClock } from '../database/programs';
import { readResumption } from '../database/resumption';
import { sweepDeliveries } from '../database/webhookDeliveries';
import type { Logger } from '../settings/logger';
import { WorkflowIdTaken, type EnrollmentClient } from '../temporal/enrollments';
import type { CountDelivery } from './metrics';
import { pause } from './pause';

const BATCH = 20;
/** Longer than any single piece of work takes; a worker that dies leaves its rows for that long. */
const LEASE_MS = 30_000;
const LONGEST_PAUSE_MS = 60_000;
const SWEEP_EVERY_MS = 3_600_000;
const SWEEP_RETRY_MS = 60_000;
/** Removed by one statement: it must end within its time-out, and the outbox waits for it. */
const SWEPT_AT_ONCE = 2_000;

interface Deps {
  database: Database;
  enrollments: EnrollmentClient;
  logger: Logger;
  count: CountDelivery;
}

/** Runs until `stopped` is aborted; resolves when the work in hand is done. */
export async function runOutbox(deps: Deps, pollMs: number, stopped: AbortSignal): Promise<void> {
  let sweepAt = 0;
  while (!stopped.aborted) {
    let claimed = 0;
    try {
      claimed = await drainOnce(deps);
    } catch (error) {
      deps.logger.warn({ err: error }, 'the outbox cannot be read; trying again');
    }
    if (Date.now() >= sweepAt) sweepAt = Date.now() + (await sweepSome(deps));
    if (claimed < BATCH) await pause(pollMs, stopped);
  }
}

/** When to go on, in ms from now: with the rest at once. After a failure a minute later. */
async function sweepSome({ database: { pool }, logger }: Deps): Promise<number> {
  try {
    const swept = [await sweepKeys(pool, SWEPT_AT_ONCE), await sweepDeliveries(pool, SWEPT_AT_ONCE)];
    return swept.includes(SWEPT_AT_ONCE) ? 0 : SWEEP_EVERY_MS;
  } catch (err) {
    logger.warn({ err }, 'what is old cannot be swept away; trying again later');
    return SWEEP_RETRY_MS;
  }
}

async function drainOnce(deps: Deps): Promise<number> {
  const rows = await claimDue(deps.database.pool, BATCH, LEASE_MS);
  await Promise.all(rows.map((row) => work(deps, row)));
  return rows.length;
}

async function work(deps: Deps, row: OutboxRow): Promise<void> {
  const { pool } = deps.database;
  try {
    await deliver(deps, row);
    await finishOutboxRow(pool, row.outboxId);
    deps.count(row.kind, 'delivered');
  } catch (error) {
    deps.count(row.kind, 'failed');
    deps.logger.warn(
      { err: error, kind: row.kind, enrollmentId: row.enrollmentId },
      'outbox row failed; trying again',
    );
    const delayMs = Math.min(1_000 * 2 ** Math.min(row.attempts, 10), LONGEST_PAUSE_MS);
    const reason = error instanceof Error ? error.message : String(error);
    await retryOutboxRow(pool, row.outboxId, reason, delayMs);
  }
}

async function deliver({ database, enrollments }: Deps, row: OutboxRow): Promise<void> {
  const enrollment = await findEnrollment(database.pool, { kind: 'all' }, row.enrollmentId);
  if (!enrollment) throw new Error(`There is no enrollment ${row.enrollmentId}.`);
  if (row.kind === 'wake') {
    // Whoever starts it may have read the clock before it was adjusted: the wake-up has to come after the start.
    if (!enrollment.startedAt) throw new Error('The enrollment has not been started yet.');
    await enrollments.wake(enrollment.workflowId);
    return;
  }
  // A row that is marked as started is never started again by itself: a person looks at it.
  if (enrollment.startedAt) return;
  const clock = await readClock(database.pool, enrollment.programId);
  const resumption = await readResumption(database.pool, row.enrollmentId);
  try {
    await enrollments.start({ ...enrollment, clock: clock ?? [], resumption });
  } catch (error) {
    if (error instanceof WorkflowIdTaken)
      await raiseAttention(database.pool, row.enrollmentId, 'WORKFLOW_ID_TAKEN');
    throw error;
  }
  await markStarted(database.pool, row.enrollmentId, enrollment.workflowId);
}
