/** The service that a bench measures: its own servers, API, worker and sandbox, stopped again whatever happens. */
import { startScratchServers, type Servers } from '../../dev/servers';
import { startTestService, type TestService } from '../../test/support/testService';

/** Progress goes to the standard error: the standard output holds the figures only. */
export function report(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The servers alone. */
export async function withBenchServers<T>(work: (servers: Servers) => Promise<T>): Promise<T> {
  const servers = await startScratchServers(report);
  try {
    report(servers.description);
    return await work(servers);
  } finally {
    await servers.stop();
  }
}

export function withBenchService<T>(
  environment: Record<string, string>,
  work: (t: TestService) => Promise<T>,
): Promise<T> {
  return withBenchServers(async (servers) => {
    const t = await startTestService({ servers, environment });
    try {
      return await work(t);
    } finally {
      await t.stop();
    }
  });
}
