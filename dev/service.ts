/** The service's own processes, API and worker, as they run in production: built code, settings by environment. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SANDBOX_ACCESS_TOKEN } from './sandbox/server';
import { builtEntry, DEVELOPMENT_KEYS, DEVELOPMENT_PARTNER_KEY_SECRETS } from './settings';
import { freePort } from './stack/ports';
import { startServerProcess, type ServerProcess } from './stack/serverProcess';
import { startWatchdog } from './stack/watchdog';

export interface ServicePlan {
  databaseUrl: string;
  temporalAddress: string;
  temporalUiUrl: string;
  temporalNamespace: string;
  temporalTls?: boolean;
  temporalApiKey?: string | undefined;
  taskQueue: string;
  sandboxUrl: string;
  apiPort: number;
  apiAdminPort: number;
  workerAdminPort: number;
  /** api.log and worker.log are written there. */
  logDirectory: string;
  /** More variables, for instance to make waits shorter. */
  environment?: Record<string, string>;
}

export interface RunningProcess {
  pid: number;
  /** Resolves when it has ended, whoever ended it, with the way in which it did. */
  ended: Promise<string>;
  /** For fault tests; resolves when it has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Drains it. */
  stop(): Promise<void>;
}

/** A worker that is not today's build with the plan's variables: what changes from release to release. */
export interface Release {
  /** Directory of the compiled rooms; dist/ if none is named. */
  build?: string;
  environment?: Record<string, string>;
}

export interface Service {
  apiUrl: string;
  api: RunningProcess;
  worker: RunningProcess;
  startApi(): Promise<void>;
  startWorker(release?: Release): Promise<void>;
  stop(): Promise<void>;
}

const READY_MS = 60_000;

/** Ports for one more, on 127.0.0.1. */
export async function freeServicePorts(): Promise<
  Pick<ServicePlan, 'apiPort' | 'apiAdminPort' | 'workerAdminPort'>
> {
  return { apiPort: await freePort(), apiAdminPort: await freePort(), workerAdminPort: await freePort() };
}

export async function startService(plan: ServicePlan): Promise<Service> {
  await mkdir(plan.logDirectory, { recursive: true });
  const apiUrl = `http://127.0.0.1:${plan.apiPort}`;
  const start = async (
    name: 'api' | 'worker',
    isReady: () => Promise<boolean>,
    { build = builtEntry(), environment }: Release = {},
  ): Promise<RunningProcess> => {
    const watchdog = startWatchdog({ temporaryDirectory: undefined, stopSignals: ['SIGTERM', 'SIGKILL'] });
    const server: ServerProcess = await startServerProcess({
      name,
      command: process.execPath,
      args: ['--enable-source-maps', join(build, name, 'main.js')],
      cwd: plan.logDirectory,
      env: { ...environmentOf(plan), ...environment },
      logFile: join(plan.logDirectory, `${name}.log`),
      stopSignals: ['SIGTERM', 'SIGKILL'],
      watchdog,
    });
    const stop = async () => {
      await server.stop();
      await watchdog.release();
    };
    try {
      await server.readyWhen(async () => ((await isReady()) ? true : undefined), READY_MS);
    } catch (error) {
      await stop();
      throw error;
    }
    return {
      pid: server.pid,
      ended: server.ended,
      async kill(signal) {
        server.kill(signal);
        await stop();
      },
      stop,
    };
  };
  const startApi = () => start('api', () => answers(`${apiUrl}/healthz`));
  const startWorker = (release?: Release) =>
    start('worker', () => answers(`http://127.0.0.1:${plan.workerAdminPort}/readyz`), release);

  const [api, worker] = await Promise.all([startApi(), startWorker()]);
  const service: Service = {
    apiUrl,
    api,
    worker,
    async startApi() {
      service.api = await startApi();
    },
    async startWorker(release) {
      service.worker = await startWorker(release);
    },
    async stop() {
      await service.api.stop();
      await service.worker.stop();
    },
  };
  return service;
}

/** With what the plan's processes are started. */
export function environmentOf(plan: ServicePlan): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    NODE_ENV: 'development',
    LOG_LEVEL: 'info',
    DATABASE_URL: plan.databaseUrl,
    TEMPORAL_ADDRESS: plan.temporalAddress,
    TEMPORAL_NAMESPACE: plan.temporalNamespace,
    TEMPORAL_UI_URL: plan.temporalUiUrl,
    TEMPORAL_TLS: plan.temporalTls === true ? 'true' : 'false',
    ...(plan.temporalApiKey !== undefined && { TEMPORAL_API_KEY: plan.temporalApiKey }),
    TASK_QUEUE: plan.taskQueue,
    API_PORT: String(plan.apiPort),
    API_ADMIN_PORT: String(plan.apiAdminPort),
    WORKER_ADMIN_PORT: String(plan.workerAdminPort),
    API_KEYS: JSON.stringify(DEVELOPMENT_KEYS),
    PARTNER_KEY_SECRETS: JSON.stringify(DEVELOPMENT_PARTNER_KEY_SECRETS),
    TIKTOK_BASE_URL: `${plan.sandboxUrl}/open_api/v1.3`,
    TIKTOK_ACCESS_TOKEN: SANDBOX_ACCESS_TOKEN,
    FAIRING_BASE_URL: `${plan.sandboxUrl}/fairing`,
    SANDBOX_RAIL_URL: `${plan.sandboxUrl}/rail`,
    OUTBOX_POLL_MS: '200',
    WEBHOOK_DELAY_MS: '1000',
    WORKER_GRACE_MS: '5000',
    ...plan.environment,
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
