/** PostgreSQL compared with Temporal: read models that are behind are repaired, and nothing newer is overwritten. */
import { openReadModels, repairReadModel, type ReadModel } from '../database/comparison';
import { createDatabase } from '../database/pool';
import { eventually } from '../dev/apiClient';
import { scheduleComparison } from '../temporal/schedule';
import { NAMESPACE } from '../dev/servers';
import { projectionQuery } from '../workflows/messages';
import { attentionReasons, compareNow } from './support/attention';
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
