/**
 * `npm start`: the whole service on this machine until Ctrl-C, with its data kept under .data/ (`-- --fresh` empties it).
 * DATABASE_URL with DATABASE_ADMIN_URL, and TEMPORAL_ADDRESS, name existing servers instead of own ones.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createDatabase } from '../database/pool';
import { readClock } from '../database/programs';
import { admitApplication, migrate } from '../database/setup';
import { initialClock, type ProgramClock } from '../program/clock';
import { parseDefinition } from '../program/parseDefinition';
import type { TemporalSettings } from '../settings/settings';
import { scheduleComparison } from '../temporal/schedule';
import { prepareNamespace } from '../temporal/setup';
import { claimData } from './dataVersion';
import { prepareDatabase, publish, type PreparedDatabase } from './database';
import { printGuide } from './guide';
import { startSandbox } from './sandbox/server';
import { startService, type Service } from './service';
import { definitionFile } from './settings';
import { refuseInProduction } from './stack/developmentOnly';
import { emptyPostgresData, emptyTemporalData } from './stack/emptyData';
import { assertPortFree } from './stack/ports';
import { startPostgres } from './stack/postgres';
import { projectRoot } from './stack/projectRoot';
import { startTemporal } from './stack/temporal';

const DATA = join(projectRoot(), '.data');
const POSTGRES_DATA = join(DATA, 'postgres');
const TEMPORAL_FILE = join(DATA, 'temporal', 'temporal.db');
const SANDBOX_FILE = join(DATA, 'sandbox.json');
const PROGRAM = 'pps-demo';
const RETENTION_DAYS = 90;

const environment = process.env;
const report = (line: string) => console.log(line);
/** What was started, to be stopped in reverse order. */
const started: (() => Promise<unknown>)[] = [];

async function main(): Promise<void> {
  refuseInProduction('service');
  let fail: (error: unknown) => void = () => undefined;
  const end = new Promise<void>((resolve, reject) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
    fail = reject;
  });
  try {
    await Promise.race([bringUp(fail), end]);
    await end;
    console.log('\nStopping; the data stay in .data/');
  } finally {
    for (const stop of started.splice(0).reverse()) await stop();
  }
}

/** `fail` ends everything later, when a process cannot be kept up. */
async function bringUp(fail: (error: unknown) => void): Promise<void> {
  const isFresh = parseArgs({ options: { fresh: { type: 'boolean' } } }).values.fresh === true;
  if (isFresh) await emptyData();
  await mkdir(join(DATA, 'temporal'), { recursive: true });
  if (!environment['DATABASE_URL']) await claimData(DATA, !isFresh && existsSync(POSTGRES_DATA));
  const ports = {
    api: portOf('API_PORT', 8080),
    apiAdmin: portOf('API_ADMIN_PORT', 8090),
    workerAdmin: portOf('WORKER_ADMIN_PORT', 8091),
    sandbox: portOf('SANDBOX_PORT', 4010),
  };
  await assertPortFree(ports.api, 'API_PORT');
  await assertPortFree(ports.apiAdmin, 'API_ADMIN_PORT');
  await assertPortFree(ports.workerAdmin, 'WORKER_ADMIN_PORT');
  await assertPortFree(ports.sandbox, 'SANDBOX_PORT');

  const [database, temporal] = await Promise.all([bringUpPostgres(), bringUpTemporal()]);
  await scheduleComparison(temporal, { scheduleId: 'comparison', everyMinutes: 5 });
  const sandbox = await startSandbox({ port: ports.sandbox, stateFile: SANDBOX_FILE });
  started.push(() => sandbox.stop());

  const definition = parseDefinition(JSON.parse(await readFile(definitionFile(PROGRAM), 'utf8')));
  await publish(database.databaseUrl, definition, initialClock(definition.testClock, Date.now()));
  const service = await startService({
    databaseUrl: database.databaseUrl,
    temporalAddress: temporal.address,
    temporalUiUrl: temporal.uiUrl,
    temporalNamespace: temporal.namespace,
    temporalTls: temporal.tls,
    temporalApiKey: temporal.apiKey,
    taskQueue: temporal.taskQueue,
    sandboxUrl: sandbox.url,
    apiPort: ports.api,
    apiAdminPort: ports.apiAdmin,
    workerAdminPort: ports.workerAdmin,
    logDirectory: join(DATA, 'log'),
  });
  let stopping = false;
  started.push(() => {
    stopping = true;
    return service.stop();
  });
  for (const name of ['api', 'worker'] as const) {
    keepUp(service, name, () => stopping).catch(fail);
  }
  printGuide({
    apiUrl: service.apiUrl,
    adminPorts: [ports.apiAdmin, ports.workerAdmin],
    temporalUiUrl: temporal.uiUrl,
    sandboxUrl: sandbox.url,
    logDirectory: join(DATA, 'log'),
    databaseUrl: environment['DATABASE_URL'] ? undefined : database.databaseUrl,
    definition,
    clock: await clockOf(database.databaseUrl, definition.id),
  });
}

/** As it is now: kept data may have been advanced before. */
async function clockOf(databaseUrl: string, programId: string): Promise<ProgramClock | undefined> {
  const database = createDatabase({ connectionString: databaseUrl, maximumConnections: 1 });
  try {
    return await readClock(database.pool, programId);
  } finally {
    await database.close();
  }
}

/** Starts a process again that ends by itself: nothing that was acknowledged is lost by that. */
async function keepUp(service: Service, name: 'api' | 'worker', isStopping: () => boolean): Promise<void> {
  for (;;) {
    const how = await service[name].ended;
    if (isStopping()) return;
    report(`The ${name} has ended (${how}; .data/log/${name}.log.old tells more). Starting it again.`);
    await (name === 'api' ? service.startApi() : service.startWorker());
    report(`The ${name} is up again.`);
  }
}

async function bringUpPostgres(): Promise<PreparedDatabase> {
  const { DATABASE_URL: databaseUrl, DATABASE_ADMIN_URL: databaseAdminUrl } = environment;
  if (databaseUrl && databaseAdminUrl) {
    await migrate(databaseAdminUrl);
    await admitApplication(databaseAdminUrl, databaseUrl);
    return { databaseUrl, databaseAdminUrl };
  }
  if (databaseUrl || databaseAdminUrl) {
    throw new Error(
      'Set both DATABASE_URL (the application) and DATABASE_ADMIN_URL (migrations), or neither.',
    );
  }
  const postgres = await startPostgres({
    dataDirectory: POSTGRES_DATA,
    port: portOf('POSTGRES_PORT', 5433),
    portVariable: 'POSTGRES_PORT',
    report,
  });
  started.push(() => postgres.stop());
  report(`PostgreSQL ${postgres.version} (${postgres.source}) ready`);
  return prepareDatabase(postgres.adminUrl, 'pps');
}

interface ReachableTemporal extends TemporalSettings {
  uiUrl: string;
}

async function bringUpTemporal(): Promise<ReachableTemporal> {
  const namespace = environment['TEMPORAL_NAMESPACE'] || 'default';
  const taskQueue = environment['TASK_QUEUE'] || 'enrollments';
  const given = environment['TEMPORAL_ADDRESS'];
  if (given) {
    const apiKey = environment['TEMPORAL_API_KEY'] || undefined;
    const tls = environment['TEMPORAL_TLS'] === 'true' || apiKey !== undefined;
    const temporal = { address: given, namespace, tls, apiKey, taskQueue };
    // Somebody else's namespace: its retention is theirs to set (deploy/setup does it when asked).
    await prepareNamespace(temporal, null);
    return { ...temporal, uiUrl: environment['TEMPORAL_UI_URL'] || 'http://127.0.0.1:8233' };
  }
  const temporal = await startTemporal({
    databaseFile: TEMPORAL_FILE,
    port: portOf('TEMPORAL_PORT', 7233),
    uiPort: portOf('TEMPORAL_UI_PORT', 8233),
    portVariables: { port: 'TEMPORAL_PORT', uiPort: 'TEMPORAL_UI_PORT' },
    namespace,
    report,
  });
  started.push(() => temporal.stop());
  report(`Temporal ${temporal.version} (${temporal.source}) ready`);
  const reachable = { address: temporal.address, namespace, tls: false, apiKey: undefined, taskQueue };
  await prepareNamespace(reachable, RETENTION_DAYS);
  return { ...reachable, uiUrl: temporal.uiUrl };
}

async function emptyData(): Promise<void> {
  for (const variable of ['DATABASE_URL', 'DATABASE_ADMIN_URL', 'TEMPORAL_ADDRESS']) {
    if (environment[variable]) {
      throw new Error(
        `--fresh empties .data/ only, and ${variable} names another system: unset it, or leave --fresh out.`,
      );
    }
  }
  await emptyPostgresData(POSTGRES_DATA, report);
  await emptyTemporalData(TEMPORAL_FILE, report);
  await rm(SANDBOX_FILE, { force: true });
  await rm(join(DATA, 'log'), { recursive: true, force: true });
}

function portOf(variable: string, fallback: number): number {
  const text = environment[variable] || String(fallback);
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`${variable} must be a port number from 1 to 65535, not "${text}".`);
  }
  return port;
}

main().then(
  // What was still starting when Ctrl-C came is ended by its watchdog.
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
