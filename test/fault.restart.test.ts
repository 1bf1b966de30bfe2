/** A restart of what was stopped before PostgreSQL had all of it: the stopped workflow is asked, and nothing it knew is lost. */
import { randomUUID } from 'node:crypto';
import { eventually } from '../dev/apiClient';
import { startCuttableProxy, type CuttableProxy } from './support/cuttableProxy';
import { holdRows } from './support/databaseGate';
import { activitiesEnded, ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import * as payouts from './support/payouts';
import { sharedServers } from './support/shared';
import { startTestService, type TestService } from './support/testService';

let postgres: CuttableProxy;
let t: TestService;
let program: OwnProgram;
let brand: Enrolled;
beforeAll(async () => {
  const servers = sharedServers();
  const url = new URL(servers.postgresAdminUrl);
  postgres = await startCuttableProxy(url.host);
  url.host = postgres.address;
  t = await startTestService({ servers: { ...servers, postgresAdminUrl: url.href } });
});
beforeEach(async () => {
  program = await ownProgram(t);
  brand = await program.enrollComplete();
});
afterEach(() => postgres.restore());
afterAll(async () => {
  await t?.stop();
  await postgres?.stop();
});

const restart = (by: { key?: string; lastKnown?: boolean } = {}) => {
  const { key, ...body } = by;
  return brand.ask(t.admin, 'restart', { note: 'Terminated by mistake.', ...body }, key);
};

test('When an enrollment is held while PostgreSQL is away, and terminated before that is written, then a restart keeps the hold and nothing is paid', async () => {
  await unwritten(
    () => brand.workflow.signal('hold'),
    (state) => state.onHold !== null,
  );
  await t.service.startWorker();
  expect((await brand.now()).onHold).toBeNull();

  expect(await restart()).toMatchObject({ status: 200, body: { onHold: { reasonCode: 'FRAUD_REVIEW' } } });
  await brand.untilEvent('restarted');
  expect((await brand.happened()).slice(-2)).toEqual(['held', 'restarted']);

  await payouts.payoutDateComes(program);
  const workflow = t.temporal.workflow.getHandle((await brand.now()).workflowId);
  await eventually(
    () => activitiesEnded(workflow, 'readClock'),
    (times) => times >= 1,
  );
  // Asked in a task of its own, after what the new date has set going.
  await workflow.query('enrollment');
  expect(await brand.happened()).not.toContain('calculation_begun');
  expect(await payouts.payoutRows(t, brand)).toEqual([]);

  expect((await brand.release()).status).toBe(200);
  await brand.untilStatus('paid');
  expect(await payouts.paymentsOf(t, brand)).toHaveLength(1);
});

test('When an enrollment is withdrawn, and terminated before that is written, then it is not restarted but shown as withdrawn', async () => {
  const written = await holdRows(
    t.db,
    'enrollment',
    'update',
    `new.enrollment_id = '${brand.id}' and new.status = 'withdrawn'`,
  );
  await brand.workflow.cancel();
  await written.reached();
  // The write is given up, and tried again later.
  await eventually(
    () => brand.state(),
    (state) => state.ending !== null,
  );
  await brand.workflow.terminate('by mistake');
  await t.service.worker.kill('SIGKILL');
  await written.open();
  await t.service.startWorker();
  expect((await brand.now()).status).toBe('measuring');
  expect(await restart()).toMatchObject({ status: 409, body: { code: 'ENROLLMENT_ENDED' } });
  expect(await brand.now()).toMatchObject({ status: 'withdrawn', workflowId: brand.workflow.workflowId });
});

test('When no worker answers for a stopped workflow, then a restart is refused, and done by the same request once one does', async () => {
  await unwritten(
    () => brand.workflow.signal('hold'),
    (state) => state.onHold !== null,
  );
  const key = randomUUID();
  const refused = await restart({ key });
  expect(refused).toMatchObject({ status: 503, body: { code: 'WORKFLOW_NOT_ANSWERING' } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await brand.now()).workflowId).toBe(brand.workflow.workflowId);

  await t.service.startWorker();
  const answer = await restart({ key });
  expect(answer).toMatchObject({ status: 200, body: { onHold: { reasonCode: 'FRAUD_REVIEW' } } });
  expect(await restart({ key })).toMatchObject({ status: 200, body: answer.body });
  expect(await decision()).toMatchObject({ lastKnown: false });
});

test('When no worker answers and an admin takes what is last known, then the enrollment goes on from that', async () => {
  await t.service.worker.kill('SIGKILL');
  await brand.workflow.terminate('by mistake');
  const { workflowId } = brand.workflow;
  expect((await restart()).status).toBe(503);
  const key = randomUUID();
  const answer = await restart({ key, lastKnown: true });
  expect(answer).toMatchObject({ status: 200, body: { workflowId: `${workflowId}:2` } });
  expect((await restart({ key, lastKnown: true })).body).toEqual(answer.body);
  expect(await decision()).toMatchObject({ replacedWorkflowId: workflowId, lastKnown: true });
  await t.service.startWorker();
  await brand.untilEvent('restarted');
  await payouts.payoutDateComes(program);
  await brand.untilStatus('paid');
});

test('When PostgreSQL tells more than the stopped workflow knew, then a restart waits for the word of an admin', async () => {
  await brand.workflow.terminate('by mistake');
  // As a workflow task leaves it that was lost with its worker.
  await t.db.query(`update enrollment set sequence = sequence + 1 where enrollment_id = $1`, [brand.id]);
  expect(await restart()).toMatchObject({ status: 409, body: { code: 'READ_MODEL_DIFFERS' } });
  expect((await restart({ lastKnown: true })).status).toBe(200);
  await brand.untilEvent('restarted');
});

/** What happens while PostgreSQL is away; then the workflow is terminated and its worker killed before it is written. */
async function unwritten(
  happens: () => Promise<unknown>,
  hasHappened: (state: Awaited<ReturnType<Enrolled['state']>>) => boolean,
): Promise<void> {
  postgres.cut();
  await happens();
  await eventually(() => brand.state(), hasHappened);
  await brand.workflow.terminate('by mistake');
  await t.service.worker.kill('SIGKILL');
  postgres.restore();
  await eventually(
    () =>
      t.db.query('select 1').then(
        () => true,
        () => false,
      ),
    (answers) => answers,
  );
}

async function decision(): Promise<unknown> {
  const { rows } = await t.db.query<{ payload: unknown }>(
    `select payload from decision where enrollment_id = $1 and kind = 'restart'`,
    [brand.id],
  );
  return rows[0]?.payload;
}
