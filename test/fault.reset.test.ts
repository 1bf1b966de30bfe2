/** A reset from the command line, at each state of the payout: the process runs again, and the money moves once. */
import { eventually, type Enrollment } from '../dev/apiClient';
import { newAdvertiser } from './support/advertisers';
import { attentionItems, attentionReasons, compareUntil } from './support/attention';
import { holdRows } from './support/databaseGate';
import { history, ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import * as payouts from './support/payouts';
import { temporalCommand } from './support/temporalCommand';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
let program: OwnProgram;
let enrolled: Enrolled;
beforeAll(async () => {
  t = await startTestService();
});
beforeEach(async () => {
  program = await ownProgram(t);
  enrolled = await payouts.scheduledPayout(program);
});
afterEach(() => payouts.clearFaults(t));
afterAll(() => t?.stop());

/** Of a reset: what was sent after its point is left out. */
const TAKING_NOTHING = ['--reapply-exclude', 'All'];
const FACTS = ['opened', 'advertiser_located', 'partner_confirmed', 'questionnaire_completed'];
const STRAIGHT_PATH = ['calculation_begun', 'credit_calculated', 'payout_begun', 'payout_paid', 'ended'];

test('When the process is reset just before `submitting`, and the attempt of the old run goes on, then it is paid once', async () => {
  const submitting = await holdRows(
    t.db,
    'payout',
    'update',
    `new.state = 'submitting' and new.enrollment_id = '${enrolled.id}'`,
  );
  await payouts.payoutDateComes(program);
  await submitting.reached();
  await reset('--event-id', await taskBefore('pay'));
  await submitting.open();
  await expectPaidOnce();
  // The new run may have asked the rail before the old attempt's call was executed.
  expect((await told()).filter((type) => type !== 'payout_unknown')).toEqual(STRAIGHT_PATH);
});

test('When the process is reset after `submitting`, then the new run finds the payment and does not call again', async () => {
  const asked = await payouts.asked(t, 'payout');
  await t.fault({ target: 'payout', fault: 'execute_then_hang', only: payouts.payoutKey(enrolled) });
  await payouts.payoutDateComes(program);
  await payouts.untilAsked(t, 'payout', asked + 1);
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'submitting' }]);
  await reset('--event-id', await taskBefore('pay'));
  await expectPaidOnce();
  expect(await payouts.asked(t, 'payout')).toBe(asked + 1);
  expect(await told()).toEqual(STRAIGHT_PATH);
});

test('When a paid process is reset to before its payout, then it ends as paid again without a second payment, and the timeline tells it once', async () => {
  const only = payouts.payoutKey(enrolled);
  // A detour that the new run does not make: the payment is found only by the second look-up.
  await t.fault({ target: 'payout', fault: 'execute_then_drop', only });
  await t.fault({ target: 'payout_lookup', fault: 'late_visibility', ms: 60_000, times: 2, only });
  await payouts.payoutDateComes(program);
  await enrolled.untilStatus('paid');
  expect(await enrolled.happened()).toContain('payout_unknown');

  await reset('--event-id', await taskBefore('pay'));
  await expectPaidOnce();
  expect(await told()).toEqual(STRAIGHT_PATH);
});

test('When a paid process is reset to its first task, then its messages are applied again and it is paid once', async () => {
  await payouts.payoutDateComes(program);
  await enrolled.untilStatus('paid');
  await reset('--type', 'FirstWorkflowTask');
  await expectPaidOnce();
  expect(await told()).toEqual(STRAIGHT_PATH);
});

test('When the process is reset after the rail has refused, then the new run does not ask again and waits for a person', async () => {
  await t.fault({ target: 'payout', fault: 'refuse', only: payouts.payoutKey(enrolled) });
  await payouts.payoutDateComes(program);
  await enrolled.untilEvent('payout_refused');
  const asked = await payouts.asked(t, 'payout');
  await reset('--event-id', await taskBefore('pay'));
  await enrolled.untilEvent('payout_refused');
  expect(await told()).toEqual([...STRAIGHT_PATH.slice(0, 3), 'payout_refused']);
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'refused', attempt: 1 }]);
  expect(await payouts.asked(t, 'payout')).toBe(asked);
  expect(await payouts.paymentsOf(t, enrolled)).toEqual([]);
});

test('When a late attempt would pay what the new run has computed anew, holds, and nobody has approved, then it pays nothing', async () => {
  const credit = t.definition.credit.map((table) => ({ ...table, approvalThreshold: '100.00' }));
  program = await ownProgram(t, { credit });
  enrolled = await program.enrollComplete({ advertiserId: await newAdvertiser(t) });
  await payouts.calculationDateComes(program);
  await enrolled.untilStatus('awaiting_approval');
  await enrolled.decide('approve');
  await enrolled.untilStatus('scheduled');
  const frozen = `old.baseline is null and new.baseline is not null and new.enrollment_id = '${enrolled.id}'`;
  const beforeSubmission = await holdRows(t.db, 'payout', 'update', frozen);
  await payouts.payoutDateComes(program);
  await beforeSubmission.reached();
  await changeSpend('1200.00');
  await reset('--event-id', await taskBefore('measure'));
  await t.until(
    enrolled.id,
    ({ status, approval }) => status === 'awaiting_approval' && approval!.decided === null,
  );
  expect(await enrolled.hold()).toMatchObject({ status: 200 });
  await beforeSubmission.open();
  await enrolled.release();
  expect(await enrolled.decide('approve')).toMatchObject({ status: 200 });
  await enrolled.untilStatus('paid');
  // By the approval of the new run, and its amount: the frozen row of the old run came to nothing.
  const { amountMinor } = (await enrolled.now()).credit!;
  expect(amountMinor).toBeLessThan(payouts.CREDIT_MINOR);
  expect(await payouts.paymentsOf(t, enrolled)).toMatchObject([{ amountMinor }]);
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([
    { state: 'void', attempt: 0, amountMinor: payouts.CREDIT_MINOR },
    { state: 'paid', attempt: 1, amountMinor },
  ]);
});

describe('what was sent before a reset', () => {
  const resetToFirstTask = () => reset('--type', 'FirstWorkflowTask');

  test('When its month had passed by then, then a deferral counts as on the day on which it was asked for', async () => {
    const programFrom = Date.parse('2023-10-12T16:00:00Z');
    program = await ownProgram(t, {}, [{ realFrom: Date.now(), programFrom, speed: 1 }]);
    enrolled = await program.enrollComplete({ advertiserId: await newAdvertiser(t) });
    expect((await enrolled.defer('2023-12')).status).toBe(200);
    await program.advanceTo('2024-01-04T00:00:00Z');
    await enrolled.untilStatus('scheduled');
    await resetToFirstTask();
    expect(await enrolled.untilStatus('scheduled')).toMatchObject({ calculationMonth: '2023-12' });
    expect(await enrolled.happened()).toContain('deferred');
    expect(await attentionReasons(t, enrolled.id)).toEqual([]);
  });

  test('When an enrollment was held and released, then it is released still', async () => {
    await enrolled.hold();
    await enrolled.release();
    await resetToFirstTask();
    await enrolled.untilEvent('released');
    expect(await enrolled.untilStatus('scheduled')).toMatchObject({ onHold: null });
    expect(await attentionReasons(t, enrolled.id)).toEqual([]);
  });

  test('When the new run does not take it again, then it is listed until somebody has seen it', async () => {
    await reset('--type', 'FirstWorkflowTask', ...TAKING_NOTHING);
    await enrolled.untilStatus('verifying');
    const items = await attentionItems(t, enrolled.id);
    expect(items.map(({ reason, subject }) => [reason, subject!.split(' ')[0]])).toEqual([
      ['RESET_LOST_MESSAGE', 'partner_confirmed'],
      ['RESET_LOST_MESSAGE', 'questionnaire_completed'],
    ]);
    const dismissal = await t.admin.post(`/v1/attention/${enrolled.id}/dismissal`, {});
    expect(dismissal).toMatchObject({ status: 200, body: { dismissed: 2 } });
    expect(await attentionItems(t, enrolled.id)).toEqual([]);
  });
});

test('When the workflow of an enrollment that a later one has superseded is reset, then it is listed, takes no message and pays nothing', async () => {
  expect((await enrolled.withdraw()).status).toBe(200);
  await enrolled.untilStatus('withdrawn');
  expect((await enrolled.ask(t.admin, 'new-enrollment-permission', { note: 'They asked.' })).status).toBe(
    200,
  );
  const later = await t.caller.post<Enrollment>('/v1/enrollments', enrolled.form);
  expect(later.status).toBe(201);
  await reset('--event-id', await taskBefore('measure'), ...TAKING_NOTHING);
  await compareUntil(t, enrolled.id, ['RESET_LOST_MESSAGE', 'REPLACED_RUN_OPEN']);
  expect(await enrolled.hold()).toMatchObject({ status: 409, body: { code: 'ENROLLMENT_SUPERSEDED' } });
  await payouts.payoutDateComes(program);
  await enrolled.workflow.signal('wake');
  await expectReplaced('pay');
  expect(await payouts.paymentsOf(t, enrolled)).toEqual([]);
  await compareUntil(t, enrolled.id, ['RESET_LOST_MESSAGE']);
});

test('When a workflow is reset that a restart has replaced, and the enrollment was withdrawn since, then it fails and pays nothing', async () => {
  await replaceAndReset(async () => {
    expect((await enrolled.withdraw()).status).toBe(200);
    await payouts.payoutDateComes(program);
  });
  await enrolled.workflow.signal('wake');
  // It believes that it has to pay.
  await expectReplaced('pay');
  expect(await payouts.payoutRows(t, enrolled)).toEqual([]);
  expect(await payouts.paymentsOf(t, enrolled)).toEqual([]);
  expect((await enrolled.now()).status).toBe('withdrawn');
});

test('When a workflow that a restart has replaced is reset, then it is listed while it is open, and only the other one pays', async () => {
  const { workflow } = enrolled;
  await replaceAndReset();
  await compareUntil(t, enrolled.id, ['REPLACED_RUN_OPEN']);
  const [item] = await attentionItems(t, enrolled.id);
  expect(item).toMatchObject({
    subject: workflow.workflowId,
    temporalUiUrl: expect.stringMatching(encodeURIComponent(workflow.workflowId) + '$') as string,
  });

  await payouts.payoutDateComes(program);
  await enrolled.untilStatus('paid');
  // It is listed also now that the enrollment has ended.
  expect(await attentionReasons(t, enrolled.id)).toEqual(['REPLACED_RUN_OPEN']);
  await workflow.signal('wake');
  await expectReplaced('pay');
  expect(await payouts.paymentsOf(t, enrolled)).toHaveLength(1);
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'paid', attempt: 1 }]);
  await compareUntil(t, enrolled.id, []);
});

test('When a replaced workflow is reset while nobody knows whether the rail has paid, then it stops looking, and the other one finds the payment', async () => {
  const only = payouts.payoutKey(enrolled);
  await t.fault({ target: 'payout', fault: 'execute_then_drop', only });
  await t.fault({ target: 'payout_lookup', fault: 'late_visibility', ms: 600_000, times: 1_000, only });
  await payouts.payoutDateComes(program);
  await enrolled.untilEvent('payout_unknown');
  await replaceAndReset();
  await expectReplaced('settle');
  await payouts.clearFaults(t);
  await enrolled.untilStatus('paid');
  expect(await payouts.paymentsOf(t, enrolled)).toHaveLength(1);
});

test('When a paid process is reset to before its calculation and the spend has changed, then it says what was paid', async () => {
  await payouts.payoutDateComes(program);
  await enrolled.untilStatus('paid');
  const paid = (await enrolled.now()).credit!;
  await changeSpend('100.00');
  await reset('--event-id', await taskBefore('measure'));
  await expectPaidOnce();
  expect((await enrolled.now()).credit).toEqual(paid);
  expect(await enrolled.workflow.result()).toMatchObject({ status: 'paid', amountMinor: paid.amountMinor });
});

/** Restarts the enrollment, and resets the workflow that this has replaced to its last task. */
async function replaceAndReset(meanwhile: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
  const { workflow } = enrolled;
  await workflow.terminate('by mistake');
  expect((await enrolled.ask(t.admin, 'restart', { note: 'By mistake.' })).status).toBe(200);
  await enrolled.untilEvent('restarted');
  await meanwhile();
  const where = ['--workflow-id', workflow.workflowId, '--type', 'LastWorkflowTask'];
  await temporalCommand(t, 'workflow', 'reset', ...where, '--reason', 'a test');
}

async function expectReplaced(activityType: string): Promise<void> {
  await expect(enrolled.workflow.result()).rejects.toMatchObject({
    cause: { activityType, cause: { type: 'WORKFLOW_REPLACED' } },
  });
}

/** Of the enrollment's ad account, in the calculation period. */
async function changeSpend(total: string): Promise<void> {
  const { advertiserId } = (await enrolled.state()).submission;
  const response = await fetch(`${t.sandbox.url}/sandbox/advertisers/${advertiserId}/spend`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: '2023-11-01', to: '2023-11-30', total }),
  });
  expect(response.status).toBe(200);
}

/** Resets, and waits until the read model is that of the new run. */
async function reset(...where: string[]): Promise<void> {
  const { workflowId } = enrolled.workflow;
  await temporalCommand(
    t,
    ...['workflow', 'reset', '--workflow-id', workflowId, ...where, '--reason', 'a test'],
  );
  const { runId } = await enrolled.workflow.describe();
  await eventually(writtenBy, (writer) => writer === runId);
}

async function writtenBy(): Promise<string | undefined> {
  const { rows } = await t.db.query<{ runId: string }>(
    'select run_id as "runId" from enrollment where enrollment_id = $1',
    [enrolled.id],
  );
  return rows[0]?.runId;
}

/** The workflow task that asked for an activity: a reset to it takes the activity back. */
async function taskBefore(activity: string): Promise<string> {
  const events = await history(enrolled.workflow);
  const asked = events.find(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === activity,
  );
  return String(asked!.activityTaskScheduledEventAttributes!.workflowTaskCompletedEventId);
}

async function expectPaidOnce(): Promise<void> {
  await enrolled.workflow.result();
  expect(await payouts.paymentsOf(t, enrolled)).toHaveLength(1);
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'paid', attempt: 1 }]);
  const state = await enrolled.state();
  const { rows } = await t.db.query('select state, status from enrollment where enrollment_id = $1', [
    enrolled.id,
  ]);
  expect(rows).toEqual([{ state, status: 'paid' }]);
}

/** What the timeline tells, without the facts, whose order is that of their arrival. */
async function told(): Promise<string[]> {
  const happened = await enrolled.happened();
  expect(happened.slice(0, FACTS.length).sort()).toEqual([...FACTS].sort());
  return happened.slice(FACTS.length);
}
