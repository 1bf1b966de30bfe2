/**
 * Between the begin of the payout and its submission: withdrawal, hold and *Cancel* still count, and the payout row
 * decides which of the two came first.
 */
import { randomUUID } from 'node:crypto';
import { eventually, type ApiAnswer, type Enrollment } from '../dev/apiClient';
import { untilAnswered } from './support/comeAgain';
import { holdRows } from './support/databaseGate';
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
    await railIsAway();
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
  await railIsAway();
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
  await railIsAway();
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
  await railIsAway();
  const { workflow } = brand;
  await Promise.all([workflow.signal('hold'), brand.hold('POSSIBLE_DUPLICATE'), workflow.cancel()]);
  expect(await workflow.result()).toMatchObject({ status: 'withdrawn' });
  const ends = (await brand.timeline()).filter(({ type }) => type === 'ended');
  expect(ends).toMatchObject([{ actor: { role: 'operator', id: 'Temporal UI' } }]);
  expect(await payouts.payoutRows(t, brand)).toMatchObject([VOID]);
  expect(await replayProblem(workflow)).toBeNull();
});

describe('While the read model cannot be written', () => {
  const locked = async () => {
    const client = await t.db.connect();
    await client.query('begin');
    await client.query('select from enrollment where enrollment_id = $1 for update', [brand.id]);
    return async () => {
      await client.query('rollback');
      client.release();
    };
  };
  const activities = async () => Object.keys(await brand.activities());
  /** A regular activity is on its way to write it. */
  const untilCatchingUp = () => eventually(activities, (names) => names.includes('project'));

  test('When a withdrawal comes then, and the rail stays away, then nothing is decided before it is written, and it ends withdrawn', async () => {
    await railIsAway();
    const unlock = await locked();
    const key = randomUUID();
    const withdrawn = untilAnswered(() => brand.ask(t.caller, 'withdrawal', {}, key));
    await untilCatchingUp();
    expect(await activities()).not.toContain('cancelPayout');
    expect(await payouts.payoutRows(t, brand)).toMatchObject([{ state: 'frozen' }]);
    await unlock();
    expect(inShort(await withdrawn)).toBe('200');
    await brand.untilStatus('withdrawn');
    expect(await payouts.payoutRows(t, brand)).toMatchObject([VOID]);
    await expectNothingPaid();
    expect(await replayProblem(brand.workflow)).toBeNull();
  });

  test('When a hold comes then, and the rail comes back first, then it is refused and paid once', async () => {
    await railIsAway();
    const unlock = await locked();
    const key = randomUUID();
    const held = untilAnswered(() => brand.ask(t.admin, 'hold', { reasonCode: 'FRAUD_REVIEW' }, key));
    await untilCatchingUp();
    await payouts.clearFaults(t);
    await payouts.untilPayoutState(t, brand, 'submitting');
    await unlock();
    expect(inShort(await held)).toBe('409 PAYOUT_BEGUN');
    await brand.untilStatus('paid');
    await expectPaidOnce();
    expect(await replayProblem(brand.workflow)).toBeNull();
  });
});

describe('While it is being decided', () => {
  /** The worker stands between the entry that stops the payout and the answer of the row. */
  const deciding = async () => {
    const gate = await holdRows(
      t.db,
      'payout',
      'update',
      `new.state = 'void' and new.enrollment_id = '${brand.id}'`,
    );
    return { gate, reached: () => gate.reached() };
  };

  test('When the worker is killed then, then the next one goes on with the decision', async () => {
    await railIsAway();
    const { gate, reached } = await deciding();
    const key = randomUUID();
    const withdrawn = untilAnswered(() => brand.ask(t.caller, 'withdrawal', {}, key));
    await reached();
    await t.service.worker.kill('SIGKILL');
    await gate.open();
    await t.service.startWorker();
    expect(inShort(await withdrawn)).toBe('200');
    expect(await brand.workflow.result()).toMatchObject({ status: 'withdrawn' });
    expect(await payouts.payoutRows(t, brand)).toMatchObject([VOID]);
    await expectNothingPaid();
  });

  test('When it is terminated then and restarted, then it goes on without the message and is paid once', async () => {
    await railIsAway();
    const { gate, reached } = await deciding();
    const held = brand.hold();
    await reached();
    await brand.workflow.terminate('a test');
    await gate.open();
    await payouts.untilPayoutState(t, brand, 'void');
    expect((await held).status).toBeGreaterThanOrEqual(400);
    const { status } = await t.admin.post(`${brand.path}/restart`, { note: 'Terminated by mistake.' });
    expect(status).toBe(200);
    await brand.untilStatus('paid');
    expect(await payouts.payoutRows(t, brand)).toMatchObject([VOID, PAID_ONCE]);
    expect(await payouts.paymentsOf(t, brand)).toHaveLength(1);
  });
});

test('When a paying enrollment was restarted, then a hold that comes with the restart still counts', async () => {
  await railIsAway();
  await brand.workflow.terminate('a test');
  await t.service.worker.kill('SIGKILL');
  await t.admin.post(`${brand.path}/restart`, { note: 'Terminated by mistake.' });
  const { workflowId } = await brand.now();
  const restarted = t.temporal.workflow.getHandle(workflowId);
  const started = () =>
    restarted.signal('hold').then(
      () => true,
      () => false,
    );
  await eventually(started, (isStarted) => isStarted);
  await t.service.startWorker();
  await brand.untilEvent('held');
  expect(await brand.now()).toMatchObject({ status: 'scheduled', onHold: { reasonCode: 'FRAUD_REVIEW' } });
  expect(await payouts.payoutRows(t, brand)).toMatchObject([VOID]);
  await payouts.clearFaults(t);
  await brand.release();
  await brand.untilStatus('paid');
  expect(await payouts.paymentsOf(t, brand)).toHaveLength(1);
  expect(await replayProblem(restarted)).toBeNull();
});

/** The payout date comes, the payout is frozen, and what the rail knows of it cannot be read. */
async function railIsAway(): Promise<void> {
  const only = payouts.payoutKey(brand);
  await t.fault({ target: 'payout_lookup', fault: 'server_error', times: 1_000, only });
  await payouts.payoutDateComes(program);
  await payouts.untilPayoutState(t, brand, 'frozen');
}

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
