/**
 * The servers that demo and tests run on: throw-away ones, unless TEST_DATABASE_ADMIN_URL and TEST_TEMPORAL_ADDRESS name
 * others. The variables of a real system (DATABASE_URL, TEMPORAL_ADDRESS) are ignored, so that it can never be touched.
 */
import { Client } from 'pg';
import { prepareNamespace } from '../temporal/setup';
import { freePort } from './stack/ports';
import { startPostgres } from './stack/postgres';
import type { Report } from './stack/progress';
import { ServerEnded } from './stack/serverProcess';
import { startTemporal } from './stack/temporal';

export interface Servers {
  /** Of the superuser of PostgreSQL. */
  postgresAdminUrl: string;
  temporalAddress: string;
  temporalUiUrl: string;
  /** One line about each. */
  description: string;
  stop(): Promise<void>;
}

export const NAMESPACE = 'default';
const RETENTION_DAYS = 90;

export async function startScratchServers(report: Report, namespace = NAMESPACE): Promise<Servers> {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const server of started.reverse().splice(0)) await server.stop();
  };
  try {
    const [postgres, temporal] = await Promise.all([
      scratchPostgres(report, started),
      scratchTemporal(report, started),
    ]);
    await prepareNamespace(
      { address: temporal.address, namespace, tls: false, apiKey: undefined, taskQueue: '' },
      RETENTION_DAYS,
    );
    return {
      postgresAdminUrl: postgres.adminUrl,
      temporalAddress: temporal.address,
      temporalUiUrl: temporal.uiUrl,
      description: `Temporal ${temporal.description} · PostgreSQL ${postgres.description}`,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function scratchPostgres(report: Report, started: { stop(): Promise<void> }[]) {
  const given = process.env['TEST_DATABASE_ADMIN_URL'];
  if (given) return { adminUrl: given, description: `${await serverVersion(given)} (given)` };
  const postgres = await startPostgres({ port: await freePort(), durable: false, report });
  started.push(postgres);
  return { adminUrl: postgres.adminUrl, description: `${postgres.version} (${postgres.source})` };
}

async function scratchTemporal(report: Report, started: { stop(): Promise<void> }[]) {
  const given = process.env['TEST_TEMPORAL_ADDRESS'];
  if (given) return { address: given, uiUrl: 'http://127.0.0.1:8233', description: `at ${given} (given)` };
  const start = async () => startTemporal({ port: await freePort(), uiPort: await freePort(), report });
  // It looks for more free ports itself, and ends if another process is quicker to take one.
  const temporal = await start().catch((error: unknown) => {
    if (error instanceof ServerEnded) return start();
    throw error;
  });
  started.push(temporal);
  return {
    address: temporal.address,
    uiUrl: temporal.uiUrl,
    description: `${temporal.version} (${temporal.source})`,
  };
}

async function serverVersion(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]!.server_version.split(' ')[0]!;
  } finally {
    await client.end();
  }
}
