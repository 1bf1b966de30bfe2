/** The program as activities read it. */
import type { PeriodPlan } from '../program/calendar';
import type { PeriodFacts } from '../program/enrollmentState';
import type { Queryable } from '../database/pool';
import { latestProgram, programAtRevision, type PublishedProgram } from '../database/programs';

/** Throws if there is no such revision: an enrollment always names one that exists. */
export async function readProgram(
  db: Queryable,
  programId: string,
  revision: number | 'latest',
): Promise<PublishedProgram> {
  const program =
    revision === 'latest'
      ? await latestProgram(db, programId)
      : await programAtRevision(db, programId, revision);
  if (!program) throw new Error(`Program ${programId} has no revision ${revision}.`);
  return program;
}

export function periodFacts(plan: PeriodPlan, calendarRevision: number): PeriodFacts {
  const { month, periodFrom, periodTo, calculationAt, payoutDate, payoutAt } = plan;
  return { month, periodFrom, periodTo, calculationAt, payoutDate, payoutAt, calendarRevision };
}
