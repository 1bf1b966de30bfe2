/** The payout, whatever the rail answers: paid exactly once, and shown as it is. */
import { ownProgram, type OwnProgram } from './support/ownProgram';
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

const PAID_ONCE = { state: 'paid', attempt: 1, amountMinor: payouts.CREDIT_MINOR };

test('When the rail pays and drops its answer, then the payment is found by its reference, and it is paid once', async () => {
  const enrolled = await payouts.scheduledPayout(program);
  const only = payouts.payoutKey(enrolled);
  await t.fault({ target: 'payout', fault: 'execute_then_drop', only });
  await payouts.payoutDateComes(program);
  await enrolled.untilStatus('paid');

  expect((await settledWith(enrolled)).outcome).toBe('unknown');
  const payments = await payouts.paymentsOf(t, enrolled);
  expect(payments).toEqual([expect.objectContaining({ amountMinor: payouts.CREDIT_MINOR })]);
  expect(await payouts.payoutRows(t, enrolled)).toEqual([
    { ...PAID_ONCE, payoutKey: only, railPaymentId: payments[0]!.id },
  ]);
});

test('When the rail pays without answering and is then down for look-ups, then the payout stays unknown without a second attempt until the rail is back', async () => {
  const enrolled = await payouts.scheduledPayout(program);
  const only = payouts.payoutKey(enrolled);
  const before = await payouts.asked(t, 'payout');
  await t.fault({ target: 'payout', fault: 'execute_then_hang', only });
  await payouts.payoutDateComes(program);
  await payouts.untilAsked(t, 'payout', before + 1);
  const lookUps = await payouts.asked(t, 'payout_lookup');
  await t.fault({ target: 'payout_lookup', fault: 'drop', times: 1_000, only });

  const unknown = await enrolled.untilStatus('payout_unknown');
  expect(unknown.waitingFor).toEqual([{ who: 'service', what: 'payout_outcome', by: null }]);
  await payouts.untilAsked(t, 'payout_lookup', lookUps + 2);
  expect(await enrolled.now()).toMatchObject({ status: 'payout_unknown' });
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'unknown', attempt: 1 }]);

  await payouts.clearFaults(t);
  await enrolled.untilStatus('paid');
  expect(await payouts.asked(t, 'payout')).toBe(before + 1);
  expect(await payouts.paymentsOf(t, enrolled)).toHaveLength(1);
  expect((await enrolled.happened()).slice(-4)).toEqual([
    'payout_begun',
    'payout_unknown',
    'payout_paid',
    'ended',
  ]);
});

test('When a payment shows up late in look-ups, then its absence proves nothing, and it is found in the end', async () => {
  const enrolled = await payouts.scheduledPayout(program);
  const only = payouts.payoutKey(enrolled);
  await t.fault({ target: 'payout', fault: 'execute_then_drop', only });
  // The first of these look-ups is the one before the payment.
  await t.fault({ target: 'payout_lookup', fault: 'late_visibility', ms: 60_000, times: 2, only });
  await payouts.payoutDateComes(program);
  await enrolled.untilEvent('payout_unknown');
  await enrolled.untilStatus('paid');
  expect(await payouts.paymentsOf(t, enrolled)).toHaveLength(1);
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([PAID_ONCE]);
});

test('When the rail is lost before it pays, then the payout stays unknown and is never tried again blindly', async () => {
  const enrolled = await payouts.scheduledPayout(program);
  const only = payouts.payoutKey(enrolled);
  const before = await payouts.asked(t, 'payout');
  await t.fault({ target: 'payout', fault: 'drop', only });
  const lookUps = await payouts.asked(t, 'payout_lookup');
  await payouts.payoutDateComes(program);
  await enrolled.untilStatus('payout_unknown');
  await payouts.untilAsked(t, 'payout_lookup', lookUps + 3); // before the payment, after it, and once more
  expect(await enrolled.now()).toMatchObject({
    status: 'payout_unknown',
    waitingFor: [{ what: 'payout_outcome' }],
  });
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'unknown', attempt: 1 }]);
  expect(await payouts.asked(t, 'payout')).toBe(before + 1);
  expect(await payouts.paymentsOf(t, enrolled)).toEqual([]);
});

test('When the rail refuses readably, then nothing is paid and the enrollment waits for a person', async () => {
  const enrolled = await payouts.scheduledPayout(program);
  const before = await payouts.asked(t, 'payout');
  await t.fault({ target: 'payout', fault: 'refuse', only: payouts.payoutKey(enrolled) });
  await payouts.payoutDateComes(program);
  await enrolled.untilEvent('payout_refused');

  expect((await enrolled.now()).waitingFor).toEqual([{ who: 'operator', what: 'refused_payout', by: null }]);
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'refused', attempt: 1 }]);
  expect(await payouts.asked(t, 'payout')).toBe(before + 1);
  expect(await payouts.paymentsOf(t, enrolled)).toEqual([]);
  expect((await enrolled.workflow.describe()).status.name).toBe('RUNNING');
});

test('When the rail accepts a payment and executes it later, then it is pending until it is paid', async () => {
  const enrolled = await payouts.scheduledPayout(program);
  const only = payouts.payoutKey(enrolled);
  await t.fault({ target: 'payout', fault: 'pending', only });
  await payouts.payoutDateComes(program);
  await enrolled.untilEvent('payout_pending');
  expect(await enrolled.now()).toMatchObject({ status: 'paying', waitingFor: [{ what: 'payout' }] });

  // What is known is not forgotten when the rail cannot be asked for a while.
  const lookUps = await payouts.asked(t, 'payout_lookup');
  await t.fault({ target: 'payout_lookup', fault: 'server_error', only });
  await payouts.untilAsked(t, 'payout_lookup', lookUps + 1);
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'pending', attempt: 1 }]);
  await payouts.clearFaults(t);

  const accepted = (await t.payments()).find(({ reference }) => reference === only)!;
  const change = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"state":"paid"}' };
  await fetch(`${t.sandbox.url}/sandbox/payments/${accepted.id}`, change);
  await enrolled.untilStatus('paid');
  expect(await enrolled.happened()).not.toContain('payout_unknown');
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ ...PAID_ONCE, railPaymentId: accepted.id }]);
});

/** What `pay` reported to the first `settle`. */
async function settledWith({
  workflow,
}: Awaited<ReturnType<typeof payouts.scheduledPayout>>): Promise<{ outcome: string }> {
  const { events = [] } = await workflow.fetchHistory();
  const scheduled = events!.map(({ activityTaskScheduledEventAttributes: attributes }) => attributes);
  const settle = scheduled.find((attributes) => attributes?.activityType?.name === 'settle');
  const input = Buffer.from(settle!.input!.payloads![0]!.data!).toString();
  return (JSON.parse(input) as { outcome: { outcome: string } }).outcome;
}
