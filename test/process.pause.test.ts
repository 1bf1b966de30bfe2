/** *Pause* of Temporal's own: the enrollment stands still, whoever tells it something hears so, and nothing is lost. */
import { randomUUID } from 'node:crypto';
import { compareUntil } from './support/attention';
import { ownProgram, type Enrolled } from './support/ownProgram';
import { startTestService, type TestService } from './support/testService';
import { untilAtRest } from './support/workflows';

let t: TestService;
beforeAll(async () => {
  t = await startTestService();
});
afterAll(() => t?.stop());

const ofWorkflow = ({ workflow }: Enrolled) => ({
  namespace: t.temporal.options.namespace,
  workflowId: workflow.workflowId,
  identity: 'an operator',
  reason: 'to look at it',
  requestId: randomUUID(),
});

test('When an operator has paused an enrollment, then it is listed, messages are refused and applied nowhere, a Signal waits, and it goes on afterwards', async () => {
  const program = await ownProgram(t);
  const brand = await program.enroll();
  await brand.untilEvent('advertiser_located');
  // Temporal 1.31 forgets a pause that meets a workflow task: once that is done, the enrollment is running.
  await untilAtRest(brand.workflow);
  await t.temporal.workflowService.pauseWorkflowExecution(ofWorkflow(brand));

  const refused = { status: 409, body: { code: 'ENROLLMENT_PAUSED', enrollmentId: brand.id } };
  expect(await brand.confirm()).toMatchObject(refused);
  expect(await brand.withdraw()).toMatchObject(refused);
  await compareUntil(t, brand.id, ['RUN_PAUSED']);
  expect(await brand.ask(t.admin, 'restart', { note: 'It stands still.' })).toMatchObject(refused);
  await brand.workflow.signal('defer', { month: '2023-12' });
  expect(await brand.happened()).toEqual(['opened', 'advertiser_located']);

  await t.temporal.workflowService.unpauseWorkflowExecution(ofWorkflow(brand));
  await brand.untilEvent('deferred');
  await compareUntil(t, brand.id, []);
  expect((await brand.confirm()).status).toBe(200);
  expect((await brand.complete()).status).toBe(200);
  await brand.untilStatus('measuring');
});
