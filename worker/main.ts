/**
 * The worker process: workflows, activities, payouts, the loops of outbox and webhooks. The only place that joins ports to
 * adapters. SIGTERM or SIGINT drains it (settings: WORKER_GRACE_MS); a second one ends it at once.
 */
import { DefaultLogger, NativeConnection } from '@temporalio/worker';
import type { PartnerKeyChecker, PayoutRail } from '../activities/ports';
import { createKeyring } from '../database/keyring';
import { createDatabase, ping } from '../database/pool';
import { createFairing } from '../integrations/fairing';
import { createHttp } from '../integrations/http';
import { createSandboxRail } from '../integrations/sandboxRail';
import { createTikTok } from '../integrations/tiktok';
import { createWebhookSender } from '../integrations/webhooks';
import { closeAdmin, serveAdmin } from '../monitoring/adminServer';
import { createRegistry } from '../monitoring/processMetrics';
import { createReadiness } from '../monitoring/readiness';
import { createLogger, type Logger } from '../settings/logger';
import { readWorkerSettings, type WorkerSettings } from '../settings/settings';
import { connectionOptions, connectTemporal } from '../temporal/connection';
import { createEnrollmentClient } from '../temporal/enrollments';
import { createWorkflowWatch } from '../temporal/visibility';
import { countDeliveries, createFigures } from './metrics';
import { runOutbox } from './outbox';
import { installRuntime } from './temporalMetrics';
import { runWebhooks } from './webhooks';
import { createWorkers } from './workers';

async function main(): Promise<void> {
  const settings = readWorkerSettings();
  const logger = createLogger('worker', settings.logLevel);
  // Signals are handled below: the runtime must not shut down what still drains.
  const temporalMetrics = await installRuntime({ shutdownSignals: [], logger: temporalLogger(logger) });

  const database = createDatabase({
    connectionString: settings.databaseUrl,
    onIdleError: (err) => logger.warn({ err }, 'a database connection broke'),
  });
  const { closeHttp, sendWebhook, ...thirdParties } = connectThirdParties(settings);
  const keyring = createKeyring(settings.partnerKeySecrets);
  const connection = await NativeConnection.connect(connectionOptions(settings.temporal));
  const temporal = connectTemporal(settings.temporal);
  const enrollments = createEnrollmentClient(temporal, settings.temporal);
  const workflows = createWorkflowWatch(temporal, settings.temporal);
  const deps = { database, keyring, workflows, ...thirdParties };
  const workers = await createWorkers(connection, settings, deps, logger);

  const registry = createRegistry(database);
  const figures = createFigures(registry, database, logger);
  const readiness = createReadiness({
    enrollments: () => workers.assertPolling('enrollments'),
    payouts: () => workers.assertPolling('payouts'),
    database: () => ping(database.pool),
    temporal: () => enrollments.ping(),
  });
  const metrics = async () => {
    const [ofTemporal] = await Promise.all([temporalMetrics(), figures()]);
    return `${await registry.metrics()}\n${ofTemporal}`;
  };
  const admin = serveAdmin(settings.admin, { readiness, metrics, logger });

  const stopping = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    if (stopping.signal.aborted) process.exit(1);
    logger.info({ signal }, 'draining; a second signal ends at once');
    stopping.abort();
    workers.shutdown();
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);

  logger.info({ taskQueue: settings.temporal.taskQueue }, 'worker ready');
  await Promise.all([
    workers.run(),
    runOutbox(
      { database, enrollments, logger, count: countDeliveries(registry) },
      settings.outboxPollMs,
      stopping.signal,
    ),
    runWebhooks({ database, keyring, sendWebhook, logger }, webhookTimes(settings), stopping.signal),
  ]);
  await closeAdmin(admin);
  // Outbox and webhooks have ended and nobody asks for readiness, so no call is under way; what an activity still does ends
  // by itself.
  await temporal.connection.close();
  await connection.close();
  await database.close();
  closeHttp();
}

function webhookTimes({ outboxPollMs, webhookDelayMs }: WorkerSettings) {
  return { pollMs: outboxPollMs, standingMs: webhookDelayMs };
}

function connectThirdParties(settings: WorkerSettings) {
  const { tiktok, fairing, sandboxRailUrl, production } = settings;
  const http = createHttp({
    allowedOrigins: [tiktok.baseUrl, fairing.baseUrl, sandboxRailUrl].flatMap((url) =>
      url === undefined ? [] : [new URL(url).origin],
    ),
    // The sandbox plays the third parties on this machine.
    allowLoopback: !production,
  });
  // Subscribers say where these go.
  const webhookHttp = createHttp({ allowedOrigins: 'any of a webhook', allowLoopback: !production });
  const rails = new Map<string, PayoutRail>();
  if (sandboxRailUrl !== undefined) {
    const rail = createSandboxRail({ http, baseUrl: sandboxRailUrl });
    rails.set(rail.name, rail);
  }
  const partnerKeyCheckers = new Map<string, PartnerKeyChecker>();
  const fairingKeys = createFairing({ http, ...fairing });
  partnerKeyCheckers.set(fairingKeys.surveyPartner, fairingKeys);
  return {
    adPlatform: createTikTok({ http, ...tiktok }),
    partnerKeyCheckers,
    rails,
    sendWebhook: createWebhookSender(webhookHttp),
    closeHttp: () => {
      http.close();
      webhookHttp.close();
    },
  };
}

function temporalLogger(logger: Logger): DefaultLogger {
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;
  return new DefaultLogger('WARN', ({ level, message, meta }) => logger[levels[level]](meta ?? {}, message));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
