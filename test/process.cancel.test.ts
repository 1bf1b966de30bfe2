/** *Cancel* in Temporal UI is the withdrawal of the enrollment, until its payout is submitted. */
import { newAdvertiser } from './support/advertisers';
import { ownProgram } from './support/ownProgram';
import { clearFaults } from './support/payouts';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
beforeAll(async () => {
  t = await startTestService();
});
afterAll(() => t?.stop());

test.each(['verifying', 'awaiting_approval', 'scheduled'])(
  'When an operator cancels a %s enrollment, then it ends withdrawn and nothing is paid',
  async (status) => {
    const monthlySpend = status === 'awaiting_approval' ? '25000.00' : '12480.00';
    const advertiserId = await newAdvertiser(t, { monthlySpend });
    const program = await ownProgram(t);
    const brand = await program.enroll({ advertiserId });
    await brand.untilEvent('advertiser_located');
    if (status !== 'verifying') {
      await brand.confirm(t.partner, advertiserId);
      await brand.complete();
      await program.advanceTo('2023-12-04T00:00:00Z');
    }
    await brand.untilStatus(status);

    await brand.workflow.cancel();
    const withdrawn = await brand.untilStatus('withdrawn');
    expect(withdrawn.reasonCodes).toEqual(['WITHDRAWN']);
    expect(await brand.workflow.result()).toMatchObject({ status: 'withdrawn', payoutKey: null });
    expect((await brand.timeline()).at(-1)).toMatchObject({
      type: 'ended',
      actor: { role: 'operator', id: 'Temporal UI' },
      details: { status: 'withdrawn', reasonCodes: 'WITHDRAWN' },
    });
    expect((await t.payments()).filter((payment) => payment.reference.startsWith(brand.id))).toEqual([]);
    const late = await brand.complete();
    expect(late).toMatchObject({ status: 409, body: { code: 'ENROLLMENT_ENDED', finalStatus: 'withdrawn' } });
  },
);

test('When an operator cancels while the look-up is under way, then the enrollment ends withdrawn', async () => {
  const advertiserId = await newAdvertiser(t);
  await t.fault({ target: 'advertiser_info', fault: 'server_error', times: 1_000, only: advertiserId });
  const brand = await (await ownProgram(t)).enroll({ advertiserId });
  await brand.untilEvent('opened');
  await brand.workflow.cancel();
  await brand.untilStatus('withdrawn');
  expect(await brand.workflow.result()).toMatchObject({ status: 'withdrawn' });
});

test('When an operator cancels after the payout was sent, then it is still found and the enrollment ends paid once', async () => {
  const advertiserId = await newAdvertiser(t);
  const program = await ownProgram(t);
  const brand = await program.enroll({ advertiserId });
  await brand.confirm(t.partner, advertiserId);
  await brand.complete();
  await brand.untilStatus('measuring');
  await t.fault({ target: 'payout', fault: 'execute_then_drop', only: `${brand.id}:credit:1` });
  await program.advanceTo('2023-12-04T00:00:00Z');
  await brand.untilStatus('scheduled');
  // Not found before it is cancelled.
  await t.fault({
    target: 'payout_lookup',
    fault: 'late_visibility',
    times: 1_000,
    ms: 600_000,
    only: `${brand.id}:credit:1`,
  });
  await program.advanceTo('2023-12-16T00:00:00Z');
  await brand.untilStatus('payout_unknown');

  await brand.workflow.cancel();
  await clearFaults(t);
  await brand.untilStatus('paid');
  expect(await brand.workflow.result()).toMatchObject({ status: 'paid', payoutKey: `${brand.id}:credit:1` });
  expect((await t.payments()).filter((payment) => payment.reference.startsWith(brand.id))).toHaveLength(1);
});
