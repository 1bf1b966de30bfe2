/** The command that rebuilds the read model, after PostgreSQL was restored from a backup that is older than Temporal. */
import { runCommand } from '../dev/stack/runCommand';
import { builtEntry } from '../dev/settings';
import { projectionQuery } from '../workflows/messages';
import { ownProgram, type Enrolled } from './support/ownProgram';
import { publishStrictProgram } from './support/programs';
import { startTestService, type TestService } from './support/testService';
import { runsOfWorkflow, untilAtRest } from './support/workflows';

let t: TestService;
beforeAll(async () => {
  t = await startTestService();
});
afterAll(() => t?.stop());

test('When PostgreSQL was restored from a backup, then the command brings every read model to what Temporal knows', async () => {
  const strict = await publishStrictProgram(t);
  const ending = await ownProgram(t, { policies: strict.policies });
  const going = await ownProgram(t);
  const [ended, moved, calm] = [await ending.enroll(), await going.enroll(), await going.enroll()];
  const all = [ended, moved, calm];
  for (const brand of all) {
    await brand.untilEvent('advertiser_located');
    await untilAtRest(brand.workflow);
  }

  await backUp();
  await moved.confirm();
  await moved.defer('2023-12');
  await ending.advanceTo('2023-12-10T00:00:00Z');
  await ended.untilStatus('ineligible');
  await ended.workflow.result();
  const before = await Promise.all(all.map((brand) => brand.happened()));
  await restore();
  expect(await moved.happened()).toEqual(['opened', 'advertiser_located']);

  const { succeeded, output } = await rebuild();
  expect(output).toContain('3 compared, 2 rebuilt');
  expect(output).toContain('equal: 1, repaired: 2, differs: 0, missing: 0, unknown: 0');
  expect(succeeded).toBe(true);
  expect(await Promise.all(all.map((brand) => brand.happened()))).toEqual(before);
  expect((await ended.now()).status).toBe('ineligible');
  for (const brand of all) await expectEqualToWorkflow(brand);
});

test('When an open workflow has no enrollment in PostgreSQL, then the command names it and fails', async () => {
  const brand = await (await ownProgram(t)).enroll();
  await brand.untilEvent('advertiser_located');
  const { workflowId } = brand.workflow;
  expect(await runsOfWorkflow(t, workflowId)).toBe(1); // so that it is on Temporal's list
  await forget(brand);
  const { succeeded, output } = await rebuild();
  expect(succeeded).toBe(false);
  expect(output).toContain(`${workflowId} is open in Temporal`);
});

/** As if its form had come after the backup. */
async function forget({ id }: Enrolled): Promise<void> {
  await t.db.query(`
    delete from timeline_event where enrollment_id = '${id}';
    delete from submission where enrollment_id = '${id}';
    delete from enrollment where enrollment_id = '${id}'`);
}

async function backUp(): Promise<void> {
  await t.db.query(
    `create table saved_enrollment as table enrollment; create table saved_event as table timeline_event`,
  );
}

async function restore(): Promise<void> {
  await t.db.query(`
    update enrollment e
       set sequence = s.sequence, state = s.state, status = s.status, calculation_month = s.calculation_month
      from saved_enrollment s where s.enrollment_id = e.enrollment_id;
    delete from timeline_event;
    insert into timeline_event select * from saved_event`);
}

function rebuild() {
  const { databaseUrl, temporalAddress, temporalNamespace, taskQueue } = t.plan;
  return runCommand(process.execPath, [builtEntry('deploy', 'rebuild.js')], {
    timeoutMs: 90_000,
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_NAMESPACE: temporalNamespace,
      TASK_QUEUE: taskQueue,
    },
  });
}

async function expectEqualToWorkflow({ id, workflow }: Enrolled): Promise<void> {
  const { sequence, state } = await workflow.query(projectionQuery);
  const { rows } = await t.db.query('select sequence, state from enrollment where enrollment_id = $1', [id]);
  expect(rows).toEqual([{ sequence, state }]);
}
