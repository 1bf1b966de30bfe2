/** A hold: facts are taken, but no step is made and nobody is reminded, until an admin releases it. */
import type { ProgramDefinition } from '../program/definition';
import { changeAdvertiser, newAdvertiser } from './support/advertisers';
import { startGatedService, type Gate } from './support/gate';
import { ownProgram, shownDetails, type Enrolled, type OwnProgram } from './support/ownProgram';
import { paymentsOf } from './support/payouts';
import type { TestService } from './support/testService';

const CALCULATION = '2023-12-04T00:00:00Z';
const PAYOUT = '2023-12-16T00:00:00Z';

let t: TestService;
let gate: Gate;
beforeAll(async () => {
  ({ t, gate } = await startGatedService());
});
afterAll(() => t?.stop());

test('When an enrollment is held, then everybody sees why and who has to release it', async () => {
  const { brand } = await complete();
  const held = await brand.ask(t.admin, 'hold', { reasonCode: 'POSSIBLE_DUPLICATE', note: 'Two shops.' });
  expect(held).toMatchObject({
    status: 200,
    body: {
      status: 'measuring',
      onHold: { since: '2023-10-12T16:00:00.000Z', reasonCode: 'POSSIBLE_DUPLICATE' },
      waitingFor: [
        { who: 'admin', what: 'release', by: null },
        { who: 'service', what: 'calculation_date' },
      ],
    },
  });
  expect(held.body.statusText).toContain('An admin must release it');
  expect(await shownDetails(brand)).toContain('(on hold)');
  expect((await brand.untilEvent('held')).details).toMatchObject({
    reasonCode: 'POSSIBLE_DUPLICATE',
    noteId: expect.stringMatching(/^note_/) as string,
  });

  const released = await brand.release();
  expect(released.body).toMatchObject({ status: 'measuring', onHold: null });
  expect(released.body.waitingFor.map(({ what }) => what)).toEqual(['calculation_date']);
  expect(await brand.untilEvent('released')).toMatchObject({
    actor: { role: 'admin', id: 'ana' },
    details: { reasonCode: 'POSSIBLE_DUPLICATE', decisionId: expect.stringMatching(/^dec_/) as string },
  });
});

test('When the calculation date comes while it is held, then nothing is calculated, facts are taken, and the release goes on', async () => {
  const program = await ownProgram(t);
  const brand = await program.enroll({ advertiserId: await newAdvertiser(t) });
  await brand.untilEvent('advertiser_located');
  await brand.hold();
  await program.advanceTo(CALCULATION);
  await brand.untilClockRead(1);
  expect(await brand.confirm()).toMatchObject({ status: 200 });
  expect(await brand.complete()).toMatchObject({ status: 200, body: { status: 'measuring' } });
  expect(await brand.happened()).not.toContain('calculation_begun');

  await brand.release();
  expect(await brand.untilStatus('scheduled')).toMatchObject({ credit: { amountMinor: 450_000 } });
  expect((await brand.happened()).slice(-3)).toEqual(['released', 'calculation_begun', 'credit_calculated']);
});

test('When it is held, then the form, the partner and the questionnaire are heard, and it is deferred', async () => {
  const program = await ownProgram(t);
  const brand = await program.enroll({ advertiserId: await newAdvertiser(t) });
  await brand.untilEvent('advertiser_located');
  await brand.hold();
  await brand.resubmit({ advertiserId: await newAdvertiser(t) });
  await brand.untilEvent('advertiser_located', 2);
  expect(await brand.reject()).toMatchObject({ status: 200, body: { status: 'action_required' } });
  expect(await brand.confirm(t.partner, brand.form.advertiserId)).toMatchObject({ status: 200 });
  expect(await brand.defer('2023-12')).toMatchObject({ status: 200 });
  expect(await brand.complete()).toMatchObject({
    status: 200,
    body: { status: 'measuring', calculationMonth: '2023-12', onHold: { reasonCode: 'FRAUD_REVIEW' } },
  });
});

test('When the payout date comes while it is held, then nothing is paid until the release', async () => {
  const { program, brand } = await complete();
  await program.advanceTo(CALCULATION);
  await brand.untilStatus('scheduled');
  await brand.hold();
  await program.advanceTo(PAYOUT);
  await brand.untilClockRead(2);
  expect(await brand.now()).toMatchObject({ status: 'scheduled', onHold: { reasonCode: 'FRAUD_REVIEW' } });
  expect(await paymentsOf(t, brand)).toEqual([]);

  await brand.release();
  await brand.untilStatus('paid');
  expect(await paymentsOf(t, brand)).toHaveLength(1);
});

test('When a hold outlasts the payout date and the policy is the next one in the calendar, then it is paid on that', async () => {
  const { program, brand } = await complete({
    policies: { ...t.definition.policies, latePayoutDate: { then: 'next_in_calendar' } },
  });
  await program.advanceTo(CALCULATION);
  await brand.untilStatus('scheduled');
  await brand.hold();
  await program.advanceTo(PAYOUT);
  await brand.untilClockRead(2);
  await brand.release();
  await brand.untilEvent('payout_scheduled');
  expect(await brand.now()).toMatchObject({ status: 'scheduled', payoutDate: '2024-01-15T08:00:00.000Z' });
  await program.advanceTo('2024-01-16T00:00:00Z');
  await brand.untilStatus('paid');
});

test('When it is released before the payout date, then it is paid on the payout date', async () => {
  const { program, brand } = await complete();
  await program.advanceTo(CALCULATION);
  await brand.untilStatus('scheduled');
  await brand.hold();
  await brand.release();
  expect(await brand.now()).toMatchObject({ status: 'scheduled', payoutDate: '2023-12-15T08:00:00.000Z' });
  await program.advanceTo(PAYOUT);
  await brand.untilStatus('paid');
  expect(await brand.happened()).not.toContain('payout_scheduled');
});

test('When it is held while its spend is read, then the credit is computed but not paid before the release', async () => {
  const { program, brand, advertiserId } = await complete();
  const { reached } = gate.hold(advertiserId);
  await program.advanceTo(CALCULATION);
  await reached;
  expect(await brand.hold()).toMatchObject({ status: 200, body: { status: 'calculating' } });
  gate.release(advertiserId);
  await brand.untilStatus('scheduled');
  await program.advanceTo(PAYOUT);
  await brand.untilClockRead(2);
  expect(await brand.now()).toMatchObject({ status: 'scheduled', onHold: { reasonCode: 'FRAUD_REVIEW' } });
  await brand.release();
  await brand.untilStatus('paid');
});

test('When it is held while its ad account is found suspended, then everybody sees so before the release', async () => {
  const { program, brand, advertiserId } = await complete();
  const { reached } = gate.hold(advertiserId);
  await program.advanceTo(CALCULATION);
  await reached;
  await changeAdvertiser(t, advertiserId, { status: 'STATUS_LIMIT' });
  await brand.hold();
  gate.release(advertiserId);
  expect(await brand.untilEvent('advertiser_located', 2)).toMatchObject({
    details: { accountStatus: 'suspended' },
  });
  await brand.release();
  await brand.untilEvent('rolled_on');
});

test('When it is held while its spend is read and there is none, then it is closed only after the release', async () => {
  const { program, brand, advertiserId } = await complete({}, '0.00');
  const { reached } = gate.hold(advertiserId);
  await program.advanceTo(CALCULATION);
  await reached;
  await brand.hold();
  gate.release(advertiserId);
  await brand.untilEnded('measure');
  expect(await brand.now()).toMatchObject({ status: 'calculating', onHold: { reasonCode: 'FRAUD_REVIEW' } });
  await brand.release();
  expect((await brand.untilStatus('ineligible')).reasonCodes).toEqual(['NO_SPEND_IN_PERIOD']);
});

test.each([
  ['with a reason', [{ reasonCode: 'POSSIBLE_DUPLICATE' }], 'POSSIBLE_DUPLICATE'],
  ['as documented', [{ reasonCode: 'FRAUD_REVIEW' }], 'FRAUD_REVIEW'],
  ['without input', [], 'FRAUD_REVIEW'],
])('When an operator signals hold %s, then the enrollment is held', async (_how, input, reasonCode) => {
  const { brand } = await complete();
  await brand.workflow.signal('hold', ...input);
  expect(await brand.untilEvent('held')).toMatchObject({
    actor: { role: 'operator', id: 'Temporal UI' },
    details: { reasonCode },
  });
  expect(await brand.now()).toMatchObject({ onHold: { reasonCode } });
});

test('When an operator signals hold with a reason that fits another message, then it is refused and shown', async () => {
  const { brand } = await complete();
  await brand.workflow.signal('hold', { reasonCode: 'PAYOUT_REFUSED' });
  expect((await brand.untilEvent('message_refused')).details).toMatchObject({
    message: 'hold',
    code: 'INVALID_MESSAGE',
  });
  expect(await brand.now()).toMatchObject({ onHold: null });
});

test('When an enrollment is held twice for one reason, then the second changes nothing, and another reason replaces it', async () => {
  const { brand } = await complete();
  await brand.hold();
  expect(await brand.hold()).toMatchObject({ status: 200 });
  expect((await brand.happened()).filter((type) => type === 'held')).toHaveLength(1);
  expect(await brand.hold('POSSIBLE_DUPLICATE')).toMatchObject({
    body: { onHold: { reasonCode: 'POSSIBLE_DUPLICATE' } },
  });
});

test('When an enrollment that is not held is released, then it is refused', async () => {
  const { brand } = await complete();
  expect(await brand.release()).toMatchObject({ status: 409, body: { code: 'NOT_ON_HOLD' } });
});

test('When a release is sent again with its key, then there is one decision and one release', async () => {
  const { brand } = await complete();
  await brand.hold();
  const body = { note: 'The two shops belong together.' };
  const first = await brand.ask(t.admin, 'release', body, 'release-1');
  await t.db.query(`update idempotency_key set response_status = null, leased_until = now() where key = $1`, [
    'release-1',
  ]);
  const again = await brand.ask(t.admin, 'release', body, 'release-1');
  expect([first.status, again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 200, null]);
  const { rows } = await t.db.query(
    `select kind, decided_by, body from decision join note using (note_id) where decision.enrollment_id = $1`,
    [brand.id],
  );
  expect(rows).toEqual([{ kind: 'release', decided_by: { role: 'admin', id: 'ana' }, body: body.note }]);
  expect((await brand.happened()).filter((type) => type === 'released')).toHaveLength(1);
});

test('When an enrollment is held again for another reason while an admin decides, then the release is outdated', async () => {
  const { brand } = await complete();
  await brand.hold('FRAUD_REVIEW');
  await t.service.worker.kill('SIGKILL');
  // Both wait in Temporal for a worker. The admin has seen the first reason only.
  await brand.workflow.signal('hold', { reasonCode: 'POSSIBLE_DUPLICATE' });
  expect((await brand.release()).status).toBe(503);
  await t.service.startWorker();
  await brand.untilEvent('held', 2);
  expect(await brand.complete()).toMatchObject({ status: 200 });
  expect(await brand.now()).toMatchObject({ onHold: { reasonCode: 'POSSIBLE_DUPLICATE' } });
  expect(await brand.happened()).not.toContain('released');
});

async function complete(
  change: Partial<ProgramDefinition> = {},
  monthlySpend = '12480.00',
): Promise<{ program: OwnProgram; brand: Enrolled; advertiserId: string }> {
  const program = await ownProgram(t, change);
  const advertiserId = await newAdvertiser(t, { monthlySpend });
  return { program, brand: await program.enrollComplete({ advertiserId }), advertiserId };
}
