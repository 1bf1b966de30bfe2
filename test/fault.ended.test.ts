/** After a reset the process may not remember a payment: it must not end as if there were none. */
import { changeAdvertiser, newAdvertiser } from './support/advertisers';
import { ownProgram, type Enrolled } from './support/ownProgram';
import * as payouts from './support/payouts';
import { temporalCommand } from './support/temporalCommand';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
beforeAll(async () => {
  t = await startTestService();
});
afterEach(() => payouts.clearFaults(t));
afterAll(() => t?.stop());

async function resetToTheStart({ workflow: { workflowId } }: Enrolled): Promise<void> {
  const where = ['--workflow-id', workflowId, '--type', 'FirstWorkflowTask', '--reason', 'a test'];
  await temporalCommand(t, 'workflow', 'reset', ...where);
}

test('When a paid enrollment is reset and its ad account is suspended by now, then it ends as paid', async () => {
  const advertiserId = await newAdvertiser(t);
  const program = await ownProgram(t);
  const { policies } = program.definition;
  await program.revise({ policies: { ...policies, missedFacts: { then: 'close' } } });
  const brand = await program.enroll({ advertiserId });
  await brand.untilEvent('advertiser_located');
  await brand.confirm(t.partner, advertiserId);
  await brand.complete();
  await program.advanceTo('2023-12-04T00:00:00Z');
  await brand.untilStatus('scheduled');
  await program.advanceTo('2023-12-20T00:00:00Z');
  const { credit } = await brand.untilStatus('paid');

  await changeAdvertiser(t, advertiserId, { status: 'STATUS_LIMIT' });
  await resetToTheStart(brand);
  expect(await t.temporal.workflow.getHandle(brand.workflow.workflowId).result()).toMatchObject({
    status: 'paid',
    amountMinor: credit!.amountMinor,
  });
  expect(await brand.happened()).toContain('payout_found');
  expect(await payouts.paymentsOf(t, brand)).toHaveLength(1);
  expect(await brand.now()).toMatchObject({ status: 'paid' });
});

test('When a payout is unknown, and the enrollment is reset and cancelled, then the payout is still found', async () => {
  const advertiserId = await newAdvertiser(t);
  const program = await ownProgram(t);
  const brand = await program.enroll({ advertiserId });
  await brand.untilEvent('advertiser_located');
  await brand.confirm(t.partner, advertiserId);
  await brand.complete();
  await program.advanceTo('2023-12-04T00:00:00Z');
  await brand.untilStatus('scheduled');
  const only = payouts.payoutKey(brand);
  await t.fault({ target: 'payout', fault: 'execute_then_drop', only });
  await t.fault({ target: 'payout_lookup', fault: 'late_visibility', times: 50, ms: 600_000, only });
  await program.advanceTo('2023-12-16T00:00:00Z');
  await brand.untilStatus('payout_unknown');

  await t.fault({ target: 'advertiser_info', fault: 'server_error', times: 1_000, only: advertiserId });
  await resetToTheStart(brand);
  const again = t.temporal.workflow.getHandle(brand.workflow.workflowId);
  await again.cancel();
  await brand.untilEvent('payout_found');
  await payouts.clearFaults(t);
  expect(await again.result()).toMatchObject({ status: 'paid', payoutKey: only });
  expect(await payouts.paymentsOf(t, brand)).toHaveLength(1);
});
