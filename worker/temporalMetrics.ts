/**
 * The metrics of Temporal's SDK (tasks, activities, pollers, caches). It can serve them on a port of its own only, so it has
 * one on loopback that nobody needs to know, and the admin port passes them on: one address to scrape for each process.
 */
import { createServer, type AddressInfo } from 'node:net';
import { Runtime, type RuntimeOptions } from '@temporalio/worker';

const TIMEOUT_MS = 2_000;
/** A port that was free may be taken a moment later. */
const TRIES = 5;

/** Installs the runtime of this process; the function that it returns reads its metrics, as text. */
export async function installRuntime(options: RuntimeOptions): Promise<() => Promise<string>> {
  for (let triesLeft = TRIES - 1; ; triesLeft -= 1) {
    const address = `127.0.0.1:${await freePort()}`;
    try {
      Runtime.install({ ...options, telemetryOptions: { metrics: metricsAt(address) } });
      return () => readMetrics(address);
    } catch (error) {
      const isTaken = error instanceof Error && /address already in use/i.test(error.message);
      if (!isTaken || triesLeft === 0) throw error;
    }
  }
}

/** As Prometheus names things: seconds, units, and `_total` for counters. */
function metricsAt(bindAddress: string) {
  const names = { countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true };
  return { prometheus: { bindAddress, ...names }, attachServiceName: false };
}

async function readMetrics(address: string): Promise<string> {
  const response = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`Temporal's SDK answered ${response.status} for its metrics.`);
  return response.text();
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
