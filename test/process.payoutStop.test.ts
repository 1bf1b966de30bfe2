/**
 * Between the begin of the payout and its submission: withdrawal, hold and *Cancel* still count, and the payout row
 * decides which of the two came first.
 */
import { randomUUID } from 'node:crypto';
import { eventually, type ApiAnswer, type Enrollment } from '../dev/apiClient';
import { untilAnswered } from './support/comeAgain';
import { ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import * as payouts from './support/payouts';
import { replayProblem } from './support/replays';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
let program: OwnProgram;
let brand: Enrolled;
beforeAll(async () => {
  t = await startTestService();
});
beforeEach(async () => {
  program = await ownProgram(t);
  brand = await payouts.scheduledPayout(program);
});
afterEach(() => payouts.clearFaults(t));
afterAll(() => t?.stop());

const VOID = { state: 'void', attempt: 0 };
const PAID_ONCE = { state: 'paid', attempt: 1 };

const WAYS: [string, () => Promise<unknown>][] = [
  ['the caller withdraws', () => brand.withdraw(t.caller)],
  ['an admin withdraws', () => brand.withdraw(t.admin)],
  ['an operator cancels', () => brand.workflow.cancel()],
];

test.each(WAYS)(
  'When %s while the rail is away, then the enrollment ends withdrawn, its payout is void, and nothing is paid',
  async (_who, withdraw) => {
    await payouts.railIsAway(t, program, brand);
    await withdraw();
    await brand.untilStatus('withdrawn');
    expect(await brand.workflow.result()).toMatchObject({ status: 'withdrawn', payoutKey: null });
    expect(await payouts.payoutRows(t, brand)).toMatchObject([VOID]);
    expect((await brand.happened()).slice(-3)).toEqual(['payout_begun', 'payout_stopped', 'ended']);
    await payouts.clearFaults(t);
    await expectNothingPaid();
    expect(await replayProblem(brand.workflow)).toBeNull();
  },
);

test('When it is held while the rail is away, then nothing is paid until the release, and then once, under the next key', async () => {
  await payouts.railIsAway(t, program, brand);
  expect(await brand.hold()).toMatchObject({
    status: 200,
    body: {
      status: 'scheduled',
      onHold: { reasonCode: 'FRAUD_REVIEW' },
      waitingFor: [{ what: 'release' }, { what: 'payout_date' }],
    },
  });
  expect(await payouts.payoutRows(t, brand)).toMatchObject([VOID]);
  await payouts.clearFaults(t);
  // It waits for nothing but the release.
  await eventually(
    () => brand.workflow.describe(),
    ({ raw }) => !raw.pendingActivities?.length,
  );
  await expectNothingPaid();

  expect(await brand.release()).toMatchObject({ status: 200, body: { onHold: null } });
  await brand.untilStatus('paid');
  expect(await payouts.payoutRows(t, brand)).toMatchObject([
    VOID,
    { payoutKey: `${brand.id}:credit:2`, ...PAID_ONCE },
  ]);
  expect(await payouts.paymentsOf(t, brand)).toMatchObject([{ reference: `${brand.id}:credit:2` }]);
  expect((await brand.happened()).slice(-8)).toEqual([
    ...['payout_begun', 'payout_stopped', 'held', 'released', 'payout_scheduled'],
    ...['payout_begun', 'payout_paid', 'ended'],
  ]);
  expect(await replayProblem(brand.workflow)).toBeNull();
});

test('When it is held before its payout is frozen, then there is no payout until the release, and then one', async () => {
  await t.db.query(`
    create function cannot_freeze() returns trigger language plpgsql as $$ begin raise 'a test'; end $$;
    create trigger cannot_freeze before insert on payout for each row
      when (new.enrollment_id = '${brand.id}') execute function cannot_freeze()`);
  try {
    await payouts.payoutDateComes(program);
    await brand.untilEvent('payout_begun');
    expect(await brand.hold()).toMatchObject({ status: 200, body: { status: 'scheduled' } });
  } finally {
    await t.db.query('drop trigger cannot_freeze on payout; drop function cannot_freeze()');
  }
  expect(await payouts.payoutRows(t, brand)).toEqual([]);
  await brand.release();
  await brand.untilStatus('paid');
  expect(await payouts.payoutRows(t, brand)).toMatchObject([
    { payoutKey: `${brand.id}:credit:1`, ...PAID_ONCE },
  ]);
});

test('When the payout was submitted, then hold, withdrawal and *Cancel* are refused, whoever sent them is told, and it is paid once', async () => {
  await t.fault({ target: 'payout', fault: 'execute_then_hang', only: payouts.payoutKey(brand) });
  const asked = await payouts.asked(t, 'payout');
  await payouts.payoutDateComes(program);
  await payouts.untilAsked(t, 'payout', asked + 1);
  const answers = [await brand.hold(), await brand.withdraw(), await brand.withdraw(t.admin)];
  expect(answers.map(inShort)).toEqual(Array(3).fill('409 PAYOUT_BEGUN'));
  await brand.workflow.cancel();
  await brand.workflow.signal('hold');
  await brand.untilEvent('message_refused', 2);
  const refused = (await brand.timeline()).filter(({ type }) => type === 'message_refused');
  expect(refused.map(({ details }) => [details['message'], details['code']].join(' ')).sort()).toEqual([
    'cancel PAYOUT_BEGUN',
    'hold PAYOUT_BEGUN',
  ]);
  expect(await brand.now()).toMatchObject({ status: 'paying', onHold: null });

  await brand.untilStatus('paid');
  await expectPaidOnce();
  // The answer was still waited for: nobody else was sent to ask.
  expect(await brand.activities()).toMatchObject({ pay: 1, cancelPayout: 1 });
  expect(await replayProblem(brand.workflow)).toBeNull();
});

test('When several messages stop one payout at once, then each has its answer and there is one end', async () => {
  await payouts.railIsAway(t, program, brand);
  const sent = [
    brand.hold('FRAUD_REVIEW'),
    brand.hold('FRAUD_REVIEW'),
    brand.hold('POSSIBLE_DUPLICATE'),
    brand.withdraw(t.caller),
    brand.withdraw(t.admin),
    brand.release(),
    brand.decide('approve'),
  ];
  const answers = (await Promise.all(sent)).map(inShort);
  const [one, again, other, ...rest] = answers;
  for (const answer of [one, again, other]) expect(['200', '409 ENROLLMENT_ENDED']).toContain(answer);
  expect(rest.slice(0, 2)).toContain('200');
  for (const answer of rest.slice(0, 2)) expect(['200', '409 ENROLLMENT_ENDED']).toContain(answer);
  expect(['200', '409 NOT_ON_HOLD', '409 DECISION_OUTDATED', '409 ENROLLMENT_ENDED']).toContain(rest[2]);
  expect(['409 NO_APPROVAL_AWAITED', '409 ENROLLMENT_ENDED']).toContain(rest[3]);

  expect(await brand.workflow.result()).toMatchObject({ status: 'withdrawn' });
  const happened = await brand.happened();
  expect(happened.filter((type) => type === 'ended')).toHaveLength(1);
  expect(await payouts.payoutRows(t, brand)).toMatchObject([VOID]);
  await expectNothingPaid();
  expect(await replayProblem(brand.workflow)).toBeNull();
});

test('When a Signal and *Cancel* come with a hold, then none is lost and the enrollment ends withdrawn', async () => {
  await payouts.railIsAway(t, program, brand);
  const { workflow } = brand;
  await Promise.all([workflow.signal('hold'), brand.hold('POSSIBLE_DUPLICATE'), workflow.cancel()]);
  expect(await workflow.result()).toMatchObject({ status: 'withdrawn' });
  const ends = (await brand.timeline()).filter(({ type }) => type === 'ended');
  expect(ends).toMatchObject([{ actor: { role: 'operator', id: 'Temporal UI' } }]);
  expect(await payouts.payoutRows(t, brand)).toMatchObject([VOID]);
  expect(await replayProblem(workflow)).toBeNull();
});

/** Each sends it when its payout has come this far; the rail fails some of the first times. */
const MOMENTS: ((one: Enrolled) => Promise<unknown>)[] = [
  () => Promise.resolve(),
  (one) => one.untilEvent('payout_begun'),
  (one) =>
    eventually(
      () => payouts.payoutRows(t, one),
      (rows) => rows.length > 0,
    ),
];

test('When holds, withdrawals and *Cancel* meet many payouts, then each enrollment has one outcome, and its answer says which', async () => {
  const own = await ownProgram(t);
  const brands = await Promise.all(Array.from({ length: 12 }, () => own.enrollComplete()));
  await payouts.calculationDateComes(own);
  await Promise.all(brands.map((one) => one.untilStatus('scheduled')));
  for (const one of brands.filter((_, index) => index % 2 === 0))
    await t.fault({ target: 'payout_lookup', fault: 'server_error', only: payouts.payoutKey(one) });

  const send = async (one: Enrolled, index: number): Promise<string> => {
    await MOMENTS[index % MOMENTS.length]!(one);
    const key = randomUUID();
    const kind = Math.floor(index / MOMENTS.length) % 4;
    if (kind === 0) {
      await one.workflow.cancel();
      return 'cancelled';
    }
    const [route, body] =
      kind === 1 ? ['withdrawal', {}] : ['hold', { reasonCode: 'FRAUD_REVIEW', note: 'Two shops.' }];
    return inShort(await untilAnswered(() => one.ask(t.admin, route, body, key)));
  };
  const [, ...answers] = await Promise.all([payouts.payoutDateComes(own), ...brands.map(send)]);
  for (const [index, one] of brands.entries()) {
    const answer = answers[index]!;
    const { status, onHold } = await t.until(
      one.id,
      (now) => ['paid', 'withdrawn'].includes(now.status) || now.onHold !== null,
    );
    if (answer === '409 PAYOUT_BEGUN' || answer === '409 ENROLLMENT_ENDED') expect(status).toBe('paid');
    else if (answer === '200') expect(status === 'withdrawn' || onHold !== null).toBe(true);
    else expect(answer).toBe('cancelled');
    expect(await payouts.paymentsOf(t, one)).toHaveLength(status === 'paid' ? 1 : 0);
    if (onHold) {
      await one.release();
      await one.untilStatus('paid');
      expect(await payouts.paymentsOf(t, one)).toHaveLength(1);
    }
    expect(await replayProblem(one.workflow)).toBeNull();
  }
});

async function expectNothingPaid(): Promise<void> {
  expect(await payouts.paymentsOf(t, brand)).toEqual([]);
}

async function expectPaidOnce(): Promise<void> {
  expect(await payouts.payoutRows(t, brand)).toMatchObject([PAID_ONCE]);
  expect(await payouts.paymentsOf(t, brand)).toHaveLength(1);
}

function inShort({ status, body }: ApiAnswer<Enrollment>): string {
  return status === 200 ? '200' : `${status} ${body.code}`;
}
