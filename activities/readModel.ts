/** The read model and the calendar: our own database, on behalf of the workflow. */
import type { Database } from '../database/pool';
import { readClock } from '../database/programs';
import { writeProjection } from '../database/projection';
import { nextMonth, planDeferral, planFor } from '../program/calendar';
import { periodFacts, readProgram } from './terms';
import type { LocalActivities, MainActivities, PlanAnswer, PlanRequest } from './types';

/**
 * A write that outlives its activity could land after a later one and undo it: the database gives up before the
 * activity does.
 */
const WRITE_TIMEOUT_MS = 1_500;

export function createReadModelActivities({
  database,
}: {
  database: Database;
}): LocalActivities & Pick<MainActivities, 'readClock'> {
  return {
    async project(projection) {
      await database.transaction((client) => writeProjection(client, projection), WRITE_TIMEOUT_MS);
    },

    planPeriod: (request) => planPeriod(database, request),

    async readClock(programId) {
      return (await readClock(database.pool, programId)) ?? [];
    },
  };
}

async function planPeriod({ pool }: Database, request: PlanRequest): Promise<PlanAnswer> {
  const { programId, calendar, at, timeZone, move } = request;
  const { definition, revision } = await readProgram(pool, programId, calendar);
  if (move.kind === 'defer') {
    const { fromMonth: currentMonth, month: toMonth, allowEarlier } = move;
    const deferral = planDeferral(definition, {
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
  const month = move.kind === 'same_month' ? move.month : nextMonth(definition, move.fromMonth);
  const plan = month === undefined ? undefined : planFor(definition, month, timeZone);
  return plan
    ? { ok: true, period: periodFacts(plan, revision) }
    : { ok: false, reasonCode: 'MONTH_NOT_IN_CALENDAR' };
}
