/**
 * The three facts that an enrollment waits for (partner confirmation, questionnaire, advertiser look-up): in any order,
 * twice, and before the process has run its first line.
 */
import { randomUUID } from 'node:crypto';
import { eventually } from '../dev/apiClient';
import type { EnrollmentState } from '../program/enrollmentState';
import * as messages from '../workflows/messages';
import { newAdvertiser, requestCounts } from './support/advertisers';
import { startGatedService, type Gate } from './support/gate';
import { history, ownProgram, storedHistory, type Enrolled } from './support/ownProgram';
import { clearFaults } from './support/payouts';
import type { TestService } from './support/testService';

const PARTNER = { role: 'partner', id: 'kno' } as const;

let t: TestService;
let gate: Gate;
beforeAll(async () => {
  ({ t, gate } = await startGatedService());
});
afterAll(() => t?.stop());

/** Each fact with the event that it leaves in the timeline. */
const EVENTS = {
  'the confirmation': 'partner_confirmed',
  'the questionnaire': 'questionnaire_completed',
  'the look-up': 'advertiser_located',
} as const;
type Fact = keyof typeof EVENTS;

const ORDERS: [Fact, Fact, Fact][] = [
  ['the confirmation', 'the questionnaire', 'the look-up'],
  ['the confirmation', 'the look-up', 'the questionnaire'],
  ['the questionnaire', 'the confirmation', 'the look-up'],
  ['the questionnaire', 'the look-up', 'the confirmation'],
  ['the look-up', 'the confirmation', 'the questionnaire'],
  ['the look-up', 'the questionnaire', 'the confirmation'],
];

test.each(ORDERS)(
  'When %s, %s and %s come in this order, then all are in and the enrollment is paid once',
  async (...order) => {
    const program = await ownProgram(t);
    const advertiserId = await newAdvertiser(t);
    gate.hold(advertiserId);
    const brand = await program.enroll({ advertiserId });
    const bring: Record<Fact, () => Promise<unknown>> = {
      'the confirmation': () => brand.confirm(),
      'the questionnaire': () => brand.complete(),
      'the look-up': () => {
        gate.release(advertiserId);
        return brand.untilEvent('advertiser_located');
      },
    };
    for (const [index, fact] of order.entries()) {
      await bring[fact]();
      const { status, waitingFor } = await brand.now();
      expect({ status, waits: waitingFor.length }).toEqual(
        index < 2 ? { status: 'verifying', waits: 2 - index } : { status: 'measuring', waits: 1 },
      );
    }

    await program.advanceTo('2023-12-03T05:00:00Z');
    await brand.untilStatus('scheduled');
    await program.advanceTo('2023-12-15T08:00:00Z');
    await brand.untilStatus('paid');
    expect((await paymentsOf(advertiserId)).map(({ amountMinor }) => amountMinor)).toEqual([450_000]);
    expect(await brand.happened()).toEqual([
      'opened',
      ...order.map((fact) => EVENTS[fact]),
      'calculation_begun',
      'credit_calculated',
      'payout_begun',
      'payout_paid',
      'ended',
    ]);
  },
);

test('When the look-up is still under way on the calculation date, then the calculation waits for it', async () => {
  const program = await ownProgram(t, {
    policies: { ...t.definition.policies, missedFacts: { then: 'close' } },
  });
  const advertiserId = await newAdvertiser(t);
  gate.hold(advertiserId);
  const brand = await program.enroll({ advertiserId });
  await brand.confirm();
  await program.advanceTo('2023-12-04T00:00:00Z');
  await brand.untilClockRead(1);
  // The other facts are still taken, since nothing has been calculated.
  expect(await brand.complete()).toMatchObject({
    status: 200,
    body: { status: 'verifying', waitingFor: [{ who: 'service', what: 'advertiser_look_up' }] },
  });
  gate.release(advertiserId);
  await brand.untilStatus('scheduled');
  expect((await brand.happened()).slice(-3)).toEqual([
    'advertiser_located',
    'calculation_begun',
    'credit_calculated',
  ]);
});

test('When TikTok throttles and fails, then the look-up is repeated and everything else goes on', async () => {
  const advertiserId = await newAdvertiser(t);
  const only = { target: 'advertiser_info', only: advertiserId };
  await t.fault({ ...only, fault: 'throttle', message: 'QPS limit' });
  await t.fault({ ...only, fault: 'server_error', times: 1_000 });
  const { advertiser_info: before } = await requestCounts(t);
  const brand = await (await ownProgram(t)).enroll({ advertiserId });
  await brand.confirm();
  expect((await brand.complete()).body.waitingFor).toMatchObject([{ what: 'advertiser_look_up' }]);
  await eventually(
    () => requestCounts(t),
    ({ advertiser_info: asked }) => asked! >= before! + 2,
  );
  await clearFaults(t);
  await brand.untilStatus('measuring');
  expect(await brand.activities()).toEqual({ lookUpAdvertiser: 1 }); // one, with retries
});

test('When a fact is reported again by somebody else, then the first report stands and the timeline shows the second', async () => {
  const brand = await located();
  expect(await brand.confirm()).toMatchObject({ status: 200, body: { status: 'verifying' } });
  const before = await brand.state();
  expect(await brand.confirm(t.admin)).toMatchObject({ status: 200, body: { status: 'verifying' } });
  expect((await brand.state()).partnerStatements).toEqual(before.partnerStatements);

  expect(await brand.complete()).toMatchObject({ status: 200, body: { status: 'measuring' } });
  const { questionnaire } = await brand.state();
  expect(questionnaire).toMatchObject({ by: { role: 'caller', id: 'shop-app' } });
  expect(await brand.complete(t.admin)).toMatchObject({ status: 200, body: { status: 'measuring' } });
  expect((await brand.state()).questionnaire).toEqual(questionnaire);

  const reports = (await brand.timeline()).filter(({ details }) => 'repeated' in details);
  expect(reports.map(({ type, actor, details }) => [type, actor.id, details['repeated']])).toEqual([
    ['partner_confirmed', 'kno', false],
    ['partner_confirmed', 'ana', true],
    ['questionnaire_completed', 'shop-app', false],
    ['questionnaire_completed', 'ana', true],
  ]);
});

test('When the questionnaire is completed, then the answers are in PostgreSQL and the process knows their id, sender and time', async () => {
  const brand = await located();
  await brand.complete();
  const { questionnaire } = await brand.state();
  expect(questionnaire).toMatchObject({
    by: { role: 'caller', id: 'shop-app' },
    at: Date.parse('2023-10-12T16:00:00Z'),
  });
  const { rows } = await t.db.query<{ answers: object }>(
    `select answers from questionnaire_answers where answers_id = $1 and enrollment_id = $2`,
    [questionnaire!.answersId, brand.id],
  );
  expect(rows).toEqual([{ answers: t.answers }]);
  const stored = await storedHistory(brand.workflow);
  expect(stored).toContain(questionnaire!.answersId);
  expect(stored).not.toContain('At the checkout');
});

test('When the same message comes again, as another attempt or as a Signal, then it is applied once', async () => {
  const brand = await located();
  const confirmation = await confirmationOf(brand);
  const { messageId } = confirmation;
  const first = await send(brand, confirmation, 0);
  expect(await send(brand, confirmation, 1)).toEqual(first);
  await brand.workflow.signal(messages.confirmPartnerSignal, { messageId });
  await brand.complete();
  // The same message answers for itself also after another change, and changes nothing.
  expect(await send(brand, confirmation, 2)).toEqual({ sequence: first.sequence + 1 });
  expect(await brand.happened()).toEqual([
    'opened',
    'advertiser_located',
    'partner_confirmed',
    'questionnaire_completed',
  ]);
});

test('When facts are sent before any worker has run the enrollment, then none is lost and each is applied once', async () => {
  const program = await ownProgram(t);
  await t.service.worker.kill('SIGKILL');
  const brand = await program.enroll();
  const confirmation = await confirmationOf(brand, await t.get(brand.id));
  const answers = [send(brand, confirmation, 0), send(brand, confirmation, 1)];
  const questionnaire = { messageId: randomUUID() };
  await brand.workflow.signal(messages.deferSignal, { month: '2023-12' });
  await brand.workflow.signal(messages.completeQuestionnaireSignal, questionnaire);
  await brand.workflow.signal(messages.completeQuestionnaireSignal, questionnaire);
  await brand.workflow.signal(messages.confirmPartnerSignal);
  // Nothing has run: the history holds the start, the first task that nobody took, and the Signals.
  expect((await history(brand.workflow)).filter((event) => event.workflowTaskStartedEventAttributes)).toEqual(
    [],
  );
  expect(await brand.now()).toMatchObject({ status: 'verifying', calculationMonth: '2023-11' });

  await t.service.startWorker();
  await Promise.all(answers);
  await brand.untilEvent('advertiser_located');
  expect(await brand.now()).toMatchObject({
    status: 'measuring',
    calculationMonth: '2023-12',
    calculationDate: '2024-01-03T05:00:00.000Z',
  });
  const [opened, ...rest] = await brand.happened();
  expect(opened).toBe('opened');
  expect(rest.sort()).toEqual([
    'advertiser_located',
    'deferred',
    'partner_confirmed',
    'partner_confirmed',
    'questionnaire_completed',
  ]);
  // The message and the operator's Signal are two reports of one fact; one of them was second.
  const reports = (await brand.timeline()).filter(({ type }) => type === 'partner_confirmed');
  expect(reports.map(({ details }) => details['repeated'])).toEqual([false, true]);
});

async function located(): Promise<Enrolled> {
  const brand = await (await ownProgram(t)).enroll();
  await brand.untilEvent('advertiser_located');
  return brand;
}

/** A confirmation as another program would send it, not by way of our API. */
async function confirmationOf(
  brand: Enrolled,
  { advertiserId }: Pick<EnrollmentState['submission'], 'advertiserId'> = { advertiserId: '' },
): Promise<messages.ConfirmPartnerMessage> {
  const named = advertiserId || (await brand.state()).submission.advertiserId;
  return { version: 1, messageId: randomUUID(), actor: PARTNER, advertiserId: named };
}

function send(brand: Enrolled, message: messages.ConfirmPartnerMessage, attempt: number) {
  return brand.workflow.executeUpdate(messages.confirmPartner, {
    args: [message],
    updateId: `${message.messageId}:${attempt}`,
  });
}

async function paymentsOf(advertiserId: string) {
  const payments = (await t.payments()) as { advertiserId?: string; amountMinor: number }[];
  return payments.filter((payment) => payment.advertiserId === advertiserId);
}
