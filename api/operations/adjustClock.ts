/** Adjusts a program's test clock and wakes its open enrollments, in one transaction. */
import { enqueueWakes } from '../../database/outbox';
import { lockClock, noteAdjustment, writeClock } from '../../database/programs';
import { adjustClock as adjusted, ClockError, programTime } from '../../program/clock';
import { isProgramInScope, type Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { mayRunOnTestClock } from '../../settings/settings';
import { notFound, Problem, testClockRefused } from '../problem';

export interface ClockAnswer {
  /** What the program's clock shows now. */
  now: string;
  speed: number;
  /** Open enrollments that are being told. */
  woken: number;
}

export function adjustClock(
  { database, testClockPrograms }: ApiContext,
  principal: Principal,
  programId: string,
  body: { advanceTo?: string | undefined; speed?: number | undefined },
  { messageId }: Pick<MessageIdentity, 'messageId'>,
): Promise<ClockAnswer> {
  return database.transaction(async (client) => {
    const clock = await lockClock(client, programId);
    if (!clock || !isProgramInScope(principal, { clock })) throw notFound('program');
    if (clock.length === 0) {
      throw new Problem(
        'NO_TEST_CLOCK',
        'This program runs on real time; only a test clock can be adjusted.',
      );
    }
    if (!mayRunOnTestClock(testClockPrograms, programId)) throw testClockRefused(programId);
    const real = Date.now();
    // It is done already, and somebody may have adjusted it otherwise since: everybody is told once more, nothing is moved.
    const isNew = await noteAdjustment(client, programId, messageId);
    try {
      const to = body.advanceTo === undefined ? undefined : Date.parse(body.advanceTo);
      const changed = isNew ? adjusted(clock, real, { to, speed: body.speed }) : clock;
      if (isNew) await writeClock(client, programId, changed);
      const woken = await enqueueWakes(client, programId);
      return { now: new Date(programTime(changed, real)).toISOString(), speed: changed.at(-1)!.speed, woken };
    } catch (error) {
      if (error instanceof ClockError) throw new Problem('CLOCK_NOT_ADJUSTABLE', error.message);
      throw error;
    }
  });
}
