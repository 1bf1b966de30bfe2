/** Withdrawal: by the caller or an admin, at any time until the payout is submitted; with the payout it has one outcome. */
import { randomUUID } from 'node:crypto';
import type { ApiClient } from '../dev/apiClient';
import { newAdvertiser } from './support/advertisers';
import { untilAnswered } from './support/comeAgain';
import { startGatedService, type Gate } from './support/gate';
import { ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import { clearFaults, paymentsOf, payoutRows, untilPayoutState } from './support/payouts';
import { temporalCommand } from './support/temporalCommand';
import type { TestService } from './support/testService';

const CALCULATION = '2023-12-04T00:00:00Z';
const PAYOUT = '2023-12-16T00:00:00Z';

let t: TestService;
let gate: Gate;
beforeAll(async () => {
  ({ t, gate } = await startGatedService());
});
afterAll(() => t?.stop());

const WAYS = [
  ['verifying', 'caller'],
  ['measuring', 'admin'],
  ['awaiting_approval', 'caller'],
  ['scheduled', 'admin'],
] as const;

test.each(WAYS)(
  'When a %s enrollment is withdrawn by the %s, then it ends withdrawn, nothing is paid, and later messages are refused',
  async (status, role) => {
    const { program, brand } = await at(status);
    const by: ApiClient = t[role];
    const withdrawn = await brand.ask(by, 'withdrawal', { note: 'We left the survey partner.' });
    expect(withdrawn).toMatchObject({
      status: 200,
      body: { status: 'withdrawn', reasonCodes: ['WITHDRAWN'], waitingFor: [] },
    });
    expect(await brand.workflow.result()).toMatchObject({ status: 'withdrawn', payoutKey: null });
    expect((await brand.timeline()).at(-1)).toMatchObject({
      type: 'ended',
      actor: { role, id: role === 'admin' ? 'ana' : 'shop-app' },
      details: { status: 'withdrawn', reasonCodes: 'WITHDRAWN', noteId: expect.any(String) as string },
    });
    await program.advanceTo(PAYOUT);
    expect(await paymentsOf(t, brand)).toEqual([]);
    for (const late of [
      await brand.withdraw(),
      await brand.confirm(),
      await brand.complete(),
      await brand.reject(),
      await brand.hold(),
      await brand.release(),
      await brand.waive('questionnaire'),
      await brand.decide('approve'),
    ]) {
      expect(late).toMatchObject({
        status: 409,
        body: { code: 'ENROLLMENT_ENDED', finalStatus: 'withdrawn' },
      });
    }
  },
);

test('When a held enrollment is withdrawn, then it ends withdrawn', async () => {
  const { brand } = await at('scheduled');
  await brand.hold();
  expect(await brand.withdraw()).toMatchObject({ status: 200, body: { status: 'withdrawn' } });
});

test('When it is withdrawn while the look-up is under way, then the process is over at once', async () => {
  const program = await ownProgram(t);
  const advertiserId = await newAdvertiser(t);
  const { reached } = gate.hold(advertiserId);
  const brand = await program.enroll({ advertiserId });
  await reached;
  expect(await brand.withdraw()).toMatchObject({ status: 200, body: { status: 'withdrawn' } });
  expect(await brand.workflow.result()).toMatchObject({ status: 'withdrawn' });
  gate.release(advertiserId);
  expect(await brand.happened()).toEqual(['opened', 'ended']);
});

test('When it is withdrawn while its spend is read, then it ends withdrawn', async () => {
  const { program, brand } = await at('measuring');
  const { advertiserId } = brand.form;
  const { reached } = gate.hold(advertiserId);
  await program.advanceTo(CALCULATION);
  await reached;
  expect(await brand.withdraw()).toMatchObject({ status: 200, body: { status: 'withdrawn', credit: null } });
  gate.release(advertiserId);
  expect(await brand.workflow.result()).toMatchObject({ status: 'withdrawn' });
});

test('When it is withdrawn before any worker has run it, then it ends withdrawn', async () => {
  const program = await ownProgram(t);
  await t.service.worker.kill('SIGKILL');
  const brand = await program.enroll();
  const withdrawn = brand.ask(t.caller, 'withdrawal', {}, 'withdrawal-1');
  expect((await withdrawn).status).toBe(503);
  await t.service.startWorker();
  await brand.untilStatus('withdrawn');
  // The answer was lost; the same request again finds what it has done.
  expect(await brand.ask(t.caller, 'withdrawal', {}, 'withdrawal-1')).toMatchObject({
    status: 200,
    body: { status: 'withdrawn' },
  });
});

test('When the payout was submitted, then a withdrawal is refused and the payout is brought to its end', async () => {
  const { program, brand } = await at('scheduled');
  const only = `${brand.id}:credit:1`;
  await t.fault({ target: 'payout', fault: 'execute_then_drop', only });
  // Not found before all have been refused.
  await t.fault({ target: 'payout_lookup', fault: 'late_visibility', times: 1_000, ms: 600_000, only });
  await program.advanceTo(PAYOUT);
  await brand.untilStatus('payout_unknown');
  for (const by of [t.caller, t.admin]) {
    expect(await brand.withdraw(by)).toMatchObject({ status: 409, body: { code: 'PAYOUT_BEGUN' } });
  }
  expect(await brand.hold()).toMatchObject({ status: 409, body: { code: 'PAYOUT_BEGUN' } });
  await clearFaults(t);
  await brand.untilStatus('paid');
  expect(await paymentsOf(t, brand)).toHaveLength(1);
  expect(await brand.withdraw()).toMatchObject({
    status: 409,
    body: { code: 'ENROLLMENT_ENDED', finalStatus: 'paid' },
  });
});

test('When withdrawals meet the payout, then each enrollment has one outcome, and its answer says which', async () => {
  const program = await ownProgram(t);
  const brands = await Promise.all(Array.from({ length: 8 }, () => ready(program)));
  await program.advanceTo(CALCULATION);
  await Promise.all(brands.map((brand) => brand.untilStatus('scheduled')));

  const [, ...answers] = await Promise.all([
    program.advanceTo(PAYOUT),
    ...brands.map((brand) => {
      const key = randomUUID();
      return untilAnswered(() => brand.ask(t.caller, 'withdrawal', {}, key));
    }),
  ]);
  for (const [index, brand] of brands.entries()) {
    const answer = answers[index]!;
    const { status } = (await brand.workflow.result()) as { status: string };
    const payments = await paymentsOf(t, brand);
    const rows = await payoutRows(t, brand);
    const live = rows.filter(({ state }) => state !== 'void');
    const seen = { answer: answer.status, status, payments: payments.length, live: live.length };
    expect(seen).toEqual(
      status === 'withdrawn'
        ? { answer: 200, status, payments: 0, live: 0 }
        : { answer: 409, status: 'paid', payments: 1, live: 1 },
    );
    expect(await brand.now()).toMatchObject({ status });
  }
});

test('When caller and admin withdraw at once, then it ended once, and whoever came too late is told how', async () => {
  const { brand } = await at('measuring');
  const answers = await Promise.all(
    [t.caller, t.admin].map((by) => untilAnswered(() => brand.ask(by, 'withdrawal', {}, 'at-once'))),
  );
  const told = answers.map(({ status, body }) => (status === 200 ? body.status : `${status} ${body.code}`));
  expect(told).toContain('withdrawn');
  expect(told.filter((answer) => !['withdrawn', '409 ENROLLMENT_ENDED'].includes(answer))).toEqual([]);
  expect((await brand.happened()).filter((type) => type === 'ended')).toHaveLength(1);
});

test('When a paid process is reset and then withdrawn, then the withdrawal is refused and it ends as paid once', async () => {
  const { program, brand } = await at('scheduled');
  await program.advanceTo(PAYOUT);
  await brand.untilStatus('paid');
  await resetWithoutMessages(brand);
  await brand.untilStatus('verifying');

  const refused = await brand.withdraw();
  expect(refused).toMatchObject({ status: 409, body: { code: 'PAYOUT_BEGUN' } });
  await brand.untilStatus('paid');
  expect(await brand.workflow.result()).toMatchObject({ status: 'paid' });
  expect(await paymentsOf(t, brand)).toHaveLength(1);
  expect(await brand.happened()).toContain('payout_found');
});

test('When a payout is frozen and not sent, and its process is reset and withdrawn, then the payout is void', async () => {
  const { program, brand } = await at('scheduled');
  const only = `${brand.id}:credit:1`;
  // Without the baseline nothing is sent.
  await t.fault({ target: 'payout_lookup', fault: 'server_error', times: 1_000, only });
  await program.advanceTo(PAYOUT);
  await untilPayoutState(t, brand, 'frozen');
  await resetWithoutMessages(brand);
  await brand.untilStatus('verifying');
  await clearFaults(t);

  expect(await brand.withdraw()).toMatchObject({ status: 200, body: { status: 'withdrawn' } });
  expect(await payoutRows(t, brand)).toMatchObject([{ state: 'void', attempt: 0 }]);
  expect(await paymentsOf(t, brand)).toEqual([]);
});

test.each(['partner', 'approver'] as const)(
  'When a %s withdraws, then it is refused: that is the advertiser’s or ours',
  async (role) => {
    const brand = await (await ownProgram(t)).enroll();
    expect(await brand.withdraw(t[role])).toMatchObject({ status: 403 });
  },
);

async function at(status: (typeof WAYS)[number][0]): Promise<{ program: OwnProgram; brand: Enrolled }> {
  const program = await ownProgram(t);
  const monthlySpend = status === 'awaiting_approval' ? '25000.00' : '12480.00';
  if (status === 'verifying') {
    const brand = await program.enroll({ advertiserId: await newAdvertiser(t) });
    await brand.untilEvent('advertiser_located');
    return { program, brand };
  }
  const brand = await ready(program, monthlySpend);
  if (status !== 'measuring') await program.advanceTo(CALCULATION);
  await brand.untilStatus(status);
  return { program, brand };
}

/** Without its messages the new run waits for the facts again. */
async function resetWithoutMessages({ workflow: { workflowId } }: Enrolled): Promise<void> {
  const without = ['--type', 'FirstWorkflowTask', '--reapply-exclude', 'All', '--reason', 'a test'];
  await temporalCommand(t, 'workflow', 'reset', '--workflow-id', workflowId, ...without);
}

async function ready(program: OwnProgram, monthlySpend = '12480.00'): Promise<Enrolled> {
  return program.enrollComplete({ advertiserId: await newAdvertiser(t, { monthlySpend }) });
}
