/** How a route is written: parse, authorise, call one operation, answer. */
import type { Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import { findEnrollment, type EnrollmentRow } from '../../database/enrollments';
import { requireRole, scopeOf, type Authenticate, type Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { answerOnce, type Answer } from '../idempotency';
import { invalid, notFound, pointerTo } from '../problem';
import { inPlainWords } from '../schemas';

export interface RouteTools {
  context: ApiContext;
  authenticate: Authenticate;
}

type Roles = readonly Principal['role'][];

/** A read for the given roles. */
export function read(
  { authenticate }: RouteTools,
  roles: Roles,
  answer: (principal: Principal, request: Request) => Promise<unknown>,
): RequestHandler {
  return async (request, response) => {
    const principal = authenticate(request);
    requireRole(principal, roles);
    response.json(await answer(principal, request));
  };
}

/** A write for the given roles: its body parsed, done once for each idempotency key. */
export function write<S extends z.ZodType>(
  { context, authenticate }: RouteTools,
  roles: Roles,
  schema: S,
  operate: (
    principal: Principal,
    body: z.infer<S>,
    message: MessageIdentity,
    request: Request,
  ) => Promise<Answer>,
): RequestHandler {
  return async (request: Request, response: Response) => {
    const principal = authenticate(request);
    requireRole(principal, roles);
    const body = parse(schema, request.body);
    await answerOnce(context, principal, request, response, body, (message) =>
      operate(principal, body, message, request),
    );
  };
}

/** A write to the enrollment in the path, for those who may see it. */
export function writeEnrollment<S extends z.ZodType>(
  tools: RouteTools,
  roles: Roles,
  schema: S,
  operate: (
    principal: Principal,
    row: EnrollmentRow,
    body: z.infer<S>,
    message: MessageIdentity,
  ) => Promise<Answer>,
): RequestHandler {
  return write(tools, roles, schema, async (principal, body, message, request) =>
    operate(principal, await enrollmentInPath(tools.context, principal, request), body, message),
  );
}

/** Throws a 404 unless it exists and is in the key's scope. */
export async function enrollmentInPath(
  { database }: ApiContext,
  principal: Principal,
  request: Request,
): Promise<EnrollmentRow> {
  const id = idInPath(request, 'enrollment');
  const row = await findEnrollment(database.pool, scopeOf(principal), id);
  if (!row) throw notFound('enrollment');
  return row;
}

/** Throws a 404 for what cannot be an id: some of it PostgreSQL would not even take as a text (a NUL). */
export function idInPath(request: Request, what: string): string {
  const id = String(request.params['id']);
  if (!/^[\w-]{1,64}$/.test(id)) throw notFound(what);
  return id;
}

/** Throws a 400 that names every field that is wrong, unknown ones each by itself. */
export function parse<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
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
