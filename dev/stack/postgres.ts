// A real PostgreSQL for development, demo and tests: loopback only, a random password, never in production.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { refuseInProduction } from './developmentOnly';
import { assertPortFree } from './ports';
import { postgresBinaries } from './postgresBinaries';
import type { PostgresBinaries } from './postgresBinaries';
import { SUPERUSER, ensureCluster, environmentWithoutPostgres } from './postgresCluster';
import { openLastingHome, openTemporaryHome } from './postgresHome';
import type { PostgresHome } from './postgresHome';
import type { Report } from './progress';
import { stopPredecessor } from './runRecord';
import { ServerEnded, startServerProcess } from './serverProcess';
import type { ServerProcess } from './serverProcess';
import { startWatchdog } from './watchdog';
import type { Watchdog } from './watchdog';

export interface PostgresOptions {
  /** Kept over restarts. Without it: a temporary directory, removed by stop(). */
  dataDirectory?: string;
  port: number;
  /** The environment variable that sets the port: given, a taken port is an error that names it. */
  portVariable?: string;
  /** false: no fsync, for tests that need no durability. Default true: what is acknowledged survives kill -9. */
  durable?: boolean;
  report: Report;
}

export interface RunningPostgres {
  /** Of the superuser, database `postgres`. */
  adminUrl: string;
  /** For example "18.4". */
  version: string;
  source: 'embedded';
  /** Of the postmaster. */
  pid: number;
  /** Disconnects everybody, ends the server and its watchdog, removes a temporary directory. May be called again. */
  stop: () => Promise<void>;
  /** For fault tests; does not wait. The data stay, also of a temporary server, until stop(). */
  kill: (signal: NodeJS.Signals) => void;
}

/** Fast shutdown, then immediate shutdown. On Windows every signal is a hard kill, and the next start recovers. */
const STOP_SIGNALS = ['SIGINT', 'SIGQUIT'] as const;
const READY_MS = 60_000;
/** After kill -9 of the postmaster its children end one after the other; until then PostgreSQL refuses the data. */
const ORPHANS_END_MS = 20_000;
const ORPHANS_STILL_THERE = /pre-existing shared memory block|lock file ".*postmaster\.pid" already exists/;

export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  refuseInProduction('PostgreSQL');
  const { dataDirectory, port, portVariable, durable = true, report } = options;
  const home =
    dataDirectory === undefined ? await openTemporaryHome() : await openLastingHome(dataDirectory, report);
  const watchdog = startWatchdog({
    temporaryDirectory: home.isTemporary ? home.directory : undefined,
    stopSignals: STOP_SIGNALS,
  });
  let server: ServerProcess | undefined;
  async function cleanUp(): Promise<void> {
    await server?.stop();
    if (home.isTemporary) {
      await rm(home.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    }
    await watchdog.release();
  }

  try {
    await stopPostgresPredecessor(home, report);
    if (portVariable !== undefined) await assertPortFree(port, portVariable);
    const binaries = await postgresBinaries(home.user, report);
    const password = await ensureCluster(home, binaries, durable, watchdog, report);
    const adminUrl = `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`;
    const start = () => startServerProcess(serverPlan(home, binaries, port, durable, watchdog));
    const version = await untilOrphansHaveEnded(async () => {
      server = await start();
      return server.readyWhen(() => askVersion(adminUrl), READY_MS);
    });
    const { pid, kill } = server as unknown as ServerProcess;
    let stopping: Promise<void> | undefined;
    return { adminUrl, version, source: 'embedded', pid, kill, stop: () => (stopping ??= cleanUp()) };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

/** Stops the PostgreSQL that a crashed process of ours left on this home; throws if a living one uses it. */
export async function stopPostgresPredecessor(
  { cluster, recordFile }: Pick<PostgresHome, 'cluster' | 'recordFile'>,
  report: Report,
): Promise<void> {
  const lockFile = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(lockFile.split('\n')[0]);
  await stopPredecessor(
    {
      name: 'PostgreSQL',
      recordFile,
      otherPids: pid > 1 ? [pid] : [],
      dataPath: cluster,
      stopSignals: STOP_SIGNALS,
    },
    report,
  );
}

function serverPlan(
  home: PostgresHome,
  binaries: PostgresBinaries,
  port: number,
  durable: boolean,
  watchdog: Watchdog,
) {
  const onOff = durable ? 'on' : 'off';
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    fsync: onOff,
    synchronous_commit: onOff,
    full_page_writes: onOff,
    timezone: 'UTC',
    log_timezone: 'UTC',
  };
  return {
    name: 'PostgreSQL',
    command: binaries.postgres,
    args: [
      '-D',
      home.cluster,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    cwd: home.directory,
    env: environmentWithoutPostgres(),
    user: home.user,
    logFile: home.logFile,
    recordFile: home.isTemporary ? undefined : home.recordFile,
    stopSignals: STOP_SIGNALS,
    watchdog,
  };
}

async function untilOrphansHaveEnded<T>(attempt: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + ORPHANS_END_MS; ; await sleep(250)) {
    try {
      return await attempt();
    } catch (error) {
      const mayPass = error instanceof ServerEnded && ORPHANS_STILL_THERE.test(error.log);
      if (!mayPass || Date.now() > deadline) throw error;
    }
  }
}

async function askVersion(url: string): Promise<string | undefined> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined); // a connection lost while starting: asked again
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version.split(' ')[0];
  } catch {
    return undefined; // not yet; if it never comes, the log of the server says why
  } finally {
    await client.end().catch(() => undefined);
  }
}
