/** Webhooks out: what was committed is sent at least once, whatever the receiver does and whenever the worker dies. */
import { eventually, type Enrollment } from '../dev/apiClient';
import {
  deliveries,
  sendTest,
  subscribe,
  subscriptionIs,
  SUBSCRIPTIONS,
  untilLogged,
  type Delivery,
  type Subscription,
} from './support/subscriptions';
import { ADVERTISER, startTestService, type TestService } from './support/testService';
import { startWebhookReceiver, verified, type WebhookReceiver } from './support/webhookReceiver';

let t: TestService;
let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await startWebhookReceiver();
  t = await startTestService({ environment: { WEBHOOK_DELAY_MS: '0' } });
});
afterAll(async () => {
  await receiver?.stop();
  await t?.stop();
});
/** Each test has its own: the others' events would be sent to it as well. */
let path: string;
let paths = 0;
beforeEach(() => (path = `/${(paths += 1)}`));
afterEach(() => t.db.query('delete from webhook_subscription'));

const mine = (events?: string[]) => subscribe(t.caller, receiver.url(path), events);
const log = ({ subscriptionId }: Subscription) => deliveries(t.caller, subscriptionId);

async function enroll(): Promise<Enrollment> {
  const { body } = await t.caller.post('/v1/enrollments', t.form());
  await t.untilEvent(body.id, 'advertiser_located');
  return body;
}

/** As if that much time had gone by for it, and its next attempt were due. */
async function age(deliveryId: string, interval: string): Promise<void> {
  await t.db.query(
    `update webhook_delivery set begun_at = begun_at - $2::interval, due_at = now() where delivery_id = $1`,
    [deliveryId, interval],
  );
}

const isDelivered = ({ status }: Delivery) => status === 'delivered';

test('When something happens to an enrollment, then its subscriber is told each event once, signed, without personal data', async () => {
  const { secret, subscriptionId } = await mine();
  const { id } = await enroll();
  await t.partner.post(`/v1/enrollments/${id}/partner-confirmation`, { advertiserId: ADVERTISER });
  const received = await receiver.until(path, 3);
  const events = received
    .map((one) => verified(secret, one))
    .sort((a, b) => a.data.sequence - b.data.sequence);
  const timeline = await t.timeline(id);
  expect(events.map(({ type, timestamp }) => [type, timestamp])).toEqual(
    timeline.map(({ type, at }) => [`enrollment.${type}`, at]),
  );
  expect(events.at(-1)).toEqual({
    type: 'enrollment.partner_confirmed',
    timestamp: timeline.at(-1)!.at,
    data: {
      enrollmentId: id,
      programId: t.programId,
      status: 'verifying',
      calculationMonth: '2023-11',
      sequence: 3,
    },
  });
  expect(received[0]!.headers).toMatchObject({ 'content-type': 'application/json' });
  const delivered = await untilLogged(t.caller, subscriptionId, (all) => all.every(isDelivered));
  expect(delivered.map(({ deliveryId }) => deliveryId).sort()).toEqual(received.map((one) => one.id).sort());
  for (const delivery of delivered)
    expect(delivery).toMatchObject({ enrollmentId: id, attempts: 1, lastStatus: 204, lastError: null });
  expect((await subscriptionIs(t.caller, subscriptionId)).lastDeliveredAt).not.toBeNull();
});

test('When only some events are asked for, then the others are not even made', async () => {
  const some = await mine(['enrollment.questionnaire_completed']);
  const { id } = await enroll();
  await t.caller.post(`/v1/enrollments/${id}/questionnaire`, { answers: t.answers });
  const [received] = await receiver.until(path, 1);
  expect(verified(some.secret, received!).type).toBe('enrollment.questionnaire_completed');
  expect((await log(some)).map(({ event }) => event)).toEqual(['enrollment.questionnaire_completed']);
});

test('When a receiver answers 500, a redirect and nothing useful, then it is tried again, the same bytes under the same id, until it is taken', async () => {
  const subscription = await mine();
  const target = `${path}/elsewhere`;
  receiver.answer(
    path,
    { status: 500, body: 'x'.repeat(100_000) },
    { status: 302, headers: { location: receiver.url(target) } },
    { status: 200, headers: { 'content-encoding': 'gzip' }, body: 'no gzip' },
  );
  const id = await sendTest(t.caller, subscription.subscriptionId);
  const attempted = (count: number) => (all: Delivery[]) =>
    all[0]!.attempts === count && all[0]!.lastStatus !== null && all[0]!.nextAttemptAt !== null;
  for (const [count, lastStatus, lastError] of [
    [1, 500, 'NOT_ACCEPTED'],
    [2, 302, 'REDIRECT'],
  ] as const) {
    const [failed] = await untilLogged(
      t.caller,
      subscription.subscriptionId,
      (all) => attempted(count)(all) && all[0]!.lastStatus === lastStatus,
    );
    expect(failed).toMatchObject({ status: 'pending', lastStatus, lastError });
    // The next attempt is not at once.
    expect(Date.parse(failed!.nextAttemptAt!)).toBeGreaterThan(Date.now() + 1_000);
    await age(id, '0 seconds');
  }
  const [done] = await untilLogged(t.caller, subscription.subscriptionId, (all) => all.every(isDelivered));
  expect(done).toMatchObject({ attempts: 3, lastStatus: 200, nextAttemptAt: null });
  const received = receiver.received(path);
  expect(received.map((one) => one.id)).toEqual([id, id, id]);
  expect(new Set(received.map(({ body }) => body)).size).toBe(1);
  for (const one of received) verified(subscription.secret, one);
  expect(receiver.received(target)).toEqual([]);
});

test('When an attempt is made later, then timestamp and signature are those of the attempt', async () => {
  const { subscriptionId, secret } = await mine();
  const id = await sendTest(t.caller, subscriptionId);
  await untilLogged(t.caller, subscriptionId, (all) => all.every(isDelivered));
  const [first] = receiver.received(path);
  await eventually(
    () => Promise.resolve(Math.floor(Date.now() / 1_000)),
    (now) => now > first!.timestamp,
  );
  await t.caller.post(`${SUBSCRIPTIONS}/${subscriptionId}/deliveries/${id}/redelivery`, {});
  const [, second] = await receiver.until(path, 2);
  expect(second!.timestamp).toBeGreaterThan(first!.timestamp);
  expect(second!.headers['webhook-signature']).not.toBe(first!.headers['webhook-signature']);
  expect([second!.id, second!.body]).toEqual([first!.id, first!.body]);
  verified(secret, second!);
});

test('When a receiver asks for a later time, then the next attempt waits for it, within bounds', async () => {
  const subscription = await mine();
  receiver.answer(
    path,
    { status: 429, headers: { 'retry-after': '3600' } },
    { status: 503, headers: { 'retry-after': new Date(Date.now() + 7_200_000).toUTCString() } },
    { status: 503, headers: { 'retry-after': '99999999' } },
  );
  const id = await sendTest(t.caller, subscription.subscriptionId);
  const hoursAfter = async (attempts: number) => {
    const { rows } = await eventually(
      () =>
        t.db.query<{ hours: number }>(
          `select extract(epoch from due_at - last_attempt_at)::float8 / 3600 as hours from webhook_delivery
            where delivery_id = $1 and attempts = $2 and due_at > last_attempt_at + interval '1 minute'`,
          [id, attempts],
        ),
      (found) => found.rowCount === 1,
    );
    await age(id, '0 seconds');
    return rows[0]!.hours;
  };
  for (const [attempt, hours] of [
    [1, 1],
    [2, 2],
    [3, 8],
  ] as const) {
    const waited = await hoursAfter(attempt);
    expect(waited).toBeGreaterThan(hours - 0.1);
    expect(waited).toBeLessThan(hours * 1.2 + 0.1);
  }
});

describe('when a receiver takes nothing for three days', () => {
  let subscription: Subscription;
  beforeEach(async () => {
    subscription = await mine();
    receiver.answer(path, { status: 503 });
  });

  test('When the three days are over, then the subscription is disabled with its reason, and nothing more is made or sent until it is enabled', async () => {
    const { subscriptionId } = subscription;
    const path_ = `${SUBSCRIPTIONS}/${subscriptionId}`;
    const id = await sendTest(t.caller, subscriptionId);
    const waiting = await sendTest(t.caller, subscriptionId);
    await untilLogged(t.caller, subscriptionId, (all) =>
      all.every(({ attempts, lastStatus }) => attempts === 1 && lastStatus === 503),
    );
    await age(id, '71 hours 59 minutes');
    await untilLogged(t.caller, subscriptionId, (all) =>
      all.some(
        ({ attempts, lastStatus, nextAttemptAt }) =>
          attempts === 2 && lastStatus === 503 && Date.parse(nextAttemptAt!) > Date.now() + 40_000,
      ),
    );
    expect((await subscriptionIs(t.caller, subscriptionId)).disabledAt).toBeNull();
    await age(id, '1 minute');
    const disabled = await eventually(
      () => subscriptionIs(t.caller, subscriptionId),
      ({ disabledAt }) => disabledAt !== null,
    );
    expect(disabled.disabledReason).toBe('FAILED_FOR_3_DAYS');
    expect((await log(subscription)).map((one) => [one.deliveryId, one.status, one.nextAttemptAt])).toEqual([
      [waiting, 'failed', null],
      [id, 'failed', null],
    ]);
    const refused = { status: 409, body: { code: 'WEBHOOK_DISABLED' } };
    expect(await t.caller.post(`${path_}/test`, {})).toMatchObject(refused);
    expect(await t.caller.post(`${path_}/deliveries/${id}/redelivery`, {})).toMatchObject(refused);
    await enroll();
    expect(await log(subscription)).toHaveLength(2);

    receiver.answer(path, { status: 204 });
    expect((await t.caller.post<Subscription>(`${path_}/enabling`, {})).body).toMatchObject({
      disabledAt: null,
      disabledReason: null,
    });
    const again = await t.caller.post<Delivery>(`${path_}/deliveries/${id}/redelivery`, {});
    expect(again).toMatchObject({ status: 202, body: { deliveryId: id, status: 'pending' } });
    const after = await untilLogged(t.caller, subscriptionId, (all) => all.some(isDelivered));
    expect(after.find(isDelivered)).toMatchObject({ deliveryId: id, attempts: 4 });
    expect(receiver.received(path).filter((one) => one.id === id)).toHaveLength(4);
  });

  test('When the workers were away for longer than three days, then the first attempt is not taken for the last', async () => {
    const { subscriptionId } = subscription;
    await t.service.worker.stop();
    const id = await sendTest(t.caller, subscriptionId);
    await age(id, '4 days');
    await t.service.startWorker();
    const [first] = await untilLogged(t.caller, subscriptionId, (all) =>
      all.some(({ lastStatus }) => lastStatus === 503),
    );
    expect(first).toMatchObject({ deliveryId: id, status: 'pending', attempts: 1 });
    expect((await subscriptionIs(t.caller, subscriptionId)).disabledAt).toBeNull();
  });

  test('When others were taken meanwhile, then only this event has failed', async () => {
    const { subscriptionId } = subscription;
    const id = await sendTest(t.caller, subscriptionId);
    await receiver.until(path, 1);
    receiver.answer(path, { status: 204 });
    await sendTest(t.caller, subscriptionId);
    await untilLogged(t.caller, subscriptionId, (all) => all.some(isDelivered));
    receiver.answer(path, { status: 503 });
    await age(id, '3 days');
    const [, failed] = await untilLogged(t.caller, subscriptionId, (all) =>
      all.some(({ status }) => status === 'failed'),
    );
    expect(failed).toMatchObject({ deliveryId: id, status: 'failed', lastStatus: 503 });
    expect((await subscriptionIs(t.caller, subscriptionId)).disabledAt).toBeNull();
  });
});

test('When a receiver answers 410, then its subscription is disabled at once', async () => {
  const { subscriptionId } = await mine();
  receiver.answer(path, { status: 410 });
  await sendTest(t.caller, subscriptionId);
  const { disabledReason } = await eventually(
    () => subscriptionIs(t.caller, subscriptionId),
    ({ disabledAt }) => disabledAt !== null,
  );
  expect(disabledReason).toBe('GONE');
  expect(receiver.received(path)).toHaveLength(1);
});

test('When receivers hang, then others get theirs meanwhile, and no more than three of one are under way', async () => {
  const hanging = await mine(['enrollment.ended']);
  receiver.answer(path, 'hang');
  const stuck = await Promise.all(
    Array.from({ length: 5 }, () => sendTest(t.caller, hanging.subscriptionId)),
  );
  await receiver.until(path, 3);
  const quick = `${path}/quick`;
  const other = await subscribe(t.caller, receiver.url(quick), ['enrollment.ended']);
  for (let count = 1; count <= 3; count += 1) {
    await sendTest(t.caller, other.subscriptionId);
    await receiver.until(quick, count);
  }
  // The hanging ones were asked before any of these and have not been given up yet.
  expect(receiver.received(path)).toHaveLength(3);
  expect((await log(hanging)).filter(({ lastError }) => lastError !== null)).toEqual([]);
  const timedOut = await untilLogged(t.caller, hanging.subscriptionId, (all) =>
    all.every(({ lastError }) => lastError === 'TIMED_OUT'),
  );
  expect(timedOut.map(({ deliveryId }) => deliveryId).sort()).toEqual([...stuck].sort());
}, 60_000);

test('When all receivers of two subscribers hang and much waits for them, then what is told to a third is not behind it', async () => {
  receiver.answer(path, 'hang');
  const ofTwo = [t.caller, t.partner].flatMap((client) =>
    Array.from({ length: 14 }, () => subscribe(client, receiver.url(path), ['enrollment.ended'])),
  );
  const hanging = (await Promise.all(ofTwo)).map(({ subscriptionId }) => subscriptionId);
  const { rowCount: backlog } = await t.db.query(
    `insert into webhook_delivery (delivery_id, subscription_id, event_type, body, due_at)
     select 'msg_hanging_' || n || id, id, 'webhook.test', '{}', now() from unnest($1::text[]) id, generate_series(1, 12) n`,
    [hanging],
  );
  // Half of what can be under way at once, at least.
  await receiver.until(path, 20);
  const quick = `${path}/quick`;
  const third = await subscribe(t.otherCaller, receiver.url(quick), ['enrollment.ended']);
  for (let count = 1; count <= 3; count += 1) {
    await sendTest(t.otherCaller, third.subscriptionId);
    await receiver.until(quick, count);
  }
  expect(backlog).toBe(2 * 14 * 12);
  // Nothing of theirs had to be given up for it.
  const { rowCount: givenUp } = await t.db.query(
    `select from webhook_delivery where subscription_id = any($1) and last_error is not null`,
    [hanging],
  );
  expect(givenUp).toBe(0);
}, 60_000);

test('When a subscription is deleted while its webhook is about to be sent, then it is not sent', async () => {
  const { subscriptionId } = await mine();
  const deleting = await t.db.connect();
  try {
    await deleting.query('begin');
    await deleting.query('lock table webhook_secret in access exclusive mode');
    await sendTest(t.caller, subscriptionId);
    await eventually(
      () =>
        t.db.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
            and query like '%from webhook_secret%'`,
        ),
      ({ rowCount }) => rowCount === 1,
    );
    await deleting.query('delete from webhook_subscription where subscription_id = $1', [subscriptionId]);
    await deleting.query('commit');
  } finally {
    deleting.release();
  }
  // It ends once the attempts in hand are done.
  await t.service.worker.stop();
  await t.service.startWorker();
  expect(receiver.received(path)).toEqual([]);
});

test('When the worker is killed between sending and recording, then it is sent again under the same id', async () => {
  const { subscriptionId, secret } = await mine();
  receiver.answer(path, 'hang', { status: 204 });
  const id = await sendTest(t.caller, subscriptionId);
  await receiver.until(path, 1);
  await t.service.worker.kill('SIGKILL');
  expect(await deliveries(t.caller, subscriptionId)).toMatchObject([
    { status: 'pending', attempts: 1, lastStatus: null },
  ]);
  await age(id, '0 seconds'); // its lease is over
  await t.service.startWorker();
  const [first, second] = await receiver.until(path, 2);
  expect([first!.id, second!.id]).toEqual([id, id]);
  expect(first!.body).toBe(second!.body);
  verified(secret, second!);
  await untilLogged(t.caller, subscriptionId, (all) => all.every(isDelivered));
});

test('When an address leads inside by the time of an attempt, then nothing connects and the log names no address', async () => {
  const { subscriptionId } = await mine();
  for (const [index, url] of [
    'https://10.0.0.7/',
    'https://[::ffff:10.0.0.7]/',
    'http://hooks.example/',
  ].entries()) {
    await t.db.query('update webhook_subscription set url = $2 where subscription_id = $1', [
      subscriptionId,
      url,
    ]);
    await sendTest(t.caller, subscriptionId);
    const [refused] = await untilLogged(
      t.caller,
      subscriptionId,
      (all) => all.length === index + 1 && all[0]!.lastError !== null,
    );
    const lastError = url.startsWith('https') ? 'ADDRESS_NOT_ALLOWED' : 'ORIGIN_NOT_ALLOWED';
    expect(refused).toMatchObject({ status: 'pending', lastStatus: null, lastError });
  }
});

test('When an event has not stood for the delay, then nobody is told yet', async () => {
  await t.service.worker.stop();
  await t.service.startWorker({ environment: { WEBHOOK_DELAY_MS: '600000' } });
  const { subscriptionId } = await mine(['enrollment.opened']);
  const { id } = await enroll();
  const tested = await sendTest(t.caller, subscriptionId);
  // What was made later, and need not stand, has been sent.
  expect((await receiver.until(path, 1)).map((one) => one.id)).toEqual([tested]);
  const [, waiting] = await untilLogged(t.caller, subscriptionId, (all) => isDelivered(all[0]!));
  expect(waiting).toMatchObject({ enrollmentId: id, status: 'pending', attempts: 0 });
  await t.db.query(
    `update webhook_delivery set made_at = made_at - interval '10 minutes' where attempts = 0`,
  );
  expect((await receiver.until(path, 2)).map((one) => one.id)).toEqual([tested, waiting!.deliveryId]);
});
