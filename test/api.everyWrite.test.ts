/**
 * Every write, whatever it is about, is done once: when it is sent 50 times at the same moment, and when PostgreSQL does it
 * and the answer is lost, at each step. Files that are sent (test/import.test.ts) and webhooks that come in
 * (test/webhooks.partners.test.ts) have keys of their own kind.
 */
import { randomUUID } from 'node:crypto';
import { isSigned } from '../api/policy';
import { ROUTES } from '../api/routes';
import { eventually } from '../dev/apiClient';
import { untilAnswered } from './support/comeAgain';
import { startLossyPostgres, type LossyPostgres } from './support/lossyPostgres';
import { sharedServers } from './support/shared';
import { startTestService, type TestService } from './support/testService';
import { writesOf, type Ask, type Write } from './support/writes';

const AT_ONCE = 50;
/** More than any write has statements. */
const MOST_STEPS = 40;
/** Computes and writes nothing: the same request is the same answer without anybody keeping it. */
const PURE = 'POST /v1/programs/{programId}/estimate';
const WRITES = ROUTES.filter(
  ({ method, handle, operationId }) => method === 'post' && handle && !isSigned(operationId),
)
  .map(({ path }) => `POST ${path}`)
  .filter((route) => route !== PURE);

let postgres: LossyPostgres;
let t: TestService;
let writes: Write[];
beforeAll(async () => {
  const servers = sharedServers();
  const adminUrl = new URL(servers.postgresAdminUrl);
  postgres = await startLossyPostgres(adminUrl.host);
  adminUrl.host = postgres.address;
  t = await startTestService({ servers: { ...servers, postgresAdminUrl: adminUrl.href } });
  writes = await writesOf(t, MOST_STEPS);
});
afterAll(async () => {
  await t?.stop();
  await postgres?.stop();
});

const writeOf = (route: string) => writes.find((write) => write.route === route)!;
const send = ({ by, path, body }: Ask, key: string) => by.post<Record<string, unknown>>(path, body, key);

/** Without what is told once. */
function kept({ key: _key, secret: _secret, ...answer }: Record<string, unknown>) {
  return answer;
}

test('When a write is added, then it has a line in the table of this test', () => {
  expect(writes.map(({ route }) => route).sort()).toEqual([...WRITES].sort());
});

test.each(WRITES)(
  'When 50 equal requests %s come at once, then it is done once and all get one answer',
  async (route) => {
    const write = writeOf(route);
    const ask = await write.prepare();
    const before = await ask.count();
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, () => untilAnswered(() => send(ask, key))),
    );
    const done = answers.filter(({ headers }) => headers.get('idempotency-replayed') === null);
    expect(done).toHaveLength(1);
    for (const answer of answers)
      expect([answer.status, kept(answer.body)]).toEqual([write.status, kept(done[0]!.body)]);
    expect((await ask.count()) - before).toBe(1);
  },
);

test.each(WRITES)(
  'When PostgreSQL does what a statement of %s says and its answer is lost, then an equal request does the rest, at each step',
  async (route) => {
    const write = writeOf(route);
    let step = 1;
    for (; step < MOST_STEPS; step += 1) {
      const ask = await write.prepare();
      const before = await ask.count();
      const key = randomUUID();
      const wasLost = postgres.loseAnswer(key, step);
      const first = await send(ask, key);
      if (!wasLost()) break;
      expect([step, [write.status, 503]]).toEqual([step, expect.arrayContaining([first.status]) as number[]]);
      // Half a minute later: nobody is at work on it any more.
      await t.db.query('update idempotency_key set leased_until = now() where key = $1', [key]);
      const retry = await untilAnswered(() => send(ask, key));
      expect([step, retry.status]).toEqual([step, write.status]);
      expect(retry.body).toMatchObject(ask.answer ?? {});
      const count = await eventually(
        () => ask.count(),
        (found) => found > before,
      );
      expect([step, count - before]).toEqual([step, 1]);
    }
    expect(step).toBeGreaterThan(5);
  },
);
