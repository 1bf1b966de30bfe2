/** Servers of a test file's own, with files, so that they can be killed and started again on the same data and ports. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NAMESPACE } from '../../dev/servers';
import { freePort } from '../../dev/stack/ports';
import { startPostgres } from '../../dev/stack/postgres';
import { startTemporal } from '../../dev/stack/temporal';
import { prepareNamespace } from '../../temporal/setup';

/** A server that can be killed; `start` brings it back as it was. */
export interface OwnServer {
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface OwnPostgres extends OwnServer {
  adminUrl: string;
}

export interface OwnTemporal extends OwnServer {
  address: string;
  uiUrl: string;
}

const report = () => undefined;

export async function startOwnPostgres(): Promise<OwnPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'pps-test-postgres-'));
  const options = { dataDirectory: join(directory, 'data'), port: await freePort(), durable: true, report };
  let running = await startPostgres(options);
  return {
    adminUrl: running.adminUrl,
    async kill() {
      running.kill('SIGKILL');
      await running.stop(); // waits for its end
    },
    async start() {
      running = await startPostgres(options);
    },
    async stop() {
      await running.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export async function startOwnTemporal(): Promise<OwnTemporal> {
  const directory = await mkdtemp(join(tmpdir(), 'pps-test-temporal-'));
  const ports = { port: await freePort(), uiPort: await freePort() };
  const options = { databaseFile: join(directory, 'temporal.db'), ...ports, report };
  let running = await startTemporal(options);
  const { address, uiUrl } = running;
  const settings = { address, namespace: NAMESPACE, tls: false, apiKey: undefined, taskQueue: '' };
  await prepareNamespace(settings, null);
  return {
    address,
    uiUrl,
    async kill() {
      running.kill('SIGKILL');
      await running.stop();
    },
    async start() {
      running = await startTemporal(options);
    },
    async stop() {
      await running.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
