/**
 * What comes at the same moment, as another message or as the calculation date: it has one outcome, the same whenever the
 * history is replayed, and whoever came too late is told.
 */
import { randomUUID } from 'node:crypto';
import type { UpdateDefinition } from '@temporalio/common';
import { eventually } from '../dev/apiClient';
import * as messages from '../workflows/messages';
import { newAdvertiser } from './support/advertisers';
import { startGatedService, type Gate } from './support/gate';
import { history, ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import { replayProblem } from './support/replays';
import type { TestService } from './support/testService';

const CALCULATION_DATE = '2023-12-03T05:00:00Z';
const HOUR_MS = 3_600_000;

let t: TestService;
let gate: Gate;
beforeAll(async () => {
  ({ t, gate } = await startGatedService());
});
afterAll(() => t?.stop());

test('When a deferral and the timer of the calculation date wait in one workflow task, then it is calculated and the partner is told', async () => {
  const program = await ownProgram(t);
  const brand = await complete(program);
  await program.advanceTo('2023-12-03T04:00:00Z');
  await program.runAt(HOUR_MS / 12_000);
  await eventually(
    () => history(brand.workflow),
    (events) => events.some(({ timerStartedEventAttributes: started }) => started),
  );
  await t.service.worker.kill('SIGKILL');
  // No worker: the Update waits at the server, where the timer fires.
  const key = randomUUID();
  const deferring = brand.ask(t.partner, 'deferral', { month: '2023-12' }, key);
  await eventually(
    () => history(brand.workflow),
    (events) => events.some(({ timerFiredEventAttributes: fired }) => fired),
  );
  await deferring;
  await t.service.startWorker();

  await brand.untilStatus('scheduled');
  expect(await brand.ask(t.partner, 'deferral', { month: '2023-12' }, key)).toMatchObject({
    status: 409,
    body: { code: 'CALCULATION_BEGUN' },
  });
  expect(await brand.happened()).not.toContain('deferred');
  await expectSameInReplay(brand);
});

test('When a deferral waits with the move of the clock to the calculation date, then it is deferred and nothing is calculated', async () => {
  const program = await ownProgram(t);
  const brand = await complete(program);
  await t.service.worker.kill('SIGKILL');
  await program.advanceTo(CALCULATION_DATE);
  await brand.workflow.signal('wake');
  const key = randomUUID();
  await brand.ask(t.partner, 'deferral', { month: '2023-12' }, key);
  await t.service.startWorker();

  await brand.untilClockRead(1);
  expect(await brand.ask(t.partner, 'deferral', { month: '2023-12' }, key)).toMatchObject({
    status: 200,
    body: { status: 'measuring', calculationMonth: '2023-12' },
  });
  expect(await brand.happened()).not.toContain('calculation_begun');
  await expectSameInReplay(brand);
});

test('When deferrals meet the calculation date, then each enrollment has one outcome, and its answer says which', async () => {
  const program = await ownProgram(t);
  const brands = await Promise.all(Array.from({ length: 6 }, () => complete(program)));
  const [, ...answers] = await Promise.all([
    program.advanceTo(CALCULATION_DATE),
    ...brands.map((brand) => brand.defer('2023-12')),
  ]);
  for (const [index, brand] of brands.entries()) {
    await brand.untilClockRead(1);
    const isDeferred = answers[index]!.status === 200;
    if (!isDeferred) {
      expect(answers[index]).toMatchObject({ status: 409, body: { code: 'CALCULATION_BEGUN' } });
      await brand.untilStatus('scheduled');
    }
    expect(await brand.now()).toMatchObject({
      calculationMonth: isDeferred ? '2023-12' : '2023-11',
      status: isDeferred ? 'measuring' : 'scheduled',
    });
    const moves = (await brand.happened()).filter((type) => /^(deferred|calculation_begun)$/.test(type));
    expect(moves).toEqual([isDeferred ? 'deferred' : 'calculation_begun']);
    await expectSameInReplay(brand);
  }
});

test('When messages that read the database wait in one workflow task with others, then a replay goes the same way', async () => {
  const program = await ownProgram(t);
  const brand = await program.enroll({ advertiserId: await newAdvertiser(t) });
  await brand.untilEvent('advertiser_located');
  await t.service.worker.kill('SIGKILL');
  await brand.workflow.signal(messages.deferSignal, { month: '2023-12' });
  await brand.workflow.signal(messages.confirmPartnerSignal);
  const { advertiserId } = brand.form;
  const updates = [
    update(brand, messages.waive, { decisionId: 'dec_of_nobody' }),
    update(brand, messages.completeQuestionnaire, { answersId: null }),
    update(brand, messages.defer, { month: '2024-01' }),
    update(brand, messages.rejectPartner, { advertiserId, reasonCode: 'PARTNER_REJECTED' }),
    update(brand, messages.defer, { month: '2023-11' }),
  ];
  const answers = Promise.allSettled(updates);
  await brand.workflow.signal(messages.holdSignal);
  await t.service.startWorker();
  const [waived, completed, , rejected] = await answers;
  expect([waived!.status, completed!.status, rejected!.status]).toEqual([
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
  await brand.untilEvent('held');
  const { rows } = await t.db.query('select sequence from enrollment where enrollment_id = $1', [brand.id]);
  expect(rows).toEqual([{ sequence: (await brand.timeline()).length }]);
  await expectSameInReplay(brand);
});

test('When the form is revised while the spend is read, then it is refused with the reason and the credit is that of the old form', async () => {
  const program = await ownProgram(t);
  const brand = await complete(program);
  const { advertiserId } = brand.form;
  const { reached } = gate.hold(advertiserId);
  await program.advanceTo(CALCULATION_DATE);
  await reached;
  expect(await brand.now()).toMatchObject({ status: 'calculating' });
  const revised = await brand.resubmit({
    advertiserId: await newAdvertiser(t, { monthlySpend: '99999.00' }),
  });
  expect(revised).toMatchObject({ status: 409, body: { code: 'CALCULATION_BEGUN' } });
  gate.release(advertiserId);
  expect(await brand.untilStatus('scheduled')).toMatchObject({
    advertiserId,
    credit: { amountMinor: 450_000 },
  });
});

async function complete(program: OwnProgram): Promise<Enrolled> {
  return program.enrollComplete({ advertiserId: await newAdvertiser(t) });
}

/** As another program would send it, not by way of our API. */
function update<M>(
  brand: Enrolled,
  definition: UpdateDefinition<messages.MessageAnswer, [M]>,
  fields: object,
) {
  const message = { version: 1, messageId: randomUUID(), actor: { role: 'admin', id: 'ana' }, ...fields };
  return brand.workflow.executeUpdate(definition, { args: [message as M] });
}

/** Replays what has happened so far by the workflow's code; throws if that would go another way. */
async function expectSameInReplay({ workflow }: Enrolled): Promise<void> {
  expect(await replayProblem(workflow)).toBeNull();
}
