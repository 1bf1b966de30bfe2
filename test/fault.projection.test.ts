/**
 * A workflow task that is lost after its projection was written: the worker's write is held at the database, Temporal is
 * taken away from the worker, then the write goes through, then the worker is killed.
 */
import { Client, Connection } from '@temporalio/client';
import { eventually } from '../dev/apiClient';
import { NAMESPACE } from '../dev/servers';
import type { Actor } from '../program/enrollmentState';
import * as messages from '../workflows/messages';
import { startCuttableProxy, type CuttableProxy } from './support/cuttableProxy';
import { holdRows } from './support/databaseGate';
import { ownProgram, type Enrolled } from './support/ownProgram';
import { startOwnTemporal, type OwnTemporal } from './support/ownServers';
import { sharedServers } from './support/shared';
import { ADVERTISER, startTestService, type TestService } from './support/testService';

let temporal: OwnTemporal;
let proxy: CuttableProxy;
let t: TestService;
let enrolled: Enrolled;
const senders: Connection[] = [];
beforeAll(async () => {
  temporal = await startOwnTemporal();
  proxy = await startCuttableProxy(temporal.address);
  t = await startTestService({
    servers: { ...sharedServers(), temporalAddress: temporal.address, temporalUiUrl: temporal.uiUrl },
    environment: { TEMPORAL_ADDRESS: proxy.address },
  });
});
beforeEach(async () => {
  enrolled = await (await ownProgram(t)).enroll();
  await enrolled.untilEvent('advertiser_located');
});
afterAll(async () => {
  for (const sender of senders) await sender.close();
  await t?.stop();
  await proxy?.stop();
  await temporal?.stop();
});

const PARTNER: Actor = { role: 'partner', id: 'kno' };
const OPENED = ['1 opened', '2 advertiser_located'];

test('When a task is lost after its projection was written and another message comes, then the read model follows the history in the end', async () => {
  const { workflow } = enrolled;
  const update = await loseTaskOfConfirmation();
  proxy.restore();
  // Temporal gives the task out again after its time-out (10 s): with the Update, and with what came meanwhile.
  await workflow.signal(messages.deferSignal, { month: '2024-01' });
  await t.service.startWorker();
  await update.outcome;
  await expectReadModelOfHistory(['deferred', 'partner_confirmed']);
  expect(await enrolled.state()).toMatchObject({
    partnerStatements: { subscription: { by: PARTNER } },
    period: { month: '2024-01' },
  });

  // And messages go on as if nothing had been.
  expect((await enrolled.complete()).status).toBe(200);
  expect((await enrolled.happened()).at(-1)).toBe('questionnaire_completed');
});

test('When a task is lost after its projection was written and its message never comes again, then the next message takes its place', async () => {
  const update = await loseTaskOfConfirmation();
  await temporal.kill();
  await expect(update.outcome).rejects.toThrow(); // not accepted yet, and nobody sends it again
  await temporal.start();
  proxy.restore();
  await eventually(
    () =>
      enrolled.workflow.signal(messages.completeQuestionnaireSignal).then(
        () => true,
        () => false,
      ),
    (isSent) => isSent,
  );
  await t.service.startWorker();
  await eventually(keys, (written) => written.includes('3 questionnaire_completed'));
  await expectReadModelOfHistory(['questionnaire_completed']);
  expect(await enrolled.state()).toMatchObject({
    partnerStatements: {},
    questionnaire: { by: { role: 'operator' } },
  });
});

/** The projection of a partner confirmation is in the read model, and no history holds it. */
async function loseTaskOfConfirmation() {
  const { id, workflow } = enrolled;
  const projection = `new.enrollment_id = '${id}' and new.sequence = 3`;
  const projecting = await holdRows(t.db, 'enrollment', 'update', projection);
  // Without the usual interceptor: a call that breaks is not repeated.
  const connection = await Connection.connect({ address: temporal.address, interceptors: [] });
  const sender = new Client({ connection, namespace: NAMESPACE });
  const confirmation = {
    version: 1,
    messageId: 'm-confirm',
    actor: PARTNER,
    advertiserId: ADVERTISER,
  } as const;
  const outcome = sender.workflow
    .getHandle(workflow.workflowId)
    .executeUpdate(messages.confirmPartner, { args: [confirmation] });
  senders.push(connection);
  outcome.catch(() => undefined); // looked at by the tests, later
  await projecting.reached();
  proxy.hang();
  await projecting.open();
  await eventually(keys, (written) => written.includes('3 partner_confirmed'));
  await t.service.worker.kill('SIGKILL');
  expect(await keys()).toEqual([...OPENED, '3 partner_confirmed']);
  return { outcome };
}

/** Entries 1 and 2, then these in any order, each once; the state is the workflow's own. */
async function expectReadModelOfHistory(types: string[]): Promise<void> {
  const [first, second, ...rest] = await keys();
  expect([first, second]).toEqual(OPENED);
  expect(rest.map((key) => key.split(' ')[0])).toEqual(types.map((_, index) => String(index + 3)));
  expect(rest.map((key) => key.split(' ')[1]).sort()).toEqual([...types].sort());
  const { rows } = await t.db.query('select state from enrollment where enrollment_id = $1', [enrolled.id]);
  expect(rows).toEqual([{ state: await enrolled.state() }]);
}

async function keys(): Promise<string[]> {
  const { rows } = await t.db.query<{ key: string }>(
    `select sequence || ' ' || event_type as key from timeline_event where enrollment_id = $1 order by sequence`,
    [enrolled.id],
  );
  return rows.map(({ key }) => key);
}
