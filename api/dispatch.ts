/** Serves routes: authenticates, authorises, parses, has a write done once, answers. */
import express, { Router, type RequestHandler } from 'express';
import type { z } from 'zod';
import { requireRole, type Authenticate } from './authentication';
import type { ApiContext } from './context';
import { answerOnce } from './idempotency';
import { invalid, pointerTo } from './problem';
import type { Call, Route } from './routes/route';
import { inPlainWords } from './schemas';

export function serve(routes: readonly Route[], context: ApiContext, authenticate: Authenticate): Router {
  const router = Router();
  for (const route of routes) {
    router[route.method](pathOf(route.path), serveOne(route, context, authenticate));
  }
  return router;
}

/** As express writes it. */
function pathOf(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

function serveOne(route: Route, context: ApiContext, authenticate: Authenticate): RequestHandler {
  const { operationId, method, query, body: bodySchema } = route;
  return async (request, response) => {
    const principal = authenticate(request);
    requireRole(principal, operationId);
    const params = request.params as Call['params'];
    const asked = query && parse(query, request.query);
    if (method === 'get') {
      const call = { principal, params, query: asked, body: undefined };
      const { status, body } = await route.handle(context, { ...call, message: NO_MESSAGE });
      response.status(status).json(body);
      return;
    }
    const body = bodySchema && parse(bodySchema, request.body as unknown);
    await answerOnce(context, principal, request, response, { query: asked, body }, (message) =>
      route.handle(context, { principal, params, query: asked, body, message }),
    );
  };
}

/** Reads the long bodies of some routes, before others are refused: for those who may use the route, and nobody else. */
export function longBodies(routes: readonly Route[], authenticate: Authenticate): Router {
  const router = Router();
  for (const { path, operationId, bodyLimit } of routes) {
    if (bodyLimit === undefined) continue;
    const mayUse: RequestHandler = (request, _response, next) => {
      requireRole(authenticate(request), operationId);
      next();
    };
    router.post(pathOf(path), mayUse, express.json({ limit: bodyLimit, strict: true }));
  }
  return router;
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
