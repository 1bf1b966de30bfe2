/** The read model and the calendar: our own database, on behalf of the workflow. */
import { Context, type Info } from '@temporalio/activity';
import { findDecision } from '../database/decisions';
import type { Database } from '../database/pool';
import { readClock } from '../database/programs';
import { writeProjection } from '../database/projection';
import { calendarFor, nextMonth, planDeferral, planFor } from '../program/calendar';
import type { WorkflowWatch } from './ports';
import { periodFacts, readProgram } from './terms';
import type { LocalActivities, MainActivities, PlanAnswer, PlanRequest } from './types';

/** A statement that waits longer, for a lock for instance, would outlive its activity. */
const WRITE_TIMEOUT_MS = 1_500;

interface Deps {
  database: Database;
  workflows: Pick<WorkflowWatch, 'runStart'>;
}

export function createReadModelActivities({
  database,
  workflows,
}: Deps): LocalActivities & Pick<MainActivities, 'readClock'> {
  return {
    async project(projection) {
      const endsAt = attemptEndsAt(Context.current().info);
      const isInTime = () => Date.now() < endsAt;
      const write = (exactStart?: number) =>
        database.transaction(
          (client) => writeProjection(client, projection, isInTime, exactStart),
          WRITE_TIMEOUT_MS,
        );
      if ((await write()) !== 'other_run') return;
      // After a reset, or from before one: the later run is the one that counts.
      const exactStart = await workflows.runStart(projection.workflowId, projection.runId);
      if (exactStart !== undefined) await write(exactStart);
    },

    planPeriod: (request) => planPeriod(database, request),

    async readDecision(decisionId) {
      return (await findDecision(database.pool, decisionId)) ?? null;
    },

    async readClock(programId) {
      return (await readClock(database.pool, programId)) ?? [];
    },
  };
}

/**
 * When this attempt is given up (epoch ms): a write that outlives it, in a worker or a database that stood still, could
 * land after a later one and undo it. When a regular activity was scheduled is known by the server's clock only.
 */
function attemptEndsAt(info: Info): number {
  if (!info.isLocal) return Date.now() + info.startToCloseTimeoutMs;
  return Math.min(
    info.currentAttemptScheduledTimestampMs + info.startToCloseTimeoutMs,
    info.scheduledTimestampMs + info.scheduleToCloseTimeoutMs,
  );
}

async function planPeriod({ pool }: Database, request: PlanRequest): Promise<PlanAnswer> {
  const { programId, calendar, enrolledOn, at, timeZone, move } = request;
  const { definition, revision } = await readProgram(pool, programId, calendar);
  const terms = calendarFor(definition, enrolledOn);
  if (move.kind === 'defer') {
    const { fromMonth: currentMonth, month: toMonth, allowEarlier } = move;
    const deferral = planDeferral(terms, {
      currentMonth,
      toMonth,
      at,
      accountTimeZone: timeZone,
      allowEarlier,
    });
    return deferral.ok
      ? { ok: true, period: periodFacts(deferral.plan, revision) }
      : { ok: false, reasonCode: deferral.reasonCode };
  }
  const month = move.kind === 'same_month' ? move.month : nextMonth(terms, move.fromMonth);
  const plan = month === undefined ? undefined : planFor(terms, month, timeZone);
  return plan
    ? { ok: true, period: periodFacts(plan, revision) }
    : { ok: false, reasonCode: 'MONTH_NOT_IN_CALENDAR' };
}
