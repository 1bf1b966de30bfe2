import { openLatencyLog } from '../bench/measure/latencies';
import { sendAll, sendOneByOne } from '../bench/measure/openLoop';

const SEED = 7;

test('When percentiles are taken, then they are measured values, and failures are counted apart', () => {
  const log = openLatencyLog();
  for (let ms = 200; ms >= 1; ms -= 1) log.done(ms);
  log.failed('503 UNAVAILABLE');
  log.failed('503 UNAVAILABLE');

  expect(log.summary()).toEqual({ sent: 202, failed: 2, p50: 100, p95: 190, p99: 198, worst: 200 });
  expect(log.reasons).toEqual({ '503 UNAVAILABLE': 2 });
});

test('When a service is slow, then as many requests arrive as at a quick one, and their waits are counted whole', async () => {
  const quick = openLatencyLog();
  await sendAll([{ perSecond: 200, send: () => Promise.resolve(), log: quick }], 0.5, SEED);

  // Answers nobody before the last request has been sent: a closed loop would send one.
  const expected = quick.summary().sent;
  const slow = openLatencyLog();
  const waiting: (() => void)[] = [];
  const send = () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length === expected) for (const answer of waiting) answer();
    });
  await sendAll([{ perSecond: 200, send, log: slow }], 0.5, SEED);

  expect(expected).toBeGreaterThan(50);
  expect(slow.summary()).toMatchObject({ sent: expected, failed: 0 });
  // The first one waited for the last one: for nearly the half second in which all were sent.
  expect(slow.summary().worst).toBeGreaterThan(250);
});

test('When requests fail, then the rest is sent all the same', async () => {
  const log = openLatencyLog();
  let sent = 0;
  const send = () => {
    sent += 1;
    return sent % 2 === 0 ? Promise.reject(new Error('503 UNAVAILABLE')) : Promise.resolve();
  };
  await sendAll([{ perSecond: 200, send, log }], 0.3, SEED);

  expect(sent).toBeGreaterThan(20);
  expect(log.summary()).toMatchObject({ sent, failed: Math.floor(sent / 2) });
});

test('When requests are sent one at a time, then each goes out once the service is idle, and that wait is not counted', async () => {
  const log = openLatencyLog();
  const happened: string[] = [];
  const note = (what: string) => Promise.resolve(void happened.push(what));
  const untilIdle = async () => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    await note('idle');
  };
  await sendOneByOne({ send: () => note('sent'), log }, 2, untilIdle);

  expect(happened).toEqual(['idle', 'sent', 'idle', 'sent']);
  expect(log.summary()).toMatchObject({ sent: 2, failed: 0 });
  expect(log.summary().worst).toBeLessThan(200);
});
