/**
 * Attempts to pay against a stop, at the activities and the real database: whoever is told that nothing was submitted can
 * rely on it, whatever attempts are still under way or come later.
 */
import { setImmediate as tick } from 'node:timers/promises';
import { createPayoutActivities } from '../activities/payout';
import { createCancelPayout } from '../activities/submittedCredit';
import type { PayRequest } from '../activities/types';
import { createDatabase, type Database } from '../database/pool';
import { writeProjection, type ProjectionWrite } from '../database/projection';
import type { Stage } from '../program/enrollmentState';
import { ownProgram, type Enrolled } from './support/ownProgram';
import * as payouts from './support/payouts';
import { startTestService, type TestService } from './support/testService';

const ROUNDS = 80;
const ATTEMPTS = 4;
/** When the stop begins; between the first and the last, either may win. */
const MOMENTS = [
  'before',
  'with the attempts',
  'at the baseline',
  'after the baseline',
  'at the call',
] as const;

let t: TestService;
let database: Database;
let enrolled: Enrolled;
let request: PayRequest;
let written: ProjectionWrite;
beforeAll(async () => {
  t = await startTestService();
  database = createDatabase({ connectionString: t.plan.databaseUrl });
  enrolled = await payouts.scheduledPayout(await ownProgram(t));
  const state = await enrolled.state();
  const { enrollmentId, programId, programRevision, submission, credit } = state;
  const { amountMinor, currency, statementId } = credit!;
  const { advertiserId } = submission;
  request = { enrollmentId, programId, programRevision, advertiserId, amountMinor, currency, statementId };
  const { rows } = await t.db.query<Pick<ProjectionWrite, 'workflowId' | 'runId' | 'sequence'>>(
    `select workflow_id as "workflowId", run_id as "runId", sequence from enrollment where enrollment_id = $1`,
    [enrolled.id],
  );
  written = { ...rows[0]!, runStartedAt: Date.now(), state, events: [] };
});
afterAll(async () => {
  await database?.close();
  await t?.stop();
});

/** As the workflow does, which waits for its payout date meanwhile. */
async function readModelSays(stage: Stage): Promise<void> {
  const state = { ...written.state, stage };
  expect(await database.transaction((client) => writeProjection(client, { ...written, state }))).toBe(
    'written',
  );
}

/** What workflows/payoutStop.ts does: true if nothing was submitted. */
async function stop(): Promise<boolean> {
  await readModelSays('scheduled');
  return (await createCancelPayout({ database }).cancelPayout(enrolled.id)) === null;
}

test('When attempts to pay meet a stop, then a stop that was granted is followed by no payment, and one that was not by one', async () => {
  const granted: boolean[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await readModelSays('paying');
    const moment = MOMENTS[round % MOMENTS.length]!;
    const { stopped, calls } = await play(moment, Math.floor(round / MOMENTS.length));
    expect({ round, moment, stopped, calls }).toEqual({ round, moment, stopped, calls: stopped ? 0 : 1 });
    granted.push(stopped);
    // The next round begins without a live payout, whatever came of this one.
    await t.db.query(`update payout set state = 'void' where enrollment_id = $1`, [enrolled.id]);
  }
  const ofMoment = (wanted: number) => granted.filter((_, round) => round % MOMENTS.length === wanted);
  expect(new Set(ofMoment(0))).toEqual(new Set([true]));
  expect(new Set(ofMoment(MOMENTS.length - 1))).toEqual(new Set([false]));
});

/** `ticks` of the event loop lie between a step and its answer, so that each round meets at another point. */
async function play(
  moment: (typeof MOMENTS)[number],
  ticks: number,
): Promise<{ stopped: boolean; calls: number }> {
  let calls = 0;
  let begin = () => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const stopping = begun.then(stop);
  const ofWorker = createPayoutActivities({
    database,
    rails: new Map([
      [
        'sandbox',
        {
          name: 'sandbox',
          async lookUp() {
            if (moment === 'at the baseline') begin();
            for (let passed = 0; passed < ticks; passed += 1) await tick();
            if (moment === 'after the baseline') begin();
            return { outcome: 'absent', evidence: 'none listed' } as const;
          },
          async pay() {
            calls += 1;
            begin();
            for (let passed = 0; passed < ticks; passed += 1) await tick();
            return { outcome: 'paid', railPaymentId: `rail_${calls}` } as const;
          },
        },
      ],
    ]),
  });
  const activities = payouts.calledBy(enrolled.workflow, ofWorker);
  if (moment === 'before' || moment === 'with the attempts') begin();
  if (moment === 'before') await stopping;
  await Promise.allSettled(Array.from({ length: ATTEMPTS }, () => activities.pay(request)));
  const stopped = await stopping;
  // And one of a worker that stood still meanwhile.
  await Promise.allSettled([activities.pay(request)]);
  return { stopped, calls };
}
