/** Programs as callers and partners read them; the whole definition is for staff. */
import type { z } from 'zod';
import {
  latestProgram,
  latestPrograms,
  programAtRevision,
  revisionsOf as readRevisions,
  type PublishedProgram,
  type RevisionRow,
} from '../../database/programs';
import { calculationMonthOf, calendarFor, firstPlan, planRow } from '../../program/calendar';
import { programTime } from '../../program/clock';
import { dateInZone, startOfDay } from '../../program/timeZone';
import { isProgramInScope, isStaff, type Principal } from '../authentication';
import type { ApiContext } from '../context';
import { presentPeriod } from '../presentation';
import { notFound } from '../problem';
import type * as answers from '../programAnswers';

/** Throws a 404 unless it exists and is in the key's scope. */
export async function programOf(
  { database }: ApiContext,
  principal: Principal,
  programId: string,
): Promise<PublishedProgram> {
  const program = await latestProgram(database.pool, programId);
  if (!program || !isProgramInScope(principal, program)) throw notFound('program');
  return program;
}

/** In the order of their ids. */
export async function listPrograms(
  { database }: ApiContext,
  principal: Principal,
): Promise<PublishedProgram[]> {
  const programs = await latestPrograms(database.pool);
  return programs.filter((program) => isProgramInScope(principal, program));
}

/** Newest first. Throws a 404 like `programOf`. */
export async function revisionsOf(
  context: ApiContext,
  principal: Principal,
  programId: string,
): Promise<RevisionRow[]> {
  const { definition } = await programOf(context, principal, programId);
  return readRevisions(context.database.pool, definition.id);
}

/** As it was published under a number. Throws a 404 like `programOf`. */
export async function programAt(
  { database }: ApiContext,
  principal: Principal,
  { programId, revision }: { programId: string; revision: number },
): Promise<PublishedProgram> {
  const program = await programAtRevision(database.pool, programId, revision);
  if (!program || !isProgramInScope(principal, program)) throw notFound('program revision');
  return program;
}

export function presentSummary({
  revision,
  definition,
  clock,
}: PublishedProgram): z.infer<typeof answers.programSummary> {
  const { id, name, notice, window } = definition;
  return { id, name, notice, revision, window, testClock: clock.length > 0 };
}

/** What a form, a questionnaire and a deferral need. Thresholds and budgets are the program's own affair. */
export function presentProgram(
  principal: Principal,
  program: PublishedProgram,
): z.infer<typeof answers.program> {
  const { definition } = program;
  const { timeZone, supportMail, storePlatforms, regions, dataSharing, deferral, questionnaire } = definition;
  return {
    ...presentSummary(program),
    timeZone,
    supportMail,
    partners: definition.partners.map(({ id, name, verification }) => ({ id, name, verification })),
    storePlatforms,
    regions,
    dataSharing,
    deferral,
    questions: questionnaire.questions,
    clock: presentClock(program),
    ...(isStaff(principal) && { definition }),
  };
}

export function presentClock({
  clock,
}: Pick<PublishedProgram, 'clock'>): z.infer<typeof answers.programClock> {
  const now = new Date(programTime(clock, Date.now())).toISOString();
  return { now, speed: clock.at(-1)?.speed ?? 1, testClock: clock.length > 0 };
}

/** For an ad account in the program's time zone; of whoever enrolls on a day, today if none is named. */
export function presentCalendar(
  { revision, definition, clock }: PublishedProgram,
  enrolledOn: string | undefined,
): z.infer<typeof answers.calendar> {
  const { timeZone } = definition;
  const day = enrolledOn ?? dateInZone(programTime(clock, Date.now()), timeZone);
  const first = firstPlan(definition, startOfDay(day, timeZone), null);
  // Periods that begin with the enrollment need one.
  const rows = definition.rollingPeriod && !first.ok ? [] : calendarFor(definition, day).calendar;
  return {
    revision,
    timeZone,
    enrolledOn: day,
    firstMonth: first.ok ? first.plan.month : null,
    months: rows
      .toSorted((one, other) => (calculationMonthOf(one) < calculationMonthOf(other) ? -1 : 1))
      .map((row) => presentPeriod(planRow(definition, row, null))),
  };
}
