/** Readiness: PostgreSQL or Temporal goes away and comes back, and both processes say so, in time, however often they are asked. */
import { eventually } from '../dev/apiClient';
import { createReadiness } from '../monitoring/readiness';
import { startCuttableProxy, type CuttableProxy } from './support/cuttableProxy';
import { scrape } from './support/prometheusText';
import { sharedServers } from './support/shared';
import { startTestService, type TestService } from './support/testService';

describe('the checks', () => {
  const never = () => new Promise(() => undefined);

  test('When many ask at once, then each check runs once', async () => {
    let runs = 0;
    const readiness = createReadiness(
      {
        database: async () => {
          runs += 1;
          return Promise.resolve();
        },
      },
      { timeoutMs: 1_000, keptMs: 60_000 },
    );
    const answers = await Promise.all(Array.from({ length: 50 }, readiness));
    expect(answers.at(-1)).toEqual({ ready: true, checks: { database: 'ok' } });
    expect(runs).toBe(1);
  });

  test('When a check hangs, then the answer comes in time, and the check is not started again', async () => {
    let runs = 0;
    const hangs = () => {
      runs += 1;
      return never();
    };
    const readiness = createReadiness(
      { database: hangs, temporal: () => undefined },
      { timeoutMs: 20, keptMs: 0 },
    );
    const expected = { ready: false, checks: { database: 'not answering', temporal: 'ok' } };
    for (let asked = 0; asked < 3; asked += 1) expect(await readiness()).toEqual(expected);
    expect(runs).toBe(1);
  });

  test('When a check fails and passes again, then the next answers say so', async () => {
    let isThere = false;
    const check = () => {
      if (!isThere) throw new Error('away');
    };
    const readiness = createReadiness({ database: check }, { timeoutMs: 1_000, keptMs: 0 });
    expect(await readiness()).toEqual({ ready: false, checks: { database: 'not answering' } });
    isThere = true;
    expect(await readiness()).toEqual({ ready: true, checks: { database: 'ok' } });
  });
});

describe('the processes', () => {
  let postgres: CuttableProxy;
  let temporal: CuttableProxy;
  let t: TestService;
  beforeAll(async () => {
    const servers = sharedServers();
    temporal = await startCuttableProxy(servers.temporalAddress);
    const adminUrl = new URL(servers.postgresAdminUrl);
    postgres = await startCuttableProxy(adminUrl.host);
    adminUrl.host = postgres.address;
    t = await startTestService({
      servers: { ...servers, temporalAddress: temporal.address, postgresAdminUrl: adminUrl.href },
    });
  });
  afterEach(() => {
    postgres?.restore();
    temporal?.restore();
  });
  afterAll(async () => {
    await t?.stop();
    await postgres?.stop();
    await temporal?.stop();
  });

  const SLOWEST_MS = 3_000;
  const ALL = { api: ['database', 'temporal'], worker: ['enrollments', 'payouts', 'database', 'temporal'] };

  async function ask(url: string): Promise<{ status: number; checks: Record<string, string> }> {
    const askedAt = performance.now();
    const response = await fetch(url);
    const checks = (await response.json()) as Record<string, string>;
    expect(performance.now() - askedAt).toBeLessThan(SLOWEST_MS);
    return { status: response.status, checks };
  }

  const adminPort = (name: 'api' | 'worker', path = '/readyz') =>
    `http://127.0.0.1:${name === 'api' ? t.plan.apiAdminPort : t.plan.workerAdminPort}${path}`;

  /** A busy machine may miss one answer of Temporal, so it is asked until what is away, and nothing else, is missed. */
  async function untilMissing(name: 'api' | 'worker', away: string[]): Promise<void> {
    const expected = Object.fromEntries(
      ALL[name].map((check) => [check, away.includes(check) ? 'not answering' : 'ok']),
    );
    const seen = await eventually(
      () => ask(adminPort(name)),
      ({ checks }) => Object.entries(expected).every(([check, answer]) => checks[check] === answer),
    );
    expect(seen).toEqual({ status: away.length === 0 ? 200 : 503, checks: expected });
  }

  test.each([
    ['PostgreSQL', 'is cut off', 'database'],
    ['PostgreSQL', 'hangs', 'database'],
    ['Temporal', 'is cut off', 'temporal'],
    ['Temporal', 'hangs', 'temporal'],
  ] as const)(
    'When %s %s, then both admin ports name it with 503, and are 200 when it is back',
    async (_, how, check) => {
      const proxy = check === 'database' ? postgres : temporal;
      for (const name of ['api', 'worker'] as const) await untilMissing(name, []);
      if (how === 'hangs') proxy.hang();
      else proxy.cut();
      for (const name of ['api', 'worker'] as const) {
        await untilMissing(name, [check]);
        expect((await fetch(adminPort(name, '/healthz'))).status).toBe(200);
      }
      // Callers are still served without Temporal: creates are accepted, reads go on.
      const publicReadiness = await eventually(
        () => ask(`${t.service.apiUrl}/readyz`),
        ({ checks }) => checks[check] === 'not answering',
      );
      expect(publicReadiness.status).toBe(check === 'database' ? 503 : 200);
      proxy.restore();
      for (const name of ['api', 'worker'] as const) await untilMissing(name, []);
    },
  );

  test.each(['is cut off', 'hangs'])(
    'When PostgreSQL %s, then metrics are answered all the same, and say how old their figures are',
    async (how) => {
      const age = { figures: 'backlog' };
      const before = await eventually(
        () => scrape(t.plan.workerAdminPort),
        (scraped) => scraped.value('pps_figures_age_seconds', age)! < 1,
      );
      expect(before.value('pps_outbox_pending', { kind: 'start' })).toBe(0);
      if (how === 'hangs') postgres.hang();
      else postgres.cut();
      const after = await eventually(
        async () => {
          const askedAt = performance.now();
          const scraped = await scrape(t.plan.workerAdminPort);
          // A scraper waits for 10 s.
          expect(performance.now() - askedAt).toBeLessThan(5_000);
          return scraped;
        },
        // Older than they are kept: PostgreSQL was asked again and did not answer.
        (scraped) => scraped.value('pps_figures_age_seconds', age)! > 12,
      );
      expect(after.value('pps_outbox_pending', { kind: 'start' })).toBe(0);
      expect((await scrape(t.plan.apiAdminPort)).value('pps_http_requests_in_flight')).toBe(0);
      postgres.restore();
      await eventually(
        () => scrape(t.plan.workerAdminPort),
        (scraped) => scraped.value('pps_figures_age_seconds', age)! < 5,
      );
    },
  );

  test('When the worker is told to stop while probes and scrapes go on, then it ends in order', async () => {
    await scrape(t.plan.workerAdminPort);
    const { worker } = t.service;
    const untilNobodyAnswers = async () => {
      for (;;) await Promise.all([ask(adminPort('worker')), fetch(adminPort('worker', '/metrics'))]);
    };
    const probes = expect(untilNobodyAnswers()).rejects.toThrow('fetch failed');
    await worker.stop();
    await probes;
    expect(await worker.ended).toBe('exit code 0');
    await expect(fetch(adminPort('worker', '/healthz'))).rejects.toThrow();
    await t.service.startWorker();
  });
});
