/** The API process. SIGTERM or SIGINT lets requests in flight end; a second one ends it at once. */
import { createServer } from 'node:http';
import { createKeyring } from '../database/keyring';
import { createDatabase, ping } from '../database/pool';
import { createWebhookUrlJudge } from '../integrations/webhookAddress';
import { serveAdmin } from '../monitoring/adminServer';
import { createRegistry } from '../monitoring/processMetrics';
import { createReadiness } from '../monitoring/readiness';
import { createLogger } from '../settings/logger';
import { readApiSettings } from '../settings/settings';
import { connectTemporal } from '../temporal/connection';
import { createEnrollmentClient } from '../temporal/enrollments';
import { createWorkflowWatch } from '../temporal/visibility';
import { createApp } from './app';
import { createAuthentication } from './authentication';
import { runBatches } from './batches/loop';
import type { ApiContext } from './context';

/** Requests that are still under way this long after the signal are cut off. */
const FORCE_MS = 15_000;

const HEADERS_TIMEOUT_MS = 10_000;

function main(): void {
  const settings = readApiSettings();
  const { host, port, temporalUiUrl } = settings;
  const logger = createLogger('api', settings.logLevel);
  const database = createDatabase({
    connectionString: settings.databaseUrl,
    onIdleError: (err) => logger.warn({ err }, 'a database connection broke'),
  });
  const temporal = connectTemporal(settings.temporal);
  const { namespace, taskQueue } = settings.temporal;
  const enrollments = createEnrollmentClient(temporal, { taskQueue });
  const registry = createRegistry(database);
  const readiness = createReadiness({
    database: () => ping(database.pool),
    temporal: () => enrollments.ping(),
  });
  const context: ApiContext = {
    database,
    keyring: createKeyring(settings.partnerKeySecrets),
    judgeWebhookUrl: createWebhookUrlJudge(!settings.production),
    enrollments,
    workflows: createWorkflowWatch(temporal, { taskQueue }),
    logger,
    testClockPrograms: settings.testClockPrograms,
    rateLimits: settings.rateLimits,
    requestTimeoutMs: settings.requestTimeoutMs,
    importStartsPerSecond: settings.importStartsPerSecond,
    trustProxy: settings.trustProxy,
    runbookUrl: settings.runbookUrl,
    temporalUiUrl: (workflowId) =>
      `${temporalUiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`,
  };
  const authenticate = createAuthentication(settings.apiKeys, { pool: database.pool, logger });
  const app = createApp(context, authenticate, { registry, readiness });

  const { requestTimeoutMs } = settings;
  const server = createServer(
    {
      // A file may take longer: slowSenders.ts.
      requestTimeout: 0,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
      keepAliveTimeout: 5_000,
      // Node looks every 30 s by itself, so whoever sends slowly would have that long on top.
      connectionsCheckingInterval: 1_000,
    },
    app,
  );
  server.on('error', (error: NodeJS.ErrnoException) => {
    console.error(
      error.code === 'EADDRINUSE' ? `Port ${port} is taken. Set API_PORT to another one.` : error.message,
    );
    process.exit(1);
  });
  serveAdmin(settings.admin, { readiness, metrics: () => registry.metrics(), logger });

  let stopping = false;
  // A client that keeps its connection busy would keep the process from ending.
  server.prependListener('request', (_request, response) => {
    if (stopping) response.setHeader('Connection', 'close');
  });
  server.listen(port, host, () => logger.info({ host, port }, 'api ready'));
  const stopped = new AbortController();
  const batches = runBatches(context, stopped.signal);

  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.info({ signal }, 'finishing requests in flight; a second signal ends at once');
    server.close(() => {
      // Not left to the event loop: the connection to Temporal stays open.
      void batches.finally(() => database.close()).finally(() => process.exit(0));
    });
    stopped.abort();
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), FORCE_MS).unref();
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
}

try {
  main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
