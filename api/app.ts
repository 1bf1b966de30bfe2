/** The HTTP application: routes, and errors that tell callers what to do and nothing else. */
import { randomUUID } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { ping } from '../database/pool';
import type { Authenticate } from './authentication';
import type { ApiContext } from './context';
import { longBodies, serve } from './dispatch';
import { documentation } from './documentation';
import { notFound, Problem, sendProblem, unavailable } from './problem';
import { ROUTES } from './routes';

const BODY_LIMIT = '64kb';

export function createApp(context: ApiContext, authenticate: Authenticate): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple');

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
    const answers = async (check: Promise<unknown>) =>
      check.then(
        () => 'ok',
        () => 'not answering',
      );
    const [database, temporal] = await Promise.all([
      answers(ping(context.database.pool)),
      answers(context.enrollments.ping()),
    ]);
    // Without Temporal creates are accepted and reads go on, so only the database decides.
    response.status(database === 'ok' ? 200 : 503).json({ database, temporal });
  });

  app.use('/v1', requireJson);
  app.use(longBodies(ROUTES, authenticate));
  app.use('/v1', express.json({ limit: BODY_LIMIT, strict: true }));
  app.use(serve(ROUTES, context, authenticate));
  app.use(documentation());
  app.use((request) => {
    throw notFound(`route: ${request.method} ${request.path}`.slice(0, 100));
  });
  app.use(problems(context));
  return app;
}

const requireJson: express.RequestHandler = (request, _response, next) => {
  const hasBody =
    request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  if (hasBody && request.headers['content-length'] !== '0' && !request.is('application/json')) {
    throw new Problem(415, 'UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.');
  }
  next();
};

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

/** Errors of the body parser are the sender's; whatever the database throws while it is away passes by itself. */
function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { status, type, code, limit } = error as {
    status?: number;
    type?: string;
    code?: string;
    limit?: number;
  };
  if (type === 'entity.too.large')
    return new Problem(413, 'BODY_TOO_LARGE', `Send at most ${(limit ?? 0) / 1024} KB.`);
  if (type?.startsWith('encoding.') || type?.startsWith('charset.')) {
    return new Problem(415, 'UNSUPPORTED_MEDIA_TYPE', 'Send uncompressed UTF-8 JSON.');
  }
  if (error instanceof URIError) return new Problem(400, 'INVALID_REQUEST', 'The path is not well-formed.');
  if (type?.startsWith('entity.') || (status !== undefined && status >= 400 && status < 500)) {
    return new Problem(400, 'INVALID_REQUEST', 'The body must be a JSON object.');
  }
  if (isDatabaseAway(error, code))
    return unavailable('The database does not answer just now. Send the request again.');
  return new Problem(
    500,
    'INTERNAL',
    'Something went wrong on our side. Send the same request again, or report its id.',
  );
}

/** Connection failures, shutdowns, read-only mode, exhausted resources and time-outs of PostgreSQL. */
function isDatabaseAway(error: unknown, code: string | undefined): boolean {
  const passing =
    /^(08|57|53|25006|55P03|40001|40P01)|^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)$/;
  const message = error instanceof Error ? error.message : '';
  return (
    (code !== undefined && passing.test(code)) ||
    /Connection terminated|timeout exceeded when trying to connect|Query read timeout|server closed/i.test(
      message,
    )
  );
}
