/** The payout protocol at its activities, against the real database: many callers at once, and callers that come late. */
import { createPayoutActivities } from '../activities/payout';
import type { PayoutRail } from '../activities/ports';
import type { PayRequest } from '../activities/types';
import { createDatabase, type Database } from '../database/pool';
import type { PayoutLookUp, PayoutOutcome, PayoutRequest } from '../program/payout';
import { ownProgram, type Enrolled } from './support/ownProgram';
import * as payouts from './support/payouts';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
let database: Database;
let enrolled: Enrolled;
let request: PayRequest;
beforeAll(async () => {
  t = await startTestService();
  database = createDatabase({ connectionString: t.plan.databaseUrl });
});
beforeEach(async () => {
  enrolled = await payouts.scheduledPayout(await ownProgram(t));
  await readModelSays('paying');
  const { enrollmentId, programId, programRevision, submission, credit } = await enrolled.state();
  const { amountMinor, currency, statementId } = credit!;
  const { advertiserId } = submission;
  request = { enrollmentId, programId, programRevision, advertiserId, amountMinor, currency, statementId };
});
afterAll(async () => {
  await database?.close();
  await t?.stop();
});

/** The workflow itself waits for its payout date meanwhile. */
async function readModelSays(stage: string): Promise<void> {
  await t.db.query(
    `update enrollment set state = jsonb_set(state, '{stage}', to_jsonb($2::text)) where enrollment_id = $1`,
    [enrolled.id, stage],
  );
}

const ABSENT: PayoutLookUp = { outcome: 'absent', evidence: 'none listed' };

/** A rail that notes each call; like the real one it would pay every time. */
function countingRail(options: { lookUp?: () => Promise<PayoutLookUp> } = {}) {
  const calls: PayoutRequest[] = [];
  const rail: PayoutRail = {
    name: 'sandbox',
    pay(asked): Promise<PayoutOutcome> {
      calls.push(asked);
      return Promise.resolve({ outcome: 'paid', railPaymentId: `rail_${calls.length}` });
    },
    lookUp: options.lookUp ?? (() => Promise.resolve(ABSENT)),
  };
  const ofWorker = createPayoutActivities({ database, rails: new Map([[rail.name, rail]]) });
  return { calls, activities: payouts.calledBy(enrolled.workflow, ofWorker) };
}

const key = (number: number) => `${enrolled.id}:credit:${number}`;

test('When twenty workers pay one enrollment at once, then the rail is called exactly once', async () => {
  const { calls, activities } = countingRail();
  const twenty = await Promise.allSettled(Array.from({ length: 20 }, () => activities.pay(request)));
  const answered = twenty.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  for (const one of twenty) {
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ message: /try again/ });
  }
  // Those that were told to try again do so.
  answered.push(
    ...(await Promise.all(Array.from({ length: 20 - answered.length }, () => activities.pay(request)))),
  );

  expect(calls).toEqual([expect.objectContaining({ reference: key(1), amountMinor: request.amountMinor })]);
  expect(answered.map(({ payoutKey }) => payoutKey)).toEqual(Array(20).fill(key(1)));
  expect(answered.filter(({ outcome }) => outcome.outcome === 'paid')).toHaveLength(1);
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'submitting', attempt: 1 }]);
});

test('When another amount is asked for before the first was submitted, then the frozen payout is void and only the second is paid', async () => {
  const railIsDown = countingRail({ lookUp: () => Promise.reject(new Error('down')) });
  await expect(railIsDown.activities.pay(request)).rejects.toThrow('down');
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ payoutKey: key(1), state: 'frozen' }]);

  const { calls, activities } = countingRail();
  const other = { ...request, amountMinor: 1_000 };
  expect(await activities.settle(await activities.pay(other))).toMatchObject({ key: key(2), state: 'paid' });
  expect(calls).toEqual([expect.objectContaining({ reference: key(2), amountMinor: 1_000 })]);
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([
    { payoutKey: key(1), state: 'void', attempt: 0 },
    { payoutKey: key(2), state: 'paid', attempt: 1, amountMinor: 1_000 },
  ]);
});

test('When a payout is made void while an attempt reads the baseline, then the attempt pays nothing and its next one finds the payout that lives', async () => {
  let goOn = () => {};
  let isThere = () => {};
  const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
  const readsBaseline = new Promise<void>((resolve) => (isThere = resolve));
  const late = countingRail({ lookUp: () => (isThere(), mayGoOn.then(() => ABSENT)) });
  const lateAttempt = late.activities.pay(request);
  await readsBaseline;

  const { calls, activities } = countingRail();
  await activities.settle(await activities.pay({ ...request, amountMinor: 1_000 }));
  goOn();
  await expect(lateAttempt).rejects.toThrow('try again');
  expect(await late.activities.pay(request)).toEqual({
    payoutKey: key(2),
    outcome: { outcome: 'paid', railPaymentId: 'rail_1' },
  });
  expect(late.calls).toEqual([]);
  expect(calls).toHaveLength(1);
});

test('When a payout is past `frozen`, then a request for another amount changes and pays nothing', async () => {
  const { calls, activities } = countingRail();
  await activities.pay(request);
  const other = await activities.pay({ ...request, amountMinor: 1_000 });
  expect(other).toEqual({
    payoutKey: key(1),
    outcome: { outcome: 'unknown', evidence: 'found in state submitting' },
  });
  expect(calls).toHaveLength(1);
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([
    { state: 'submitting', amountMinor: request.amountMinor },
  ]);
});

test('When the rail already knows the reference before it was asked, then it is not asked to pay, and its payment is booked', async () => {
  const { calls, activities } = countingRail({
    lookUp: () => Promise.resolve({ outcome: 'paid', railPaymentId: 'rail_0' }),
  });
  const attempt = await activities.pay(request);
  expect(attempt).toEqual({ payoutKey: key(1), outcome: { outcome: 'paid', railPaymentId: 'rail_0' } });
  expect(await activities.settle(attempt)).toMatchObject({ state: 'paid', railPaymentId: 'rail_0' });
  expect(calls).toEqual([]);
});

test.each<[string, PayoutLookUp]>([
  ['finds nothing', ABSENT],
  ['finds a refusal', { outcome: 'refused', code: 'NOT_PAYABLE', evidence: 'late' }],
  ['finds another payment', { outcome: 'paid', railPaymentId: 'rail_other' }],
])('When a look-up %s after the payment was booked, then it stays as it was booked', async (_, found) => {
  const { activities } = countingRail();
  const paid = await activities.pay(request);
  const late = countingRail({
    async lookUp() {
      await activities.settle(paid);
      return found;
    },
  });
  const unclear = { payoutKey: key(1), outcome: { outcome: 'unknown', evidence: 'no answer' } } as const;
  const asBooked = { key: key(1), state: 'paid', railPaymentId: 'rail_1' };
  expect(await late.activities.settle(unclear)).toMatchObject(asBooked);
  const refused = { outcome: 'refused', code: 'NOT_PAYABLE', evidence: 'later still' } as const;
  expect(await activities.settle({ payoutKey: key(1), outcome: refused })).toMatchObject(asBooked);
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'paid', railPaymentId: 'rail_1' }]);
});

test('When an outcome comes for a payout that nobody has submitted, then it is not booked as paid', async () => {
  const railIsDown = countingRail({ lookUp: () => Promise.reject(new Error('down')) });
  await expect(railIsDown.activities.pay(request)).rejects.toThrow('down');
  const { activities } = countingRail();
  const forged = { payoutKey: key(1), outcome: { outcome: 'paid', railPaymentId: 'forged' } } as const;
  expect(await activities.settle(forged)).toMatchObject({ state: 'frozen', railPaymentId: null });
  expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'frozen', railPaymentId: null }]);
});

test.each(['scheduled', 'approving', 'closed'])(
  'When the read model says that the enrollment is %s, then a late attempt of another run freezes and pays nothing',
  async (stage) => {
    await readModelSays(stage);
    const { calls, activities } = countingRail();
    await expect(activities.pay(request)).rejects.toThrow('try again');
    expect(calls).toEqual([]);
    expect(await payouts.payoutRows(t, enrolled)).toEqual([]);
  },
);

test('When a second live credit is inserted or a payout deleted, then the database refuses it', async () => {
  const { activities } = countingRail();
  await activities.settle(await activities.pay(request));
  const insertSecond = `insert into payout (payout_key, enrollment_id, kind, rail, request, request_hash, statement_id)
    select $1, enrollment_id, kind, rail, request, request_hash, statement_id from payout where payout_key = $2`;
  for (const db of [database.pool, t.db]) {
    await expect(db.query(insertSecond, [key(2), key(1)])).rejects.toMatchObject({
      code: '23505',
      constraint: 'payout_one_live_credit',
    });
  }
  await expect(
    database.pool.query('delete from payout where payout_key = $1', [key(1)]),
  ).rejects.toMatchObject({
    code: '42501',
  });
});
