/** Serves routes: authenticates, authorises, parses, has a write done once, answers. */
import { Router, type RequestHandler } from 'express';
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
    const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
    router[route.method](path, serveOne(route, context, authenticate));
  }
  return router;
}

function serveOne(route: Route, context: ApiContext, authenticate: Authenticate): RequestHandler {
  const { operationId, method, query, body: bodySchema } = route;
  return async (request, response) => {
    const principal = authenticate(request);
    requireRole(principal, operationId);
    const params = request.params as Call['params'];
    if (method === 'get') {
      const call = { principal, params, query: query && parse(query, request.query), body: undefined };
      const { status, body } = await route.handle(context, { ...call, message: NO_MESSAGE });
      response.status(status).json(body);
      return;
    }
    const body = bodySchema && parse(bodySchema, request.body as unknown);
    await answerOnce(context, principal, request, response, body, (message) =>
      route.handle(context, { principal, params, query: undefined, body, message }),
    );
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
