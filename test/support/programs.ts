/** More programs in the database of a test's service: for tests that move a clock or need other rules. */
import { randomBytes } from 'node:crypto';
import { publish } from '../../dev/database';
import type { ProgramClock } from '../../program/clock';
import type { ProgramDefinition } from '../../program/definition';
import { copyForNextSeason } from '../../program/nextSeason';
import type { TestService } from './testService';

/** Publishes a program like the service's own, standing still at its start unless another clock is given. */
export async function publishProgram(
  t: TestService,
  change: Partial<ProgramDefinition> = {},
  clock: ProgramClock = [
    { realFrom: Date.now(), programFrom: Date.parse(t.definition.testClock!.startsAt), speed: 0 },
  ],
): Promise<ProgramDefinition> {
  const definition = { ...t.definition, id: otherId(t), ...change };
  await publish(t.plan.databaseUrl, definition, clock);
  return definition;
}

/** Publishes a program like the service's own on real time: its season is moved so that it has begun a month ago. */
export function publishRealTimeProgram(t: TestService): Promise<ProgramDefinition> {
  const now = new Date();
  const begun = new Date(t.definition.window.from);
  const months =
    (now.getUTCFullYear() - begun.getUTCFullYear()) * 12 + now.getUTCMonth() - begun.getUTCMonth() - 1;
  const season = { id: otherId(t), months };
  return publishProgram(t, copyForNextSeason({ ...t.definition, testClock: null }, season), []);
}

function otherId({ programId }: TestService): string {
  return `${programId}-${randomBytes(3).toString('hex')}`;
}

/** A program that closes, on the calculation date, what is not proven. */
export function publishStrictProgram(t: TestService): Promise<ProgramDefinition> {
  return publishProgram(t, { policies: { ...t.definition.policies, missedFacts: { then: 'close' } } });
}

export const AFTER_FIRST_CALCULATION = '2023-12-10T00:00:00Z';

/** Lets the calculation date of a strict program's enrollments come, with facts missing: they end as ineligible. */
export async function endEnrollment(t: TestService, programId: string, enrollmentId: string): Promise<void> {
  await t.admin.post(`/v1/programs/${programId}/clock`, { advanceTo: AFTER_FIRST_CALCULATION });
  await t.untilStatus(enrollmentId, 'ineligible');
}
