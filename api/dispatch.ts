/** Serves routes: authenticates, limits, authorises, parses, has a write done once, answers; audits what it refuses. */
import { Router, type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express';
import { auditOf } from './audit';
import { principalOf, requireRight, type Authenticate } from './authentication';
import { readJson, readJsonBody } from './bodies';
import type { ApiContext } from './context';
import { sendCsv } from './csvAnswer';
import {
  answeredBefore,
  answerOnce,
  keyedRequest,
  keyedWebhook,
  requireKey,
  type Answered,
} from './idempotency';
import type { FileType } from './imports/fileRows';
import { parse } from './parse';
import { isSigned } from './policy';
import { Problem, sendProblem } from './problem';
import { problemOf } from './problemOf';
import { createLimiters, limitStrangers, type Limiters } from './rateLimits';
import { idOf, type Call, type Received, type Route, type Upload } from './routes/route';
import { readSigned, signedOf } from './signedRequests';
import { arriving } from './slowSenders';

export function serve(routes: readonly Route[], context: ApiContext, authenticate: Authenticate): Router {
  const router = Router();
  router.use(withoutVersions);
  const limiters = createLimiters(context);
  for (const route of routes) {
    router[route.method](
      // As express writes it.
      route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      named(route),
      ...(isSigned(route.operationId)
        ? [...readSigned(context, limiters), limiters.ofKeys, serveSigned(route, context)]
        : [
            // Before the body is read: strangers, and who has no right to it, send none of it into memory.
            identify(authenticate, limiters),
            limiters.ofKeys,
            authorise(route),
            requireIds,
            ...serveKeyed(route, context),
          ]),
      auditRefusal(route, context),
    );
  }
  return router;
}

/** For the metrics: a path may be anything, an operation is one of those that we have. */
function named({ operationId }: Route): RequestHandler {
  return (_request, response, next) => {
    response.locals['operationId'] = operationId;
    next();
  };
}

/** Answers have no versions to compare; `If-None-Match: *` would get an empty 304 instead. */
const withoutVersions: RequestHandler = (request, _response, next) => {
  delete request.headers['if-none-match'];
  next();
};

/** Who has no valid key is limited by address, and told so instead of the 401 when it is too much. */
function identify(authenticate: Authenticate, limiters: Limiters): RequestHandler {
  return limitStrangers(limiters, async (request, response) => {
    response.locals['principal'] = await authenticate(request);
  });
}

function authorise({ operationId }: Route): RequestHandler {
  return (_request, response, next) => {
    requireRight(principalOf(response)!, operationId);
    next();
  };
}

/** Before anything is kept of the request under its path: what cannot be an id may be as long as a header. */
const requireIds: RequestHandler = (request, _response, next) => {
  for (const name of Object.keys(request.params))
    if (name.endsWith('Id')) idOf(request.params as Call['params'], name as `${string}Id`);
  next();
};

/** A read has no body; what is sent all the same is not looked at. */
function serveKeyed(route: Route, context: ApiContext): RequestHandler[] {
  if (route.upload) return [serveUpload(route, route.upload, context)];
  if (route.method === 'get') return [serveRead(route, context)];
  return [...readJsonBody(route.bodyLimit), serveWrite(route, context)];
}

function serveRead(route: Route, context: ApiContext): RequestHandler {
  return async (request, response) => {
    const call = callOf(route, request, response);
    if (route.file) {
      await sendCsv(response, route.file(context, call), context.logger);
      return;
    }
    const { status, body } = await route.handle!(context, call);
    response.status(status).json(body);
  };
}

function serveWrite(route: Route, context: ApiContext): RequestHandler {
  return async (request, response) => {
    const { principal, params, query } = callOf(route, request, response);
    const body = route.body && parse(route.body, request.body as unknown);
    const audit = auditOf(context, route.operationId, principal, request, response);
    const keyed = keyedRequest(principal, request, { query, body });
    const answered = await answerOnce(context, audit, keyed, params['enrollmentId'], (message) =>
      route.handle!(context, { principal, params, query, body, message, audit }),
    );
    sendAnswered(route, response, answered);
  };
}

/** A kept problem gets the id of the request that it answers now. */
function sendAnswered(route: Route, response: Response, { status, body, isReplayed }: Answered): void {
  if (isReplayed) response.setHeader('Idempotency-Replayed', 'true');
  if (status >= 400) {
    sendProblem(response, status, body as Record<string, unknown>);
    return;
  }
  if (route.location) response.location(route.location(body));
  response.status(status).type('application/json').send(JSON.stringify(body));
}

/** What is signed is parsed only once the signature is known to be right. */
function serveSigned(route: Route, context: ApiContext): RequestHandler {
  const { operationId, body: bodySchema } = route;
  return async (request, response) => {
    const principal = principalOf(response)!;
    const { id, text } = signedOf(response);
    const body = parse(bodySchema!, readJson(text));
    const keyed = keyedWebhook(principal.surveyPartner!, id, text);
    const known = await answeredBefore(context, keyed);
    if (known) return sendAnswered(route, response, known);
    const call = { principal, params: request.params as Call['params'], query: undefined, body };
    const enrollmentId = await route.find!(context, { ...call, message: NO_MESSAGE });
    const params = { ...call.params, enrollmentId };
    const more = { webhookId: id, enrollmentId };
    const audit = auditOf(context, operationId, principal, request, response, more);
    const answered = await answerOnce(context, audit, keyed, enrollmentId, (message) =>
      route.handle!(context, { ...call, params, message }),
    );
    sendAnswered(route, response, answered);
  };
}

function serveUpload(route: Route, upload: Upload, context: ApiContext): RequestHandler {
  return async (request, response) => {
    const type = request.is(Object.keys(upload.types)) as FileType | false | null;
    if (!type || request.headers['content-encoding'] !== undefined)
      throw new Problem(
        'UNSUPPORTED_MEDIA_TYPE',
        `Send a file of type ${Object.keys(upload.types).join(' or ')}, uncompressed.`,
      );
    const call = callOf(route, request, response);
    const file = {
      type,
      key: requireKey(request),
      bytes: arriving(request, response, context.requestTimeoutMs),
      audit: auditOf(context, route.operationId, call.principal, request, response),
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

/** Without body and message. Throws a 400 if the query does not fit. */
function callOf({ query }: Route, request: Request, response: Response): Call {
  return {
    principal: principalOf(response)!,
    params: request.params as Call['params'],
    query: query && parse(query, request.query),
    body: undefined,
    message: NO_MESSAGE,
  };
}

/** What a write answers, refusals too, its own entries say; here is what it did not come to. */
function auditRefusal({ operationId }: Route, context: ApiContext): ErrorRequestHandler {
  return async (error: unknown, request, response, next) => {
    const principal = principalOf(response);
    const problem = problemOf(error);
    if (principal && problem.status < 500 && problem.status !== 429) {
      const more = isSigned(operationId) ? { webhookId: signedOf(response).id } : {};
      await auditOf(context, operationId, principal, request, response, more).refused(problem);
    }
    next(error);
  };
}

/** A read changes nothing, so it has no identity. */
const NO_MESSAGE = { messageId: '', updateId: '' };
