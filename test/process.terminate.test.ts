/** *Terminate* and *Delete* in Temporal UI: listed for attention, the brand stays reserved, and an admin restarts it. */
import { randomUUID } from 'node:crypto';
import { eventually } from '../dev/apiClient';
import { compareUntil, attentionReasons } from './support/attention';
import { history, ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import * as payouts from './support/payouts';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
let program: OwnProgram;
beforeAll(async () => {
  t = await startTestService();
});
beforeEach(async () => {
  program = await ownProgram(t);
});
afterEach(() => payouts.clearFaults(t));
afterAll(() => t?.stop());

const NOTE = { note: 'Terminated by mistake.' };
const restart = ({ path }: Enrolled, by = t.admin, key?: string) => by.post(`${path}/restart`, NOTE, key);
/** Under its workflow id of now; the run that was stopped is another workflow. */
const goesOn = async (brand: Enrolled) => t.temporal.workflow.getHandle((await brand.now()).workflowId);

test('When an enrollment is terminated, then it is listed, its brand stays reserved, and messages are refused', async () => {
  const form = t.form();
  const brand = await program.enroll(form);
  await brand.untilEvent('advertiser_located');
  await brand.workflow.terminate('by mistake');
  await compareUntil(t, brand.id, ['RUN_STOPPED']);

  const again = { ...form, programId: program.programId };
  expect(await t.otherCaller.post('/v1/enrollments', again)).toMatchObject({
    status: 409,
    body: { code: 'BRAND_ALREADY_ENROLLED' },
  });
  expect(await brand.confirm()).toMatchObject({ status: 409, body: { code: 'ENROLLMENT_STOPPED' } });
});

test('When a terminated enrollment is restarted, then it goes on from its facts under the next number and is paid', async () => {
  const brand = await program.enroll();
  await brand.untilEvent('advertiser_located');
  await brand.confirm();
  await brand.workflow.signal('defer', { month: 'nonsense' });
  await brand.untilEvent('message_refused');
  await brand.workflow.terminate('by mistake');
  await compareUntil(t, brand.id, ['MESSAGE_REFUSED', 'RUN_STOPPED']);

  const key = randomUUID();
  const answer = await restart(brand, t.admin, key);
  expect(answer).toMatchObject({
    status: 200,
    body: { id: brand.id, workflowId: `${brand.workflow.workflowId}:2`, status: 'verifying' },
  });
  expect((await restart(brand, t.admin, key)).body).toEqual(answer.body);
  expect(await attentionReasons(t, brand.id)).toEqual(['MESSAGE_REFUSED']);
  await brand.untilEvent('restarted');

  // A Signal of the new run is none of the old one's.
  await (await goesOn(brand)).signal('completeQuestionnaire');
  await brand.untilEvent('questionnaire_completed');
  await program.advanceTo('2023-12-04T00:00:00Z');
  await brand.untilStatus('scheduled');
  await program.advanceTo('2023-12-20T00:00:00Z');
  await brand.untilStatus('paid');
  expect(await brand.happened()).toEqual([
    ...['opened', 'advertiser_located', 'partner_confirmed', 'message_refused', 'restarted'],
    ...[
      'questionnaire_completed',
      'calculation_begun',
      'credit_calculated',
      'payout_begun',
      'payout_paid',
      'ended',
    ],
  ]);
  expect((await brand.timeline()).find(({ type }) => type === 'restarted')!.actor).toEqual({
    role: 'admin',
    id: 'ana',
  });
  expect(await payouts.paymentsOf(t, brand)).toHaveLength(1);
});

test('When a message was applied before the restart, then it changes nothing when it comes again', async () => {
  const brand = await program.enroll();
  await brand.untilEvent('advertiser_located');
  const messageId = 'm-before';
  const actor = { role: 'admin', id: 'ana' };
  const moved = { version: 1, messageId, actor, month: '2023-12' };
  await brand.workflow.executeUpdate('defer', { args: [moved] });
  await brand.workflow.terminate('by mistake');
  await restart(brand);
  await brand.untilEvent('restarted');
  await (await goesOn(brand)).executeUpdate('defer', { args: [{ ...moved, month: '2024-01' }] });
  expect((await brand.now()).calculationMonth).toBe('2023-12');
});

test('When an enrollment is terminated while it pays, then after the restart the payment is found and not made again', async () => {
  const brand = await payouts.scheduledPayout(program);
  const asked = await payouts.asked(t, 'payout');
  await t.fault({ target: 'payout', fault: 'execute_then_hang', only: payouts.payoutKey(brand) });
  await payouts.payoutDateComes(program);
  await payouts.untilAsked(t, 'payout', asked + 1);
  await brand.workflow.terminate('by mistake');
  expect((await brand.now()).status).toBe('paying');

  expect((await restart(brand)).status).toBe(200);
  await brand.untilStatus('paid');
  expect(await payouts.paymentsOf(t, brand)).toHaveLength(1);
  expect(await payouts.payoutRows(t, brand)).toMatchObject([{ state: 'paid', attempt: 1 }]);
  expect(await payouts.asked(t, 'payout')).toBe(asked + 1);
});

test('When a payout was refused and its enrollment is restarted, then it waits for a decision and does not pay again', async () => {
  const brand = await payouts.scheduledPayout(program);
  await t.fault({ target: 'payout', fault: 'refuse', only: payouts.payoutKey(brand) });
  await payouts.payoutDateComes(program);
  await brand.untilEvent('payout_refused');
  const asked = await payouts.asked(t, 'payout');
  await brand.workflow.terminate('by mistake');
  await restart(brand);
  await brand.untilEvent('restarted');
  const run = await goesOn(brand);
  const asks = async () => (await history(run)).flatMap(activityAsked);
  await eventually(asks, (names) => names.includes('settle'));
  await run.query('enrollment');
  expect(await asks()).not.toContain('pay');
  expect((await brand.now()).waitingFor).toMatchObject([{ what: 'refused_payout' }]);
  expect(await payouts.payoutRows(t, brand)).toMatchObject([{ state: 'refused' }]);
  expect(await payouts.asked(t, 'payout')).toBe(asked);
});

test('When a payout is pending again after a restart, then the timeline keeps what it was before', async () => {
  const brand = await payouts.scheduledPayout(program);
  const only = payouts.payoutKey(brand);
  await t.fault({ target: 'payout', fault: 'pending', only });
  await payouts.payoutDateComes(program);
  await brand.untilEvent('payout_pending');
  await t.fault({ target: 'payout_lookup', fault: 'late_visibility', ms: 600_000, times: 1_000, only });
  await brand.untilEvent('payout_unknown');
  await brand.workflow.terminate('by mistake');
  await payouts.clearFaults(t);
  await restart(brand);
  await brand.untilEvent('restarted');
  await brand.untilStatus('paying');
  expect((await brand.happened()).slice(-4)).toEqual([
    'payout_pending',
    'payout_unknown',
    'restarted',
    'payout_pending',
  ]);
});

test('When the workflow of an open enrollment was deleted, then it is listed and an admin can restart it', async () => {
  const brand = await program.enroll();
  await brand.untilEvent('advertiser_located');
  await brand.confirm();
  const { workflowId } = brand.workflow;
  await t.temporal.workflowService.deleteWorkflowExecution({
    namespace: t.plan.temporalNamespace,
    workflowExecution: { workflowId },
  });
  await compareUntil(t, brand.id, ['RUN_MISSING']);
  expect(await restart(brand)).toMatchObject({ status: 200, body: { workflowId: `${workflowId}:2` } });
  await brand.untilEvent('restarted');
  expect(await attentionReasons(t, brand.id)).toEqual([]);
  expect(
    (await (await goesOn(brand)).query<{ partnerStatements: object }>('enrollment')).partnerStatements,
  ).toHaveProperty('subscription');
});

test('When nothing was stopped, or somebody else asks, then a restart is refused', async () => {
  const brand = await program.enroll();
  await brand.untilEvent('advertiser_located');
  expect(await restart(brand)).toMatchObject({ status: 409, body: { code: 'ENROLLMENT_OPEN' } });
  expect(await restart(brand, t.caller)).toMatchObject({ status: 403 });
  await brand.workflow.cancel();
  await brand.untilStatus('withdrawn');
  expect(await restart(brand)).toMatchObject({ status: 409, body: { code: 'ENROLLMENT_ENDED' } });
});

function activityAsked({
  activityTaskScheduledEventAttributes: asked,
}: Awaited<ReturnType<typeof history>>[number]) {
  return asked ? [asked.activityType?.name ?? ''] : [];
}
