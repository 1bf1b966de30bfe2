// A real Temporal for development, demo and tests: the development server of the Temporal CLI, loopback only.
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { refuseInProduction } from './developmentOnly';
import { assertPortFree, freePort } from './ports';
import type { Report } from './progress';
import { stopPredecessor } from './runRecord';
import { startServerProcess } from './serverProcess';
import type { ServerProcess } from './serverProcess';
import { findTemporalBinary } from './temporalBinary';
import type { TemporalBinary } from './temporalBinary';
import { openTemporalFiles } from './temporalFiles';
import type { LastingFiles } from './temporalFiles';
import { startWatchdog } from './watchdog';

export interface TemporalOptions {
  /** An SQLite file that keeps everything over restarts. Without it: in memory. */
  databaseFile?: string;
  port: number;
  uiPort: number;
  /** The environment variables that set the ports: given, a taken port is an error that names its variable. */
  portVariables?: { port: string; uiPort: string };
  /** Exists once the server is ready. Default "default". */
  namespace?: string;
  report: Report;
}

export interface RunningTemporal {
  /** For example "127.0.0.1:7233". */
  address: string;
  uiUrl: string;
  /** Of the server, for example "1.31.2". */
  version: string;
  source: TemporalBinary['source'];
  pid: number;
  /** Ends the server and its watchdog, removes temporary files. May be called again. */
  stop: () => Promise<void>;
  /** For fault tests; does not wait. A database file stays. */
  kill: (signal: NodeJS.Signals) => void;
}

const STOP_SIGNALS = ['SIGTERM', 'SIGKILL'] as const;
const READY_MS = 60_000;

/** The development server's limits (2,400 requests/s of a namespace, for one) are below what two cores can do. */
const DYNAMIC_CONFIG = {
  'frontend.rps': 10_000,
  'frontend.namespaceRPS': 10_000,
  'frontend.namespaceCount': 5_000,
  'matching.rps': 10_000,
  'history.rps': 20_000,
  // Timers may fire a second late by default, which is days on a fast test clock.
  'history.timerProcessorMaxTimeShift': '"20ms"',
  // Operators of Temporal may have it: what it does to an enrollment is tested.
  'frontend.WorkflowPauseEnabled': true,
};

/** Measured: twice as many enrollments per second as with the default pragmas, and kill -9 loses nothing. */
const FILE_PRAGMAS = ['journal_mode=wal', 'synchronous=1'];

export async function startTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  refuseInProduction('Temporal server');
  const { port, uiPort, portVariables, namespace = 'default', report } = options;
  const files = await openTemporalFiles(options.databaseFile);
  const lasting = files.kind === 'lasting' ? files : undefined;
  const temporaryDirectory = files.kind === 'temporary' ? files.directory : undefined;
  const watchdog = startWatchdog({ temporaryDirectory, stopSignals: STOP_SIGNALS });
  let server: ServerProcess | undefined;
  async function cleanUp(): Promise<void> {
    await server?.stop();
    if (temporaryDirectory !== undefined) await rm(temporaryDirectory, { recursive: true, force: true });
    await watchdog.release();
  }

  try {
    if (lasting) await stopTemporalPredecessor(lasting, report);
    if (portVariables) {
      await assertPortFree(port, portVariables.port);
      await assertPortFree(uiPort, portVariables.uiPort);
    }
    const binary = await findTemporalBinary(report);
    const [httpPort, metricsPort] = await Promise.all([freePort(), freePort()]);
    server = await startServerProcess({
      name: 'Temporal',
      command: binary.path,
      args: serverArguments({
        port,
        uiPort,
        httpPort,
        metricsPort,
        namespace,
        databaseFile: lasting?.databaseFile,
      }),
      cwd: dirname(files.logFile),
      env: environmentWithoutTemporal(),
      logFile: files.logFile,
      recordFile: lasting?.recordFile,
      stopSignals: STOP_SIGNALS,
      watchdog,
    });
    const uiUrl = `http://127.0.0.1:${uiPort}`;
    const namespaceUrl = `http://127.0.0.1:${httpPort}/api/v1/namespaces/${encodeURIComponent(namespace)}`;
    // The HTTP API is part of the frontend: it answers for a namespace only if the whole server does.
    await server.readyWhen(async () => (await answers(namespaceUrl)) && (await answers(uiUrl)), READY_MS);
    const { pid, kill } = server;
    const { version, source } = binary;
    let stopping: Promise<void> | undefined;
    const stop = () => (stopping ??= cleanUp());
    return { address: `127.0.0.1:${port}`, uiUrl, version, source, pid, kill, stop };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

/** Stops the server that a crashed process of ours left on these files; throws if a living one uses them. */
export async function stopTemporalPredecessor(files: LastingFiles, report: Report): Promise<void> {
  await stopPredecessor(
    {
      name: 'Temporal',
      recordFile: files.recordFile,
      dataPath: files.databaseFile,
      stopSignals: STOP_SIGNALS,
    },
    report,
  );
}

function serverArguments(wanted: {
  port: number;
  uiPort: number;
  httpPort: number;
  metricsPort: number;
  namespace: string;
  databaseFile: string | undefined;
}): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'warn', '--ui-disable-news-fetch'],
    ...['--port', String(wanted.port), '--ui-port', String(wanted.uiPort)],
    ...['--http-port', String(wanted.httpPort), '--metrics-port', String(wanted.metricsPort)],
    ...['--namespace', wanted.namespace, '--disable-config-file', '--disable-config-env'],
    ...Object.entries(DYNAMIC_CONFIG).flatMap(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${value}`,
    ]),
    ...(wanted.databaseFile === undefined
      ? []
      : [
          ...['--db-filename', wanted.databaseFile],
          ...FILE_PRAGMAS.flatMap((pragma) => ['--sqlite-pragma', pragma]),
        ]),
  ];
}

/** Variables such as TEMPORAL_ADDRESS are for the user's own servers. */
function environmentWithoutTemporal(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

async function answers(url: string): Promise<true | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok ? true : undefined;
  } catch {
    return undefined; // not yet
  }
}
