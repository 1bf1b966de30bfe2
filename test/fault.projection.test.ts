/**
 * A workflow task that is lost after its projection was written: the worker is cut off from Temporal while its write
 * waits at the database, then the write goes through, then the worker is killed. Temporal gives the task out again after
 * its time-out (10 s), with whatever came meanwhile.
 */
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { eventually } from '../dev/apiClient';
import type { Actor } from '../program/enrollmentState';
import * as messages from '../workflows/messages';
import { startCuttableProxy, type CuttableProxy } from './support/cuttableProxy';
import { holdRows } from './support/databaseGate';
import { ownProgram, type Enrolled } from './support/ownProgram';
import { sharedServers } from './support/shared';
import { ADVERTISER, startTestService, type TestService } from './support/testService';

let t: TestService;
let proxy: CuttableProxy;
beforeAll(async () => {
  proxy = await startCuttableProxy(sharedServers().temporalAddress);
  t = await startTestService({ environment: { TEMPORAL_ADDRESS: proxy.address } });
});
afterAll(async () => {
  await t?.stop();
  await proxy?.stop();
});

const PARTNER: Actor = { role: 'partner', id: 'kno' };

test('When a task is lost after its projection was written and another message comes, then the read model follows the history in the end', async () => {
  const program = await ownProgram(t);
  const confirmed = await program.enroll();
  const deferred = await program.enroll();
  for (const enrolled of [confirmed, deferred]) await enrolled.untilEvent('advertiser_located');
  const gates = [await holdProjection(confirmed), await holdProjection(deferred)];

  const updates = Promise.allSettled([
    confirmed.workflow.executeUpdate(messages.confirmPartner, {
      args: [{ version: 1, messageId: 'm-confirm', actor: PARTNER, advertiserId: ADVERTISER }],
    }),
    deferred.workflow.executeUpdate(messages.defer, {
      args: [{ version: 1, messageId: 'm-defer', actor: PARTNER, month: '2023-12' }],
    }),
  ]);
  for (const gate of gates) await gate.reached();
  proxy.hang();
  for (const gate of gates) await gate.open();
  for (const enrolled of [confirmed, deferred]) await untilSequence(enrolled, 3);
  await t.service.worker.kill('SIGKILL');
  proxy.restore();
  // What the lost tasks wrote, and no history holds.
  expect(await keys(confirmed)).toEqual([...OPENED, '3 partner_confirmed']);
  expect(await keys(deferred)).toEqual([...OPENED, '3 deferred']);
  expect(await calculationMonth(deferred)).toBe('2023-12');
  for (const { workflow } of [confirmed, deferred]) {
    expect(JSON.stringify(await workflow.fetchHistory())).not.toMatch(/m-confirm|m-defer/);
  }

  for (const { workflow } of [confirmed, deferred]) {
    await workflow.signal(messages.deferSignal, { month: '2024-01' });
  }
  await t.service.startWorker();

  const [confirmation, deferral] = await updates;
  expect(confirmation).toMatchObject({ status: 'fulfilled' });
  // In the redone task the operator's deferral came first, so this one would go back.
  expect(deferral).toMatchObject({
    status: 'rejected',
    reason: expect.any(WorkflowUpdateFailedError) as unknown,
  });
  await expectReadModelOfHistory(confirmed, ['deferred', 'partner_confirmed']);
  await expectReadModelOfHistory(deferred, ['deferred']);
  expect(await calculationMonth(deferred)).toBe('2024-01');
  expect(await eventKeys(deferred)).not.toContain('m-defer');

  // And messages go on as if nothing had been.
  expect((await confirmed.complete()).status).toBe(200);
  expect((await confirmed.happened()).at(-1)).toBe('questionnaire_completed');
});

const OPENED = ['1 opened', '2 advertiser_located'];

function holdProjection({ id }: Enrolled) {
  return holdRows(t.db, 'enrollment', 'update', `new.enrollment_id = '${id}' and new.sequence = 3`);
}

/** Entries 1 and 2, then these in any order, each once; the state is the workflow's own. */
async function expectReadModelOfHistory(enrolled: Enrolled, types: string[]): Promise<void> {
  await untilSequence(enrolled, OPENED.length + types.length);
  const [first, second, ...rest] = await keys(enrolled);
  expect([first, second]).toEqual(OPENED);
  expect(rest.map((key) => key.split(' ')[0])).toEqual(types.map((_, index) => String(index + 3)));
  expect(rest.map((key) => key.split(' ')[1]).sort()).toEqual([...types].sort());
  const { rows } = await t.db.query('select state from enrollment where enrollment_id = $1', [enrolled.id]);
  expect(rows).toEqual([{ state: await enrolled.state() }]);
}

async function keys({ id }: Enrolled): Promise<string[]> {
  const { rows } = await t.db.query<{ key: string }>(
    `select sequence || ' ' || event_type as key from timeline_event where enrollment_id = $1 order by sequence`,
    [id],
  );
  return rows.map(({ key }) => key);
}

async function eventKeys({ id }: Enrolled): Promise<string[]> {
  const { rows } = await t.db.query<{ key: string }>(
    'select event_key as key from timeline_event where enrollment_id = $1',
    [id],
  );
  return rows.map(({ key }) => key);
}

async function calculationMonth({ id }: Enrolled): Promise<string> {
  const { rows } = await t.db.query<{ month: string }>(
    'select calculation_month as month from enrollment where enrollment_id = $1',
    [id],
  );
  return rows[0]!.month;
}

async function untilSequence({ id }: Enrolled, sequence: number): Promise<void> {
  await eventually(
    async () => {
      const { rows } = await t.db.query<{ sequence: number }>(
        'select sequence from enrollment where enrollment_id = $1',
        [id],
      );
      return rows[0]!.sequence;
    },
    (written) => written === sequence,
    30_000,
  );
}
