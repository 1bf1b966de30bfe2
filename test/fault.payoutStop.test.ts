/** A payout is stopped while PostgreSQL is away, while the worker dies, while the enrollment is terminated and restarted. */
import { randomUUID } from 'node:crypto';
import { eventually } from '../dev/apiClient';
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

describe('While the read model cannot be written', () => {
  let unlock = () => Promise.resolve();
  const lock = async () => {
    const client = await t.db.connect();
    await client.query('begin');
    await client.query('select from enrollment where enrollment_id = $1 for no key update', [brand.id]);
    let isLocked = true;
    unlock = async () => {
      if (!isLocked) return;
      isLocked = false;
      await client.query('rollback');
      client.release();
    };
  };
  afterEach(() => unlock());
  const activities = async () => Object.keys(await brand.activities());
  /** A regular activity is on its way to write it. */
  const untilCatchingUp = () => eventually(activities, (names) => names.includes('project'));

  test('When a withdrawal comes then, and the rail stays away, then nothing is decided before it is written, and it ends withdrawn', async () => {
    await payouts.railIsAway(t, program, brand);
    await lock();
    const key = randomUUID();
    const withdrawn = untilAnswered(() => brand.ask(t.caller, 'withdrawal', {}, key));
    await untilCatchingUp();
    expect(await activities()).not.toContain('cancelPayout');
    expect(await payouts.payoutRows(t, brand)).toMatchObject([{ state: 'frozen' }]);
    await unlock();
    expect((await withdrawn).status).toBe(200);
    await brand.untilStatus('withdrawn');
    expect(await payouts.payoutRows(t, brand)).toMatchObject([VOID]);
    expect(await payouts.paymentsOf(t, brand)).toEqual([]);
    expect(await replayProblem(brand.workflow)).toBeNull();
  });

  test('When a hold comes then, and the rail comes back first, then it is refused and paid once', async () => {
    await payouts.railIsAway(t, program, brand);
    await lock();
    const key = randomUUID();
    const held = untilAnswered(() =>
      brand.ask(t.admin, 'hold', { reasonCode: 'FRAUD_REVIEW', note: 'Two shops.' }, key),
    );
    await untilCatchingUp();
    await payouts.clearFaults(t);
    await payouts.untilPayoutState(t, brand, 'submitting');
    await unlock();
    expect(await held).toMatchObject({ status: 409, body: { code: 'PAYOUT_BEGUN' } });
    await brand.untilStatus('paid');
    expect(await payouts.payoutRows(t, brand)).toMatchObject([PAID_ONCE]);
    expect(await payouts.paymentsOf(t, brand)).toHaveLength(1);
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
    await payouts.railIsAway(t, program, brand);
    const { gate, reached } = await deciding();
    const key = randomUUID();
    const withdrawn = untilAnswered(() => brand.ask(t.caller, 'withdrawal', {}, key));
    await reached();
    await t.service.worker.kill('SIGKILL');
    await gate.open();
    await t.service.startWorker();
    expect((await withdrawn).status).toBe(200);
    expect(await brand.workflow.result()).toMatchObject({ status: 'withdrawn' });
    expect(await payouts.payoutRows(t, brand)).toMatchObject([VOID]);
    expect(await payouts.paymentsOf(t, brand)).toEqual([]);
  });

  test('When it is terminated then and restarted, then it goes on without the message and is paid once', async () => {
    await payouts.railIsAway(t, program, brand);
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
  await payouts.railIsAway(t, program, brand);
  await brand.workflow.terminate('a test');
  await t.service.worker.kill('SIGKILL');
  // Nobody answers for the terminated one without a worker; it knew no more than the read model.
  const asked = { note: 'Terminated by mistake.', lastKnown: true };
  expect((await t.admin.post(`${brand.path}/restart`, asked)).status).toBe(200);
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
