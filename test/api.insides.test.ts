/** The database refuses or is away: answers say that it will pass, and never show the insides; health goes on. */
import { randomUUID } from 'node:crypto';
import { eventually } from '../dev/apiClient';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
let role: string;
beforeAll(async () => {
  t = await startTestService();
  role = new URL(t.plan.databaseUrl).username;
});
afterAll(() => t?.stop());

const INSIDES =
  /select|insert|timeline_event|submission|permission|denied|pps_|postgres|\.[jt]s:\d|at async|127\.0\.0\.1/i;

function expectInternal(answer: { status: number; headers: Headers; body: object }): void {
  const { title, detail, code, requestId } = answer.body as Record<string, string>;
  expect([answer.status, code]).toEqual([500, 'INTERNAL']);
  expect(requestId).toBe(answer.headers.get('x-request-id'));
  expect(`${title} ${detail}`).not.toMatch(INSIDES);
  expect(Object.keys(answer.body).sort()).toEqual(['code', 'detail', 'requestId', 'status', 'title', 'type']);
}

test('When a read fails inside, then the answer is a generic problem with the id of the request', async () => {
  const { body } = await t.caller.post('/v1/enrollments', t.form());
  await t.db.query('revoke select on timeline_event from pps_app');
  try {
    expectInternal(await t.caller.get(`/v1/enrollments/${body.id}/timeline`));
  } finally {
    await t.db.query('grant select on timeline_event to pps_app');
  }
  expect((await t.caller.get(`/v1/enrollments/${body.id}/timeline`)).status).toBe(200);
});

test('When a write fails inside, then nothing of it is kept, and the same request succeeds later', async () => {
  const [form, key] = [t.form(), randomUUID()];
  await t.db.query('revoke insert on submission from pps_app');
  try {
    expectInternal(await t.caller.post('/v1/enrollments', form, key));
    expectInternal(await t.caller.post('/v1/enrollments', form, key));
  } finally {
    await t.db.query('grant insert on submission to pps_app');
  }
  const { rowCount } = await t.db.query('select from enrollment where brand_key = $1', [
    new URL(form.brand.storeUrl).host,
  ]);
  expect(rowCount).toBe(0);
  expect((await t.caller.post('/v1/enrollments', form, key)).status).toBe(201);
});

test('When an answer cannot be kept, then the write stands and its retry finds it', async () => {
  const [form, key] = [t.form(), randomUUID()];
  await t.db.query(
    `create function refuse_answer() returns trigger language plpgsql as $$ begin raise 'full'; end $$;
     create trigger refuse_answer before update of response_status on idempotency_key
       for each row execute function refuse_answer()`,
  );
  const first = await t.caller.post('/v1/enrollments', form, key);
  await t.db.query('drop function refuse_answer cascade');
  expect(first.status).toBe(201);
  await t.db.query('update idempotency_key set leased_until = now() where key = $1', [key]);
  const retry = await t.caller.post('/v1/enrollments', form, key);
  expect(retry).toMatchObject({ status: 201, body: { id: first.body.id } });
});

test('When the database lets nobody in, then answers are 503 with a time to come again, health goes on, and all recovers', async () => {
  const { body } = await t.caller.post('/v1/enrollments', t.form());
  const health = async (path: string) => {
    const response = await fetch(t.service.apiUrl + path);
    return [response.status, await response.json()];
  };
  // Readiness gives Temporal less than a second to answer, which a busy machine may use up, and its answer is kept for one.
  const untilReadyIs = async (status: number, database: string) => {
    const seen = await eventually(
      () => health('/readyz'),
      ([, checks]) => {
        const seen = checks as { database: string; temporal: string };
        return seen.temporal === 'ok' && seen.database === database;
      },
    );
    expect(seen).toEqual([status, { database, temporal: 'ok' }]);
  };
  await untilReadyIs(200, 'ok');

  await t.db.query(`alter role ${role} connection limit 0`);
  await t.db.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [role]);
  try {
    for (const answer of [
      await t.caller.get(`/v1/enrollments/${body.id}`),
      await t.caller.post('/v1/enrollments', t.form()),
    ]) {
      expect(answer).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(answer.body.detail).not.toMatch(INSIDES);
    }
    expect(await health('/healthz')).toEqual([200, { status: 'ok' }]);
    await untilReadyIs(503, 'not answering');
  } finally {
    await t.db.query(`alter role ${role} connection limit -1`);
  }
  const read = () => t.caller.get(`/v1/enrollments/${body.id}`);
  await eventually(read, ({ status }) => status === 200);
  await untilReadyIs(200, 'ok');
});
