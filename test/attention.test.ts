/** What our own staff must look at: one list, each entry with what to do about it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createActivities } from '../activities/createActivities';
import { createKeyring } from '../database/keyring';
import { createDatabase } from '../database/pool';
import { eventually } from '../dev/apiClient';
import { builtEntry } from '../dev/settings';
import { ATTENTION, runbookAnchor, type AttentionReason } from '../program/attention';
import { createWorkflowWatch } from '../temporal/visibility';
import { newAdvertiser } from './support/advertisers';
import { attentionItems, attentionReasons, compareNow, compareUntil } from './support/attention';
import { ownProgram, type Enrolled } from './support/ownProgram';
import { startOwnWorker } from './support/ownWorker';
import * as payouts from './support/payouts';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
beforeAll(async () => {
  t = await startTestService();
});
afterEach(() => payouts.clearFaults(t));
afterAll(() => t?.stop());

async function located(): Promise<Enrolled> {
  const brand = await (await ownProgram(t)).enroll();
  await brand.untilEvent('advertiser_located');
  return brand;
}

test('When a reason is listed, then the runbook has a section of its own for it, and for nothing else', () => {
  const runbook = readFileSync(join(__dirname, '../docs/runbook.md'), 'utf8');
  // Under its anchor, and by the code that the entry has.
  const sections = runbook.split(/^### /m).slice(1);
  const named = sections.map((section) => section.split('\n\n').slice(0, 2));
  const reasons = Object.keys(ATTENTION) as AttentionReason[];
  expect(named.sort()).toEqual(reasons.map((reason) => [runbookAnchor(reason), `\`${reason}\``]).sort());
});

test('When staff read the list, then each entry says what to do and where to read more; others may not read it', async () => {
  const brand = await located();
  await brand.workflow.terminate('by a test');
  await compareUntil(t, brand.id, ['RUN_STOPPED']);
  const [item] = await attentionItems(t, brand.id);
  expect(item).toMatchObject({
    enrollmentId: brand.id,
    since: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    whatToDo: ATTENTION.RUN_STOPPED,
    runbookUrl: 'docs/runbook.md#run-stopped',
  });
  expect((await t.approver.get('/v1/attention')).status).toBe(200);
  for (const outsider of [t.caller, t.partner])
    expect((await outsider.get('/v1/attention')).status).toBe(403);
});

test('When the code of a worker fails on an enrollment, then it is listed until the code is right again', async () => {
  const brand = await located();
  await t.service.worker.stop();
  const broken = await startBrokenWorker('throw new Error("broken");');
  try {
    await brand.workflow.signal('wake');
    // Temporal says so after the fifth failure in a row: its pauses between them are 5 s and longer.
    await compareUntil(t, brand.id, ['WORKFLOW_TASK_FAILING'], 180_000);
  } finally {
    await broken.stop();
    await t.service.startWorker();
  }
  await compareUntil(t, brand.id, [], 90_000);
  expect((await brand.confirm()).status).toBe(200);
}, 360_000);

test('When a run fails, then it is listed, and an admin restarts it', async () => {
  const program = await ownProgram(t);
  await t.service.worker.stop();
  const broken = await startBrokenWorker('throw workflow_1.ApplicationFailure.nonRetryable("broken");');
  let brand: Enrolled;
  try {
    brand = await program.enroll();
    await expect(brand.workflow.result()).rejects.toMatchObject({ cause: { message: 'broken' } });
  } finally {
    await broken.stop();
    await t.service.startWorker();
  }
  await compareUntil(t, brand.id, ['RUN_STOPPED']);
  // What broken code has done, mended code cannot replay.
  const restart = (body: object) => brand.ask(t.admin, 'restart', { note: 'Mended.', ...body });
  expect(await restart({})).toMatchObject({ status: 503, body: { code: 'WORKFLOW_NOT_ANSWERING' } });
  expect(await restart({ lastKnown: true })).toMatchObject({ status: 200 });
  await brand.untilEvent('advertiser_located');
  expect(await attentionReasons(t, brand.id)).toEqual([]);
});

test('When an activity is tried for the fifth time, then it is listed until it succeeds', async () => {
  const advertiserId = await newAdvertiser(t);
  await t.fault({ target: 'advertiser_info', fault: 'server_error', times: 1_000, only: advertiserId });
  const brand = await (await ownProgram(t)).enroll({ advertiserId });
  const listed = await eventually(
    () => attentionItems(t, brand.id),
    (items) => items.length > 0,
    60_000,
  );
  expect(listed).toMatchObject([{ reason: 'ACTIVITY_RETRYING', subject: 'lookUpAdvertiser' }]);
  const { pendingActivities } = (await brand.workflow.describe()).raw;
  expect(pendingActivities![0]!.attempt).toBeGreaterThanOrEqual(5);
  // The comparison sees it too, and leaves it there.
  await compareNow(t);
  expect(await attentionReasons(t, brand.id)).toEqual(['ACTIVITY_RETRYING']);
  await payouts.clearFaults(t);
  // The pause after the fifth failure is 16 s, the next one 32 s.
  await eventually(
    () => attentionReasons(t, brand.id),
    (reasons) => reasons.length === 0,
    90_000,
  );
  // Off the list when the activity has succeeded; the workflow takes its answer a moment later.
  expect((await brand.untilEvent('advertiser_located')).type).toBe('advertiser_located');
}, 180_000);

test('When an activity that failed is given up, then the comparison takes it off the list', async () => {
  const brand = await located();
  await t.db.query(
    `insert into attention (enrollment_id, reason, subject) values ($1, 'ACTIVITY_RETRYING', 'lookUpAdvertiser')`,
    [brand.id],
  );
  expect(await attentionReasons(t, brand.id)).toEqual(['ACTIVITY_RETRYING']);
  await compareNow(t);
  expect(await attentionReasons(t, brand.id)).toEqual([]);
});

test('When a message from Temporal UI is refused, then it is listed until an admin dismisses it, and the next one again', async () => {
  const brand = await located();
  await brand.workflow.signal('defer', { month: 'December' });
  await brand.untilEvent('message_refused');
  expect(await attentionItems(t, brand.id)).toMatchObject([{ reason: 'MESSAGE_REFUSED', subject: 'defer' }]);

  const dismiss = (by = t.admin) => by.post(`/v1/attention/${brand.id}/dismissal`, {});
  expect((await dismiss(t.approver)).status).toBe(403);
  expect(await dismiss()).toMatchObject({ status: 200, body: { dismissed: 1 } });
  expect(await attentionReasons(t, brand.id)).toEqual([]);
  await brand.workflow.signal('defer', { month: 'January' });
  await brand.untilEvent('message_refused', 2);
  expect(await attentionReasons(t, brand.id)).toEqual(['MESSAGE_REFUSED']);
});

test('When the read model knows more than the workflow, then it is listed and left as it is', async () => {
  const brand = await located();
  await t.db.query('update enrollment set sequence = 9 where enrollment_id = $1', [brand.id]);
  await compareNow(t);
  expect(await attentionReasons(t, brand.id)).toEqual(['READ_MODEL_DIFFERS']);
  const { rows } = await t.db.query('select sequence from enrollment where enrollment_id = $1', [brand.id]);
  expect(rows).toEqual([{ sequence: 9 }]);

  // The next message is the workflow's own word.
  await brand.confirm();
  await compareNow(t);
  expect(await attentionReasons(t, brand.id)).toEqual([]);
});

test('When the rail refuses a payout, then it is listed with its key', async () => {
  const program = await ownProgram(t);
  const brand = await payouts.scheduledPayout(program);
  const subject = payouts.payoutKey(brand);
  await t.fault({ target: 'payout', fault: 'refuse', only: subject });
  await payouts.payoutDateComes(program);
  await brand.untilEvent('payout_refused');
  expect(await attentionItems(t, brand.id)).toMatchObject([{ reason: 'PAYOUT_REFUSED', subject }]);
});

test('When nobody knows for an hour whether a payout was made, then it is listed', async () => {
  const program = await ownProgram(t);
  const brand = await payouts.scheduledPayout(program);
  const subject = payouts.payoutKey(brand);
  await t.fault({ target: 'payout', fault: 'drop', only: subject });
  await payouts.payoutDateComes(program);
  await brand.untilStatus('payout_unknown');
  expect(await attentionReasons(t, brand.id)).toEqual([]);
  await t.db.query(
    `update payout set submitted_at = submitted_at - interval '61 minutes' where payout_key = $1`,
    [subject],
  );
  expect(await attentionItems(t, brand.id)).toMatchObject([{ reason: 'PAYOUT_UNKNOWN', subject }]);
});

test("When somebody else's workflow has the id of an enrollment, then the enrollment is not taken for started, and listed", async () => {
  const { programId } = await ownProgram(t);
  const form = { ...t.form(), programId };
  const workflowId = `enrollment:${programId}:${new URL(form.brand.storeUrl).host}`;
  const stranger = await t.temporal.workflow.start('comparison', { workflowId, taskQueue: 'nobody' });
  const enrolled = await t.caller.post('/v1/enrollments', form);
  expect(enrolled.status).toBe(202);
  const { id } = enrolled.body;
  expect(await attentionReasons(t, id)).toEqual(['WORKFLOW_ID_TAKEN']);

  await stranger.terminate();
  await t.temporal.workflowService.deleteWorkflowExecution({
    namespace: t.plan.temporalNamespace,
    workflowExecution: { workflowId },
  });
  await eventually(
    () => attentionReasons(t, id),
    (reasons) => reasons.length === 0,
    60_000,
  );
  await t.untilEvent(id, 'opened');
});

/** Its workflow code begins every enrollment with this fault; the comparison is as it should be. */
async function startBrokenWorker(fault: string) {
  const code = readFileSync(builtEntry('workflow-bundle.js'), 'utf8');
  const broken = code.replace('async function untilEnded(input, cancelRequested) {', `$& ${fault}`);
  expect(broken === code).toBe(false);
  const { databaseUrl, taskQueue } = t.plan;
  const database = createDatabase({ connectionString: databaseUrl });
  const { main } = createActivities({
    database,
    workflows: createWorkflowWatch(t.temporal, { taskQueue }),
    keyring: createKeyring([{ id: 'test', secret: Buffer.alloc(32, 7) }]),
    adPlatform: {
      lookUp: () => Promise.reject(new Error('not asked')),
      readSpend: () => Promise.reject(new Error('not asked')),
    },
    partnerKeyCheckers: new Map(),
    rails: new Map(),
  });
  const worker = await startOwnWorker(t, { taskQueue, code: broken, activities: main });
  return {
    async stop() {
      await worker.stop();
      await database.close();
    },
  };
}
