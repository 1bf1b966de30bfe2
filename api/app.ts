/** The HTTP application: routes, and errors that tell callers what to do and nothing else. */
import { randomUUID } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { Registry } from 'prom-client';
import type { AskReadiness } from '../monitoring/readiness';
import type { Authenticate } from './authentication';
import type { ApiContext } from './context';
import { serve } from './dispatch';
import { documentation } from './documentation';
import { measureRequests } from './metrics';
import { notFound, sendProblem } from './problem';
import { problemOf } from './problemOf';
import { ROUTES } from './routes';
import { requireReading } from './slowReaders';
import { requireInTime } from './slowSenders';

export interface Monitoring {
  /** Where what is measured goes. */
  registry: Registry;
  readiness: AskReadiness<'database' | 'temporal'>;
}

export function createApp(
  context: ApiContext,
  authenticate: Authenticate,
  { registry, readiness }: Monitoring,
): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple');
  app.set('trust proxy', context.trustProxy ?? false);

  app.use(measureRequests(registry));
  app.use(requireInTime(context.requestTimeoutMs), requireReading(context.requestTimeoutMs));
  app.use((request, response, next) => {
    const requestId = randomUUID();
    const startedAt = performance.now();
    response.locals['requestId'] = requestId;
    response.setHeader('X-Request-Id', requestId).setHeader('Cache-Control', 'no-store');
    response.on('finish', () => {
      const { method, path } = request;
      const durationMs = Math.round(performance.now() - startedAt);
      context.logger.info({ requestId, method, path, status: response.statusCode, durationMs }, 'request');
    });
    next();
  });

  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
  app.get('/readyz', async (_request, response) => {
    const { checks } = await readiness();
    // Without Temporal creates are accepted and reads go on, so only the database decides who gets requests. The admin port
    // says whether everything is there.
    response.status(checks.database === 'ok' ? 200 : 503).json(checks);
  });

  app.use(serve(ROUTES, context, authenticate));
  app.use(documentation());
  app.use((request) => {
    throw notFound(`route: ${request.method} ${request.path}`.slice(0, 100));
  });
  app.use(problems(context));
  return app;
}

function problems({ logger }: ApiContext): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const problem = problemOf(error);
    const { requestId } = response.locals;
    if (problem.status >= 500) logger.error({ err: error, requestId }, 'request failed');
    if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    if (problem.retryAfter !== undefined) response.setHeader('Retry-After', String(problem.retryAfter));
    sendProblem(response, problem.status, problem.toJSON());
  };
}
