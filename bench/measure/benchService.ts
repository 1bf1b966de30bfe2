/** The service that a bench measures: its own servers, API, worker and sandbox, stopped again whatever happens. */
import { startScratchServers } from '../../dev/servers';
import { startTestService, type TestService } from '../../test/support/testService';

/** Progress goes to the standard error: the standard output holds the figures only. */
export function report(line: string): void {
  process.stderr.write(`${line}\n`);
}

export async function withBenchService<T>(
  environment: Record<string, string>,
  work: (t: TestService) => Promise<T>,
): Promise<T> {
  const servers = await startScratchServers(report);
  try {
    report(servers.description);
    const t = await startTestService({ servers, environment });
    try {
      return await work(t);
    } finally {
      await t.stop();
    }
  } finally {
    await servers.stop();
  }
}
