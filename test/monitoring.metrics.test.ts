/** Metrics of API and worker, read from their admin ports as Prometheus does: what moves them, and that labels are closed sets. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { POLICY } from '../api/policy';
import { PROBLEM_CODES } from '../api/problemCodes';
import { createApiClient, eventually } from '../dev/apiClient';
import { environmentOf, type ServicePlan } from '../dev/service';
import { builtEntry, DEVELOPMENT_KEYS } from '../dev/settings';
import { readBacklog } from '../database/backlog';
import { ATTENTION } from '../program/attention';
import { REASONS } from '../program/reasonCodes';
import { STATUSES } from '../program/status';
import { scrape, type Scraped } from './support/prometheusText';
import { readSource } from './support/sources';
import { ADVERTISER, startTestService, type TestService } from './support/testService';

const PER_KEY = 150;
const PER_ADDRESS = 30;
const STRANGER = 'a-key-that-nobody-was-given';

let t: TestService;
let enrollmentId: string;
let stuckId: string;
/** After the story of beforeAll. */
let ofApi: Scraped;
let ofWorker: Scraped;

const api = () => scrape(t.plan.apiAdminPort);
const worker = () => scrape(t.plan.workerAdminPort);

beforeAll(async () => {
  t = await startTestService({
    environment: { REQUESTS_PER_MINUTE: String(PER_KEY), STRANGERS_PER_MINUTE: String(PER_ADDRESS) },
  });
  stuckId = await enroll();
  enrollmentId = await payOne();
  await stick(stuckId);
  await leaveUndone();
  ofApi = await api();
  // The payout shows before the task in which the workflow ends is done.
  ofWorker = await eventually(worker, (scraped) => scraped.value('temporal_workflow_completed_total') === 1);
});
afterAll(() => t?.stop());

/** The database is watched: each look at the API would be a request that is counted. */
async function untilInDatabase(sql: string, id: string): Promise<void> {
  await eventually(
    async () => (await t.db.query(sql, [id])).rowCount,
    (rows) => rows === 1,
  );
}

/** The first look at its advertiser fails. */
async function enroll(): Promise<string> {
  await t.fault({ target: 'advertiser_info', fault: 'server_error', times: 1, only: ADVERTISER });
  const { body } = await t.caller.post('/v1/enrollments', t.form());
  await untilInDatabase(
    `select from timeline_event where enrollment_id = $1 and event_type = 'advertiser_located'`,
    body.id,
  );
  return body.id;
}

async function payOne(): Promise<string> {
  const id = await enroll();
  const path = `/v1/enrollments/${id}`;
  const isStatus = (status: string) =>
    untilInDatabase(`select from enrollment where enrollment_id = $1 and status = '${status}'`, id);
  await t.partner.post(`${path}/partner-confirmation`, { advertiserId: ADVERTISER });
  await t.caller.post(`${path}/questionnaire`, { answers: t.answers });
  await t.advanceTo('2023-12-04T00:00:00Z');
  await isStatus('scheduled');
  await t.advanceTo('2023-12-16T00:00:00Z');
  await isStatus('paid');
  return id;
}

/** A worker takes it for not started, so that its wake-up fails again and again; and it needs attention. */
async function stick(id: string): Promise<void> {
  await t.db.query('update enrollment set started_at = null where enrollment_id = $1', [id]);
  await t.db.query(`delete from outbox where enrollment_id = $1`, [id]);
  await t.db.query(
    `insert into outbox (kind, enrollment_id, created_at) values ('wake', $1, now() - interval '1 hour')`,
    [id],
  );
  await t.db.query(`insert into attention (enrollment_id, reason, subject) values ($1, 'RUN_STOPPED', '')`, [
    id,
  ]);
  await untilInDatabase(
    'select from outbox where enrollment_id = $1 and attempts > 0 and last_error is not null',
    id,
  );
}

/** One item that is not due yet, and one of a file that has not arrived in full. */
async function leaveUndone(): Promise<void> {
  await t.db.query(
    `insert into batch (batch_id, kind, given_by, owner, message_id, state)
     values ('bat_left', 'deferrals', '{}', 'nobody', 'left', 'accepted'), ('bat_half', 'enrollments', '{}', 'nobody', 'half', 'receiving')`,
  );
  await t.db.query(
    `insert into batch_item (batch_id, position, content, status, due_at)
     values ('bat_left', 0, '{}', 'pending', now() + interval '1 day'), ('bat_left', 1, null, 'done', now()),
            ('bat_half', 0, '{}', 'pending', now() + interval '1 day')`,
  );
}

const count = (scraped: Scraped, name: string, labels?: Record<string, string>) =>
  scraped.value(name, labels) ?? 0;

describe('the API', () => {
  test('When a request is answered, then the counter and the duration of its operation move, and none is in flight', async () => {
    const before = await api();
    expect((await t.admin.get(`/v1/enrollments/${enrollmentId}`)).status).toBe(200);
    expect((await t.admin.get('/v1/enrollments/enr_unknown')).status).toBe(404);
    const after = await api();
    const operation = 'getEnrollment';
    for (const status of ['2xx', '4xx']) {
      const labels = { operation, status };
      const name = 'pps_http_requests_total';
      expect(count(after, name, labels) - count(before, name, labels)).toBe(1);
    }
    const durations = (scraped: Scraped) =>
      count(scraped, 'pps_http_request_duration_seconds_count', { operation });
    expect(durations(after) - durations(before)).toBe(2);
    expect(after.value('pps_http_request_duration_seconds_bucket', { operation, le: '+Inf' })).toBe(
      durations(after),
    );
    expect(after.value('pps_http_request_duration_seconds_sum', { operation })).toBeGreaterThan(0);
    expect(after.value('pps_http_requests_in_flight')).toBe(0);
    expect(
      count(after, 'pps_http_problems_total', { code: 'NOT_FOUND' }) -
        count(before, 'pps_http_problems_total', { code: 'NOT_FOUND' }),
    ).toBe(1);
  });

  test('When a request is under way, then it is in flight', async () => {
    const inFlight = () => api().then((scraped) => scraped.value('pps_http_requests_in_flight'));
    const blocker = await t.db.connect();
    await blocker.query('begin; lock table program_revision in access exclusive mode');
    try {
      const waiting = t.admin.get('/v1/programs');
      expect(await eventually(inFlight, (requests) => requests === 1)).toBe(1);
      await blocker.query('rollback');
      expect((await waiting).status).toBe(200);
    } finally {
      await blocker.query('rollback');
      blocker.release();
    }
    expect(await eventually(inFlight, (requests) => requests === 0)).toBe(0);
  });

  test('When paths are made up, then they share one label', async () => {
    const before = await api();
    const paths = Array.from({ length: 20 }, () => `/${randomUUID()}/v1/${randomUUID()}?q=${randomUUID()}`);
    for (const path of [...paths, '/metrics', '/v1/enrollments/a/b/c/d'])
      expect((await fetch(t.service.apiUrl + path)).status).toBe(404);
    expect((await fetch(`${t.service.apiUrl}/v1/enrollments`, { method: 'DELETE' })).status).toBe(404);
    const after = await api();
    const labels = { operation: 'unknown', status: '4xx' };
    expect(
      count(after, 'pps_http_requests_total', labels) - count(before, 'pps_http_requests_total', labels),
    ).toBe(23);
    const operations = (scraped: Scraped) =>
      new Set(scraped.samples.flatMap((sample) => sample.labels['operation'] ?? []));
    expect([...operations(after)].filter((each) => !operations(before).has(each))).toEqual(['unknown']);
  });

  test('When a write is answered again, then it counts as a replay of its operation', async () => {
    const [form, key] = [t.form(), randomUUID()];
    const before = await api();
    for (let sent = 0; sent < 3; sent += 1)
      expect((await t.caller.post('/v1/enrollments', form, key)).status).toBe(201);
    const name = 'pps_http_idempotent_replays_total';
    const labels = { operation: 'createEnrollment' };
    expect(count(await api(), name, labels) - count(before, name, labels)).toBe(2);
  });

  test('When a key, or an address without one, asks too often, then the metrics tell the two apart', async () => {
    const before = await api();
    const refusedOf = async (key: string, most: number) => {
      const client = createApiClient(t.service.apiUrl, key);
      const answers = await Promise.all(Array.from({ length: most + 5 }, () => client.get('/v1/programs')));
      return answers.filter(({ status }) => status === 429).length;
    };
    const [ofKey, ofAddress] = [
      await refusedOf('pps_dev_auditor_di', PER_KEY),
      await refusedOf(STRANGER, PER_ADDRESS),
    ];
    expect(ofKey).toBeGreaterThanOrEqual(5);
    expect(ofAddress).toBeGreaterThanOrEqual(5);
    const after = await api();
    const name = 'pps_http_rate_limited_total';
    const moved = (limit: string) => count(after, name, { limit }) - count(before, name, { limit });
    expect([moved('key'), moved('address')]).toEqual([ofKey, ofAddress]);
  });

  test('When a client goes away before it is answered, then its request counts as aborted and is in flight no more', async () => {
    const labels = { operation: 'listPrograms', status: 'aborted' };
    const blocker = await t.db.connect();
    await blocker.query('begin; lock table program_revision in access exclusive mode');
    try {
      const client = new AbortController();
      const asked = fetch(`${t.service.apiUrl}/v1/programs`, {
        headers: { authorization: 'Bearer pps_dev_admin_ana' },
        signal: client.signal,
      });
      await eventually(api, (scraped) => scraped.value('pps_http_requests_in_flight') === 1);
      client.abort();
      await expect(asked).rejects.toThrow();
      const after = await eventually(api, (scraped) => scraped.value('pps_http_requests_in_flight') === 0);
      expect(after.value('pps_http_requests_total', labels)).toBe(1);
    } finally {
      await blocker.query('rollback');
      blocker.release();
    }
  });

  test('When the process is asked about itself, then event loop, heap and database connections are there', () => {
    expect(ofApi.value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
    expect(ofApi.value('nodejs_heap_size_used_bytes')).toBeGreaterThan(1_000_000);
    expect(ofApi.value('pps_database_connections_open')).toBeGreaterThan(0);
    expect(ofApi.value('pps_database_connections_waiting')).toBe(0);
    expect(ofApi.value('pps_database_connections_limit')).toBe(10);
  });
});

describe('the worker', () => {
  test('When enrollments, payouts and entries of the attention list are there, then they are counted by status, state and reason', () => {
    expect(ofWorker.value('pps_enrollments', { status: 'paid' })).toBe(1);
    expect(ofWorker.value('pps_enrollments', { status: 'rejected' })).toBe(0);
    expect(ofWorker.value('pps_payouts', { state: 'paid' })).toBe(1);
    expect(ofWorker.value('pps_payouts', { state: 'unknown' })).toBe(0);
    expect(ofWorker.value('pps_attention_items', { reason: 'RUN_STOPPED' })).toBe(1);
    expect(ofWorker.value('pps_attention_items', { reason: 'PAYOUT_UNKNOWN' })).toBe(0);
  });

  test('When an outbox row fails again and again, then it is pending with its age, also between its attempts', () => {
    expect(ofWorker.value('pps_outbox_pending', { kind: 'wake' })).toBe(1);
    expect(ofWorker.value('pps_outbox_oldest_age_seconds', { kind: 'wake' })).toBeGreaterThan(3_600);
    expect(ofWorker.value('pps_outbox_oldest_age_seconds', { kind: 'start' })).toBe(0);
    const wakes = (outcome: string) =>
      ofWorker.value('pps_outbox_deliveries_total', { kind: 'wake', outcome });
    expect(wakes('delivered')).toBeGreaterThanOrEqual(2);
    expect(wakes('failed')).toBeGreaterThanOrEqual(1);
  });

  test('When items of a batch wait, then they are pending, but not while their file is still received', () => {
    expect(ofWorker.value('pps_batch_items_pending', { kind: 'deferrals' })).toBe(1);
    expect(ofWorker.value('pps_batch_items_pending', { kind: 'enrollments' })).toBe(0);
  });

  test('When webhooks wait, then those that are due and not sent are late, and a disabled subscription has none', async () => {
    const client = await t.db.connect();
    try {
      await client.query('begin');
      await client.query(
        `insert into webhook_subscription (subscription_id, audience, for_test_clocks, url, events, message_id, created_by, disabled_at, disabled_reason)
         values ('whk_on', 'all', false, 'https://a.example', '{enrollment.*}', 'on', '{}', null, null),
                ('whk_off', 'all', false, 'https://a.example', '{enrollment.*}', 'off', '{}', now(), 'GAVE_UP')`,
      );
      await client.query(
        `insert into webhook_delivery (delivery_id, subscription_id, event_type, body, due_at)
         values ('msg_1', 'whk_on', 'webhook.test', '', now() - interval '2 minutes'),
                ('msg_2', 'whk_on', 'webhook.test', '', now() - interval '1 second'),
                ('msg_3', 'whk_off', 'webhook.test', '', now() - interval '2 minutes')`,
      );
      // Not committed, so no worker takes them.
      const database = { transaction: (work: (db: typeof client) => unknown) => work(client) };
      expect((await readBacklog(database as never)).webhooks).toEqual({ late: 1, disabledSubscriptions: 1 });
    } finally {
      await client.query('rollback');
      client.release();
    }
    expect(ofWorker.value('pps_webhook_deliveries_late')).toBe(0);
    expect(ofWorker.value('pps_webhook_subscriptions_disabled')).toBe(0);
  });

  test('When figures were read a moment ago, then another scrape does not read them again', async () => {
    const age = () =>
      worker().then((scraped) => scraped.value('pps_figures_age_seconds', { figures: 'stock' })!);
    // If each scrape read them, they would never be older than some microseconds. Once in a minute they are read in between.
    const grown = await eventually(
      async () => {
        const first = await age();
        for (let scrapes = 0; scrapes < 10; scrapes += 1) await worker();
        return (await age()) - first;
      },
      (seconds) => seconds > 0.02,
    );
    expect(grown).toBeGreaterThan(0.02);
  });

  test('When activities have run, then the metrics of Temporal have them by name and outcome', () => {
    const succeeded = (activity_type: string) =>
      ofWorker.value('temporal_activity_succeed_endtoend_latency_seconds_count', { activity_type });
    // The enrollment that lacks facts was looked up once more on its calculation date.
    expect(succeeded('lookUpAdvertiser')).toBe(3);
    for (const name of ['measure', 'pay', 'settle']) expect([name, succeeded(name)]).toEqual([name, 1]);
    const failed = 'temporal_activity_execution_failed_total';
    expect(ofWorker.value(failed, { activity_type: 'lookUpAdvertiser' })).toBe(2);
    expect(ofWorker.value('temporal_workflow_completed_total')).toBe(1);
    expect(
      ofWorker.value('temporal_num_pollers', {
        poller_type: 'workflow_task',
        task_queue: t.plan.taskQueue,
      }),
    ).toBeGreaterThan(0);
  });
});

describe('labels', () => {
  const CLOSED: Record<string, readonly string[]> = {
    operation: [...Object.keys(POLICY), 'health', 'documentation', 'unknown'],
    status: ['2xx', '3xx', '4xx', '5xx', 'aborted', ...STATUSES],
    code: [...Object.keys(PROBLEM_CODES), ...Object.keys(REASONS)],
    limit: ['key', 'address'],
    kind: ['start', 'wake', 'enrollments', 'partner_confirmations', 'deferrals'],
    outcome: ['delivered', 'failed'],
    reason: Object.keys(ATTENTION),
    state: ['frozen', 'submitting', 'pending', 'unknown', 'paid', 'refused', 'void'],
    figures: ['backlog', 'stock'],
  };

  test('When a metric of ours has a label, then its values are of a closed set', async () => {
    for (const { samples } of [await api(), await worker()]) {
      const ours = samples.filter(({ name }) => name.startsWith('pps_'));
      expect(ours.length).toBeGreaterThan(20);
      const others = ours.flatMap(({ name, labels }) =>
        Object.entries(labels)
          .filter(([label, value]) => label !== 'le' && !CLOSED[label]?.includes(value))
          .map(([label, value]) => `${name} ${label}=${value}`),
      );
      expect(others).toEqual([]);
    }
  });

  test('When a metric is not ours, then its labels name no enrollment, run or worker', () => {
    const labels = [ofApi, ofWorker]
      .flatMap(({ samples }) => samples.filter(({ name }) => !name.startsWith('pps_')))
      .flatMap((sample) => Object.keys(sample.labels));
    const OF_ONE = ['workflow_id', 'run_id', 'activity_id', 'identity', 'worker_id', 'path', 'id'];
    expect(labels.filter((label) => OF_ONE.includes(label))).toEqual([]);
    expect(labels).toContain('activity_type');
  });

  test('When everything was in a story, then no personal data, id or secret of it is in the metrics', async () => {
    const form = t.form();
    const texts = [(await api()).text, (await worker()).text];
    const { password } = new URL(t.plan.databaseUrl);
    const secrets = [
      ...[form.contact.name, form.contact.email, form.brand.name, '.example', form.advertiserId],
      ...[enrollmentId, stuckId, t.programId, 'enrollment:', password, STRANGER, 'shop-app'],
      ...DEVELOPMENT_KEYS.map(({ key }) => key),
    ];
    expect(password.length).toBeGreaterThan(3);
    for (const secret of secrets)
      expect([secret, texts.map((text) => text.includes(secret))]).toEqual([secret, [false, false]]);
  });
});

describe('ports', () => {
  test('When the public port is asked for metrics, or the admin port for anything else, then it has nothing', async () => {
    expect((await fetch(`${t.service.apiUrl}/metrics`)).status).toBe(404);
    for (const port of [t.plan.apiAdminPort, t.plan.workerAdminPort]) {
      for (const path of ['/', '/v1/enrollments', '/openapi.json', '/docs']) {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
          headers: { authorization: 'Bearer pps_dev_admin_ana' },
        });
        expect([port, path, answer.status]).toEqual([port, path, 404]);
      }
    }
  });

  test('When no host is set, then the admin ports are on 127.0.0.1 and no other address', async () => {
    for (const port of [t.plan.apiAdminPort, t.plan.workerAdminPort]) {
      expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
      // Of this machine as well: whoever listens on all addresses answers here (where the system has it at all).
      await expect(fetch(`http://127.0.0.2:${port}/healthz`)).rejects.toThrow('fetch failed');
    }
  });

  test.each([
    ['api', 'API_ADMIN_PORT'],
    ['worker', 'WORKER_ADMIN_PORT'],
  ] as const)(
    'When the admin port of the %s is taken, then it ends with 1 and names %s',
    async (name, variable) => {
      const taken = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => taken.once('listening', resolve));
      const { port } = taken.address() as AddressInfo;
      const plan: ServicePlan = { ...t.plan, apiPort: 0, apiAdminPort: port, workerAdminPort: port };
      const ended = await new Promise<{ code: unknown; output: string }>((resolve) =>
        execFile(
          process.execPath,
          [join(builtEntry(), name, 'main.js')],
          { env: { ...environmentOf(plan), TASK_QUEUE: `${t.plan.taskQueue}-unused` } },
          (error, stdout, stderr) => resolve({ code: error?.code, output: stdout + stderr }),
        ),
      );
      await new Promise((resolve) => taken.close(resolve));
      expect(ended.output).toContain(`Port ${port} is taken. Set ${variable} to another one.`);
      expect(ended.code).toBe(1);
    },
  );
});

describe('docs/operating.md', () => {
  const table = /## What to watch\n([\s\S]*?)\n## /.exec(readSource('docs/operating.md'))![1]!;
  const documented = [...table.matchAll(/`((?:pps|nodejs|process|temporal)_[a-z0-9_]+)[`{]/g)].map(
    ([, name]) => name!,
  );

  test('When a metric is ours, then docs/operating.md says what it means', () => {
    const served = [ofApi, ofWorker].flatMap(({ types }) => [...types.keys()]);
    const ours = new Set(served.filter((name) => name.startsWith('pps_')));
    expect(ours.size).toBeGreaterThan(10);
    expect([...ours].filter((name) => !documented.includes(name))).toEqual([]);
  });

  test('When docs/operating.md names a metric, then a process has it', () => {
    const served = [ofApi, ofWorker].flatMap(({ types }) => [...types.keys()]);
    expect(documented.length).toBeGreaterThan(15);
    expect(documented.filter((name) => !served.includes(name))).toEqual([]);
  });
});
