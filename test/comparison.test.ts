/** PostgreSQL compared with Temporal: read models that are behind are repaired, and nothing newer is overwritten. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createComparisonActivities } from '../activities/comparison';
import type { ComparisonRequest, ComparisonResult } from '../activities/types';
import { openReadModels, repairReadModel, type ReadModel } from '../database/comparison';
import { createDatabase } from '../database/pool';
import { eventually } from '../dev/apiClient';
import { scheduleComparison } from '../temporal/schedule';
import { NAMESPACE } from '../dev/servers';
import { builtEntry } from '../dev/settings';
import { createWorkflowWatch } from '../temporal/visibility';
import { projectionQuery } from '../workflows/messages';
import { attentionReasons, compareNow } from './support/attention';
import { startOwnWorker } from './support/ownWorker';
import { history, ownProgram, type Enrolled } from './support/ownProgram';
import { temporalCommand } from './support/temporalCommand';
import { startTestService, type TestService } from './support/testService';
import { untilAtRest } from './support/workflows';

let t: TestService;
let brand: Enrolled;
beforeAll(async () => {
  t = await startTestService();
});
beforeEach(async () => {
  brand = await (await ownProgram(t)).enroll();
  await brand.untilEvent('advertiser_located');
  await untilAtRest(brand.workflow);
});
afterAll(() => t?.stop());

test('When a read model was damaged and the schedule is triggered, then the comparison makes it whole again', async () => {
  await brand.confirm();
  const before = await brand.timeline();
  await t.db.query(
    `update enrollment set sequence = 1, status = 'paid', state = jsonb_set(state, '{partnerStatements}', '{}')
      where enrollment_id = $1`,
    [brand.id],
  );
  await t.db.query(`delete from timeline_event where enrollment_id = $1 and sequence > 1`, [brand.id]);

  const { taskQueue, temporalAddress: address } = t.plan;
  const settings = { address, namespace: NAMESPACE, tls: false, apiKey: undefined, taskQueue };
  const scheduleId = `comparison-${taskQueue}`;
  await scheduleComparison(settings, { scheduleId, everyMinutes: 1_440 });
  const schedule = t.temporal.schedule.getHandle(scheduleId);
  try {
    await schedule.trigger();
    await eventually(readModel, ({ sequence }) => sequence === 3);
    await expectEqualToWorkflow();
    expect((await brand.now()).status).toBe('verifying');
    expect((await brand.timeline()).map(({ type, at }) => [type, at])).toEqual(
      before.map(({ type, at }) => [type, at]),
    );
    expect(await attentionReasons(t, brand.id)).toEqual([]);
  } finally {
    await schedule.delete();
  }
});

test('When a system is set up again with another interval, then its schedule is changed', async () => {
  const { taskQueue, temporalAddress: address } = t.plan;
  const settings = { address, namespace: NAMESPACE, tls: false, apiKey: undefined, taskQueue };
  const scheduleId = `again-${taskQueue}`;
  const schedule = t.temporal.schedule.getHandle(scheduleId);
  try {
    await scheduleComparison(settings, { scheduleId, everyMinutes: 600 });
    await schedule.pause('by an operator');
    await scheduleComparison(settings, { scheduleId, everyMinutes: 700 });
    const { spec, state } = await schedule.describe();
    expect(spec.intervals).toMatchObject([{ every: 700 * 60_000 }]);
    expect(state).toMatchObject({ paused: true, note: 'by an operator' });
  } finally {
    await schedule.delete();
  }
});

test('When an enrollment is reset to where it waits, then the comparison shows what the new run knows', async () => {
  const waiting = (await history(brand.workflow)).findLast(
    (event) => event.workflowTaskCompletedEventAttributes,
  );
  await brand.confirm();
  await temporalCommand(
    t,
    ...['workflow', 'reset', '--workflow-id', brand.workflow.workflowId, '--reason', 'a test'],
    ...['--event-id', String(waiting!.eventId), '--reapply-exclude', 'All'],
  );
  // The read model may hold the confirmation still, or not: the new run writes when it takes its next step.
  expect((await brand.state()).partnerStatements).toEqual({});

  await compareNow(t);
  await expectEqualToWorkflow();
  expect(await brand.happened()).toEqual(['opened', 'advertiser_located']);
  expect((await brand.confirm()).status).toBe(200);
  await expectEqualToWorkflow();
});

test('When the read model is written between the comparison and its repair, then the newer write stands', async () => {
  const database = createDatabase({ connectionString: t.plan.databaseUrl });
  try {
    const seen = (await openReadModels(database.pool, null, 1_000)).find(isOfBrand)!;
    const stale = await brand.workflow.query(projectionQuery);
    await brand.confirm();
    const repair = (version: ReadModel) =>
      database.transaction((db) =>
        repairReadModel(db, version, { projection: stale, runStartedAt: Date.now() }),
      );
    expect(await repair(seen)).toBe(false);
    expect(await brand.happened()).toContain('partner_confirmed');
    await expectEqualToWorkflow();
  } finally {
    await database.close();
  }
});

test('When everything is equal, then the comparison writes nothing', async () => {
  const version = async () =>
    (
      await t.db.query<{ xmin: string }>('select xmin::text from enrollment where enrollment_id = $1', [
        brand.id,
      ])
    ).rows;
  const before = await version();
  expect(await compareNow(t)).toMatchObject({ repaired: 0, after: null });
  expect(await version()).toEqual(before);
});

describe('one part of all at a time', () => {
  const PART = { page: 2, pages: 1 };
  /** Of what a run tells Temporal: how far it came. */
  let told: ComparisonResult[];

  async function comparePart(after: string | null, heartbeatDetails?: ComparisonResult) {
    const database = createDatabase({ connectionString: t.plan.databaseUrl });
    const workflows = createWorkflowWatch(t.temporal, { taskQueue: t.plan.taskQueue });
    const activities = createComparisonActivities({ database, workflows }, PART);
    const activity = new MockActivityEnvironment({ ...(heartbeatDetails && { heartbeatDetails }) });
    told = [];
    activity.on('heartbeat', (result: ComparisonResult) => void told.push({ ...result }));
    try {
      return await activity.run<[ComparisonRequest], ComparisonResult, typeof activities.compare>(
        (request) => activities.compare(request),
        { after },
      );
    } finally {
      await database.close();
    }
  }

  const openIds = async () => {
    const { rows } = await t.db.query<{ id: string }>(
      `select enrollment_id as id from enrollment where state->'ending' = 'null'::jsonb order by enrollment_id`,
    );
    return rows.map(({ id }) => id);
  };

  test('When there are more than one run looks at, then each goes on after the one before, until the end', async () => {
    for (let more = 0; more < 2; more += 1) await (await ownProgram(t)).enroll();
    const ids = await openIds();
    expect(ids.length).toBeGreaterThan(2);
    const ends: (string | null)[] = [];
    for (let after: string | null = null; ;) {
      ({ after } = await comparePart(after));
      ends.push(after);
      if (after === null) break;
    }
    const lastOfEach = ids.filter((_id, index) => index % PART.page === PART.page - 1);
    expect(ends).toEqual([...lastOfEach, null]);
  });

  test('When a run did not come to its end, then its next attempt goes on where that was', async () => {
    const [, , third, fourth] = await openIds();
    const before = { compared: 2, repaired: 0, after: (await openIds())[1]! };
    const result = await comparePart(null, before);
    expect(result).toMatchObject({ compared: 4, after: fourth });
    expect(told).toMatchObject([{ compared: 4 }]);
    expect(third).toBeDefined();
  });

  test('When the schedule starts the next run, then it begins where the last has stopped', async () => {
    const asked: ComparisonRequest[] = [];
    const compare = (request: ComparisonRequest): Promise<ComparisonResult> => {
      asked.push(request);
      return Promise.resolve({ compared: 1, repaired: 0, after: 'enr_5' });
    };
    const taskQueue = `parts-${randomUUID()}`;
    const code = readFileSync(builtEntry('workflow-bundle.js'), 'utf8');
    const worker = await startOwnWorker(t, { taskQueue, code, activities: { compare } });
    const { temporalAddress: address } = t.plan;
    const settings = { address, namespace: NAMESPACE, tls: false, apiKey: undefined, taskQueue };
    await scheduleComparison(settings, { scheduleId: taskQueue, everyMinutes: 1_440 });
    const schedule = t.temporal.schedule.getHandle(taskQueue);
    try {
      for (const run of [1, 2]) {
        const { recentActions } = (await schedule.describe()).info;
        // A run is named by the second in which it starts: two of one second are one.
        const before = recentActions[0] ? recentActions[0].takenAt.getTime() : 0;
        await eventually(
          () => Promise.resolve(Date.now()),
          (now) => now - before > 1_000,
        );
        // By default, Temporal does not count a run that somebody triggers among those that follow each other.
        await schedule.trigger(ScheduleOverlapPolicy.SKIP);
        await eventually(
          async () => (await schedule.describe()).info,
          ({ recentActions, runningActions }) =>
            asked.length === run && recentActions.length === run && runningActions.length === 0,
        );
      }
      expect(asked).toEqual([{ after: null }, { after: 'enr_5' }]);
    } finally {
      await schedule.delete();
      await worker.stop();
    }
  });
});

test('When only the columns by which lists find it are wrong, then the comparison writes them again', async () => {
  const columns = async () =>
    (
      await t.db.query(
        'select status, calculation_month, survey_partner, waiting_for, reason_codes from enrollment where enrollment_id = $1',
        [brand.id],
      )
    ).rows[0] as Record<string, unknown>;
  const before = await columns();
  expect(before).toMatchObject({ status: 'verifying', reason_codes: [] });
  expect(before['waiting_for']).toEqual(['partner', 'partner_confirmation', 'advertiser', 'questionnaire']);
  await t.db.query(
    `update enrollment set waiting_for = '{}', reason_codes = '{WITHDRAWN}' where enrollment_id = $1`,
    [brand.id],
  );
  expect(await compareNow(t)).toMatchObject({ repaired: 1 });
  expect(await columns()).toEqual(before);
});

const isOfBrand = ({ enrollmentId }: ReadModel) => enrollmentId === brand.id;

async function readModel() {
  const { rows } = await t.db.query<{ sequence: number; state: unknown; runId: string }>(
    'select sequence, state, run_id as "runId" from enrollment where enrollment_id = $1',
    [brand.id],
  );
  return rows[0]!;
}

async function expectEqualToWorkflow(): Promise<void> {
  const current = t.temporal.workflow.getHandle(brand.workflow.workflowId);
  const { sequence, state, runId } = await current.query(projectionQuery);
  expect(await readModel()).toEqual({ sequence, state, runId });
}
