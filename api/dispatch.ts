/** Serves routes: authenticates, limits, authorises, parses, has a write done once, answers; audits what it refuses. */
import { Router, type ErrorRequestHandler, type RequestHandler } from 'express';
import type { z } from 'zod';
import { auditOf } from './audit';
import { principalOf, requireRight, type Authenticate } from './authentication';
import { readJson, readJsonBody } from './bodies';
import type { ApiContext } from './context';
import { answerOnce, keyedRequest, keyedWebhook } from './idempotency';
import { invalid, pointerTo } from './problem';
import { problemOf } from './problemOf';
import { isSigned } from './policy';
import { createLimiters, limitStrangers, type Limiters } from './rateLimits';
import { idOf, type Call, type Route } from './routes/route';
import { inPlainWords } from './schemas';
import { readSigned, signedOf } from './signedRequests';

export function serve(routes: readonly Route[], context: ApiContext, authenticate: Authenticate): Router {
  const router = Router();
  router.use(withoutVersions);
  const limiters = createLimiters(context);
  for (const route of routes) {
    router[route.method](
      // As express writes it.
      route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      ...(isSigned(route.operationId)
        ? [...readSigned(context, limiters), limiters.ofKeys, serveSigned(route, context)]
        : [
            // Before the body is read: strangers, and who has no right to it, send none of it into memory.
            identify(authenticate, limiters),
            limiters.ofKeys,
            authorise(route),
            requireIds,
            // A read has none; what is sent all the same is not looked at.
            ...(route.method === 'get' ? [] : readJsonBody(route.bodyLimit)),
            serveOne(route, context),
          ]),
      auditRefusal(route, context),
    );
  }
  return router;
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

function serveOne(route: Route, context: ApiContext): RequestHandler {
  const { operationId, method, query, body: bodySchema } = route;
  return async (request, response) => {
    const principal = principalOf(response)!;
    const params = request.params as Call['params'];
    const asked = query && parse(query, request.query);
    if (method === 'get') {
      const call = { principal, params, query: asked, body: undefined };
      const { status, body } = await route.handle(context, { ...call, message: NO_MESSAGE });
      response.status(status).json(body);
      return;
    }
    const body = bodySchema && parse(bodySchema, request.body as unknown);
    const audit = auditOf(context, operationId, principal, request, response);
    const keyed = keyedRequest(principal, request, { query: asked, body });
    await answerOnce(context, audit, keyed, response, params['enrollmentId'], (message) =>
      route.handle(context, { principal, params, query: asked, body, message }),
    );
  };
}

/** What is signed is parsed only once the signature is known to be right. */
function serveSigned(route: Route, context: ApiContext): RequestHandler {
  const { operationId, body: bodySchema } = route;
  return async (request, response) => {
    const principal = principalOf(response)!;
    const { id, text } = signedOf(response);
    const body = parse(bodySchema!, readJson(text));
    const call = { principal, params: request.params as Call['params'], query: undefined, body };
    const enrollmentId = await route.find!(context, { ...call, message: NO_MESSAGE });
    const params = { ...call.params, enrollmentId };
    const more = { webhookId: id, enrollmentId };
    const audit = auditOf(context, operationId, principal, request, response, more);
    const keyed = keyedWebhook(principal.surveyPartner!, id, text);
    await answerOnce(context, audit, keyed, response, enrollmentId, (message) =>
      route.handle(context, { ...call, params, message }),
    );
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

/** Throws a 400 that names every field that is wrong, unknown ones each by itself. */
function parse<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value ?? {}, { error: inPlainWords });
  if (parsed.success) return parsed.data;
  throw invalid(
    parsed.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), message: 'is unknown' }))
        : [{ pointer: pointerTo(issue.path), message: issue.message }],
    ),
  );
}
