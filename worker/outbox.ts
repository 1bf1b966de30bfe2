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

interface Deps {
  database: Database;
  enrollments: EnrollmentClient;
  logger: Logger;
  count: CountDelivery;
}

/** Runs until `stopped` is aborted; resolves when the work in hand is done. */
export async function runOutbox(deps: Deps, pollMs: number, stopped: AbortSignal): Promise<void> {
  let sweptAt = 0;
  while (!stopped.aborted) {
    let claimed = 0;
    try {
      claimed = await drainOnce(deps);
      if (Date.now() - sweptAt > SWEEP_EVERY_MS) {
        await sweepKeys(deps.database.pool);
        await sweepDeliveries(deps.database.pool);
        sweptAt = Date.now();
      }
    } catch (error) {
      deps.logger.warn({ err: error }, 'the outbox cannot be read; trying again');
    }
    if (claimed < BATCH) await pause(pollMs, stopped);
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
  await markStarted(database.pool, row.enrollmentId);
}
