/** Serves routes: authenticates, limits, authorises, parses, has a write done once, answers; audits what it refuses. */
import { Router, type ErrorRequestHandler, type RequestHandler } from 'express';
import { auditOf } from './audit';
import { principalOf, requireRight, type Authenticate } from './authentication';
import { readJsonBody } from './bodies';
import type { ApiContext } from './context';
import { sendCsv } from './csvAnswer';
import { answerOnce, requireKey } from './idempotency';
import type { FileType } from './imports/fileRows';
import { parse } from './parse';
import { Problem } from './problem';
import { problemOf } from './problemOf';
import { createLimiters, type Limiters } from './rateLimits';
import type { Call, Received, Route, Upload } from './routes/route';
import { arriving } from './slowSenders';

export function serve(routes: readonly Route[], context: ApiContext, authenticate: Authenticate): Router {
  const router = Router();
  const limiters = createLimiters(context);
  for (const route of routes) {
    router[route.method](
      // As express writes it.
      route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      // Before the body is read: strangers, and who has no right to it, send none of it into memory.
      identify(authenticate, limiters),
      limiters.ofKeys,
      authorise(route),
      ...(route.upload
        ? [serveUpload(route, route.upload, context)]
        : [...readJsonBody(route.bodyLimit), serveOne(route, context)]),
      auditRefusal(route, context),
    );
  }
  return router;
}

/** Who has no valid key is limited by address, and told so instead of the 401 when it is too much. */
function identify(authenticate: Authenticate, { ofStrangers }: Limiters): RequestHandler {
  return async (request, response, next) => {
    try {
      response.locals['principal'] = await authenticate(request);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      await ofStrangers(request, response, (limited?: unknown) => next(limited ?? error));
      return;
    }
    next();
  };
}

function authorise({ operationId }: Route): RequestHandler {
  return (_request, response, next) => {
    requireRight(principalOf(response)!, operationId);
    next();
  };
}

function serveOne(route: Route, context: ApiContext): RequestHandler {
  const { operationId, method, query, body: bodySchema } = route;
  return async (request, response) => {
    const principal = principalOf(response)!;
    const params = request.params as Call['params'];
    const asked = query && parse(query, request.query);
    if (method === 'get') {
      const call = { principal, params, query: asked, body: undefined, message: NO_MESSAGE };
      if (route.file) {
        await sendCsv(response, route.file(context, call), context.logger);
        return;
      }
      const { status, body } = await route.handle!(context, call);
      response.status(status).json(body);
      return;
    }
    const body = bodySchema && parse(bodySchema, request.body as unknown);
    const audit = auditOf(context, operationId, principal, request, response);
    await answerOnce(context, audit, principal, request, response, { query: asked, body }, (message) =>
      route.handle!(context, { principal, params, query: asked, body, message }),
    );
  };
}

function serveUpload({ operationId, query }: Route, upload: Upload, context: ApiContext): RequestHandler {
  return async (request, response) => {
    const principal = principalOf(response)!;
    const type = request.is(Object.keys(upload.types)) as FileType | false | null;
    if (!type || request.headers['content-encoding'] !== undefined)
      throw new Problem(
        415,
        'UNSUPPORTED_MEDIA_TYPE',
        `Send a file of type ${Object.keys(upload.types).join(' or ')}, uncompressed.`,
      );
    const call = {
      principal,
      params: request.params as Call['params'],
      query: query && parse(query, request.query),
      body: undefined,
      message: NO_MESSAGE,
    };
    const file = {
      type,
      key: requireKey(request),
      bytes: arriving(request, response, context.requestTimeoutMs),
      audit: auditOf(context, operationId, principal, request, response),
    };
    let received: Received;
    try {
      received = await upload.receive(context, call, file);
    } catch (error) {
      if (!request.destroyed || request.complete) throw error;
      const { requestId } = response.locals;
      context.logger.info({ requestId }, 'a file broke off; it may be sent again and goes on');
      return;
    }
    const { status, body, isReplayed, location } = received;
    if (isReplayed) response.setHeader('Idempotency-Replayed', 'true');
    response.status(status).location(location).json(body);
  };
}

/** What a write answers, refusals too, its own entries say; here is what it did not come to. */
function auditRefusal({ operationId }: Route, context: ApiContext): ErrorRequestHandler {
  return async (error: unknown, request, response, next) => {
    const principal = principalOf(response);
    const problem = problemOf(error);
    if (principal && problem.status < 500 && problem.status !== 429)
      await auditOf(context, operationId, principal, request, response).refused(problem);
    next(error);
  };
}

/** A read changes nothing, so it has no identity. */
const NO_MESSAGE = { messageId: '', updateId: '' };
