/**
 * The payout when its worker dies or stands still, at each step: freeze, baseline, `submitting`, call, booking. Rows and
 * the rail's counts say where the worker is, so each point is hit exactly.
 */
import { type Service } from '../dev/service';
import { startCuttableProxy, type CuttableProxy } from './support/cuttableProxy';
import { countStatements, holdRows } from './support/databaseGate';
import { ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import * as payouts from './support/payouts';
import { sharedServers } from './support/shared';
import { startSecond, startTestService, type TestService } from './support/testService';

let t: TestService;
let proxy: CuttableProxy;
let program: OwnProgram;
let enrolled: Enrolled;
let asked: { payout: number; payout_lookup: number };
beforeAll(async () => {
  proxy = await startCuttableProxy(sharedServers().temporalAddress);
  t = await startTestService({ environment: { TEMPORAL_ADDRESS: proxy.address } });
});
beforeEach(async () => {
  program = await ownProgram(t);
  enrolled = await payouts.scheduledPayout(program);
  asked = {
    payout: await payouts.asked(t, 'payout'),
    payout_lookup: await payouts.asked(t, 'payout_lookup'),
  };
});
afterEach(() => payouts.clearFaults(t));
afterAll(async () => {
  await t?.stop();
  await proxy?.stop();
});

const ours = () => `new.enrollment_id = '${enrolled.id}'`;

async function restartAfterKill(): Promise<void> {
  await t.service.worker.kill('SIGKILL');
  await t.service.startWorker();
  await payouts.giveUpAttempt(t, enrolled);
}

async function expectPaidOnce(): Promise<void> {
  await enrolled.untilStatus('paid');
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'paid', attempt: 1 }]);
  expect(await payouts.paymentsOf(t, enrolled)).toHaveLength(1);
  expect(await payouts.asked(t, 'payout')).toBe(asked.payout + 1);
}

async function expectUnknownForever(): Promise<void> {
  const unknown = await enrolled.untilStatus('payout_unknown');
  expect(unknown.waitingFor).toMatchObject([{ what: 'payout_outcome' }]);
  await payouts.untilAsked(t, 'payout_lookup', asked.payout_lookup + 3);
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'unknown', attempt: 1 }]);
  expect(await payouts.paymentsOf(t, enrolled)).toEqual([]);
}

test('When the worker is killed while it freezes the payout, then nothing is left behind and it is paid once', async () => {
  const freezing = await holdRows(t.db, 'payout', 'insert', ours());
  await payouts.payoutDateComes(program);
  await freezing.reached();
  await t.service.worker.kill('SIGKILL');
  await freezing.open();
  expect(await payouts.payoutRows(t, enrolled)).toEqual([]);
  await t.service.startWorker();
  await payouts.giveUpAttempt(t, enrolled);
  await expectPaidOnce();
});

test('When the worker is killed after the payout is frozen, then it is paid once', async () => {
  await t.fault({ target: 'payout_lookup', fault: 'hang', only: payouts.payoutKey(enrolled) });
  await payouts.payoutDateComes(program);
  await payouts.untilAsked(t, 'payout_lookup', asked.payout_lookup + 1);
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'frozen', attempt: 0 }]);
  await restartAfterKill();
  await expectPaidOnce();
});

test('When the worker is killed after `submitting` is committed and before it calls, then the rail is never called and the payout stays unknown', async () => {
  const submitting = await holdRows(t.db, 'payout', 'update', `new.state = 'submitting' and ${ours()}`);
  await payouts.payoutDateComes(program);
  await submitting.reached();
  await t.service.worker.kill('SIGKILL');
  // The statement was sent: it commits, and nobody is left to act on its answer.
  await submitting.open();
  await payouts.untilPayoutState(t, enrolled, 'submitting');
  await t.service.startWorker();
  await payouts.giveUpAttempt(t, enrolled);
  await expectUnknownForever();
  expect(await payouts.asked(t, 'payout')).toBe(asked.payout);
});

test('When the worker is killed during a call that the rail never executes, then there is no second call and the payout stays unknown', async () => {
  await t.fault({ target: 'payout', fault: 'hang', only: payouts.payoutKey(enrolled) });
  await payouts.payoutDateComes(program);
  await payouts.untilAsked(t, 'payout', asked.payout + 1);
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'submitting', attempt: 1 }]);
  await restartAfterKill();
  await expectUnknownForever();
  expect(await payouts.asked(t, 'payout')).toBe(asked.payout + 1);
});

test('When the worker is killed after the rail has paid and before the answer is reported, then the payment is found and it is paid once', async () => {
  await t.fault({ target: 'payout', fault: 'execute_then_hang', only: payouts.payoutKey(enrolled) });
  await payouts.payoutDateComes(program);
  await payouts.untilAsked(t, 'payout', asked.payout + 1);
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'submitting', attempt: 1 }]);
  await restartAfterKill();
  await expectPaidOnce();
});

test('When the worker is killed while it books the payment, then it is booked by the next one and paid once', async () => {
  const booking = await holdRows(t.db, 'payout', 'update', `new.state = 'paid' and ${ours()}`);
  await payouts.payoutDateComes(program);
  await booking.reached();
  await t.service.worker.kill('SIGKILL');
  await booking.open();
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'submitting' }]);
  await t.service.startWorker();
  await payouts.giveUpAttempt(t, enrolled);
  await expectPaidOnce();
});

test('When a worker stands still past its time-out and wakes up after another has paid, then its late call is stopped by the state of the row', async () => {
  // It has read the baseline and is about to take the row for submission.
  const baseline = await holdRows(t.db, 'payout', 'update', `new.state = 'frozen' and ${ours()}`);
  await payouts.payoutDateComes(program);
  await baseline.reached();
  const frozen = t.service.worker;
  process.kill(frozen.pid, 'SIGSTOP');
  proxy.cut(); // or Temporal would give the next attempt to the one that stands still
  await baseline.open();
  await payouts.giveUpAttempt(t, enrolled);
  const other = await startOtherService();
  try {
    await expectPaidOnce();
    const writes = await countStatements(t.db, 'payout');
    proxy.restore();
    process.kill(frozen.pid, 'SIGCONT');
    await frozen.stop(); // drains what it had begun
    // It tries to take the row once at most; not even that if its query has timed out while it stood still.
    expect(await writes()).toBeLessThanOrEqual(1);
    await expectPaidOnce();
  } finally {
    await other.stop();
    await t.service.startWorker();
  }
});

async function startOtherService(): Promise<Service> {
  const environment = { ...t.plan.environment, TEMPORAL_ADDRESS: sharedServers().temporalAddress };
  return startSecond(t, { environment });
}

test('When an attempt finds the row `submitting`, then it never calls the rail', async () => {
  await t.db.query(
    `insert into payout (payout_key, enrollment_id, kind, state, attempt, rail, request, request_hash, statement_id)
     select $1, e.enrollment_id, 'credit', 'submitting', 1, 'sandbox',
            jsonb_build_object('reference', $1::text, 'advertiserId', e.state->'submission'->'advertiserId',
              'amountMinor', e.state->'credit'->'amountMinor', 'currency', e.state->'credit'->'currency'),
            'of another attempt', e.state->'credit'->>'statementId'
       from enrollment e where e.enrollment_id = $2`,
    [payouts.payoutKey(enrolled), enrolled.id],
  );
  await payouts.payoutDateComes(program);
  asked.payout_lookup -= 1; // no baseline is read
  await expectUnknownForever();
  expect(await payouts.asked(t, 'payout')).toBe(asked.payout);
});
