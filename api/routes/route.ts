/**
 * What a route is: data. The dispatcher serves it (dispatch.ts) and the OpenAPI document describes it (openapi.ts), from the
 * same schemas. Parse, authorise, call one operation, answer: what is left to a route is the call.
 */
import type { z } from 'zod';
import type { EnrollmentRow } from '../../database/enrollments';
import type { ReasonCode } from '../../program/reasonCodes';
import type { Audit } from '../audit';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import type { CsvFile } from '../csvAnswer';
import type { FileType } from '../imports/fileRows';
import type { Answer } from '../idempotency';
import { readEnrollment } from '../operations/readEnrollment';
import type { OperationId } from '../policy';
import { notFound } from '../problem';
import type { ProblemCode } from '../problemCodes';

/** What a caller may be told besides what any route may answer (problemCodes.ts). */
export type Refusals = Partial<
  Record<400 | 403 | 404 | 409 | 422 | 503, readonly (ProblemCode | ReasonCode)[]>
>;

export interface Call<Query = unknown, Body = unknown> {
  principal: Principal;
  /** Of the path, by name. */
  params: Record<string, string>;
  query: Query;
  body: Body;
  /** Of a write; empty for a read, which changes nothing. */
  message: MessageIdentity;
  /** Of a write, for what it does to enrollments that the path does not name. */
  audit?: Audit;
}

type WriteCall<Query, Body> = Call<Query, Body> & Required<Pick<Call, 'audit'>>;

/** An answer, with an example as the service would give it. */
export interface Documented {
  schema: z.ZodType;
  example: unknown;
  /** What this status says here; without it, what it says of any route (openapi.ts). */
  meaning?: string;
}

export function withExample<S extends z.ZodType>(
  schema: S,
  example: z.output<S>,
  meaning?: string,
): Documented {
  return { schema, example, ...(meaning !== undefined && { meaning }) };
}

interface Description {
  operationId: OperationId;
  /** As OpenAPI writes it: /v1/enrollments/{enrollmentId}. */
  path: string;
  /** Its section of the document. */
  tag: 'Enrollments' | 'Partners' | 'Staff' | 'Programs' | 'Keys' | 'Webhooks';
  summary: string;
  description?: string;
  /** By status. */
  answers: Partial<Record<200 | 201 | 202, Documented>>;
  refusals?: Refusals;
}

export interface Route extends Description {
  method: 'get' | 'post';
  query?: z.ZodObject;
  body?: z.ZodType;
  /** Of the body; a test sends it. */
  example?: unknown;
  /** Where what it began goes on, by its answer. */
  location?: (answer: unknown) => string;
  /** More than BODY_LIMIT, where it is needed; only who may use the route may send as much. */
  bodyLimit?: string;
  /**
   * Of one that is authenticated by its signature: the id of the enrollment that it is about. What it throws is answered
   * before the webhook's id is taken, so the same webhook may be sent again.
   */
  find?(context: ApiContext, call: Call): Promise<string>;
  /** One of the three: a body that is read whole, a file as the answer, or a file as the body. */
  handle?: (context: ApiContext, call: Call) => Promise<Answer>;
  file?: (context: ApiContext, call: Call) => CsvFile;
  fileExample?: string;
  upload?: Upload;
}

/** A body that is read as it arrives; done once for each idempotency key, which it needs (imports/). */
export interface Upload {
  /** What it may be, with an example of each. */
  types: Record<FileType, string>;
  receive: (context: ApiContext, call: Call, file: SentFile) => Promise<Received>;
}

export interface SentFile {
  type: FileType;
  bytes: AsyncIterable<Buffer>;
  /** Names it. */
  key: string;
  audit: Audit;
}

export interface Received extends Answer {
  /** It was there before. */
  isReplayed: boolean;
  /** Where it goes on. */
  location: string;
}

export function read<Q extends z.ZodObject>(
  route: Omit<Description, 'answers'> & {
    query?: Q;
    answer: Documented;
    handle: (context: ApiContext, call: Call<z.infer<Q>>) => Promise<unknown>;
  },
): Route {
  const { answer, handle, ...rest } = route;
  return {
    ...rest,
    method: 'get',
    answers: { 200: answer },
    handle: async (context, call) => ({ status: 200, body: await handle(context, call as Call<z.infer<Q>>) }),
  };
}

/** Answers with a file of rows (csvAnswer.ts). */
export function readCsv<Q extends z.ZodObject>(
  route: Omit<Description, 'answers'> & {
    query: Q;
    fileExample: string;
    handle: (context: ApiContext, call: Call<z.infer<Q>>) => CsvFile;
  },
): Route {
  const { handle, ...rest } = route;
  return {
    ...rest,
    method: 'get',
    answers: {},
    file: (context, call) => handle(context, call as Call<z.infer<Q>>),
  };
}

/** Done once for each idempotency key. */
export function write<B extends z.ZodType, Q extends z.ZodObject>(
  route: Description & {
    query?: Q;
    body: B;
    example: z.input<B>;
    bodyLimit?: string;
    location?: (answer: unknown) => string;
    handle: (context: ApiContext, call: WriteCall<z.infer<Q>, z.infer<B>>) => Promise<Answer>;
  },
): Route {
  return {
    ...route,
    method: 'post',
    handle: (context, call) => route.handle(context, call as WriteCall<z.infer<Q>, z.infer<B>>),
  };
}

/** Done once for each id of a webhook. `handle` finds what `find` has found as the parameter `enrollmentId`. */
export function signedWrite<B extends z.ZodType>(
  route: Description & {
    body: B;
    example: z.input<B>;
    find: (context: ApiContext, call: Call<unknown, z.infer<B>>) => Promise<string>;
    handle: (context: ApiContext, call: Call<unknown, z.infer<B>>) => Promise<Answer>;
  },
): Route {
  return {
    ...route,
    method: 'post',
    find: (context, call) => route.find(context, call as Call<unknown, z.infer<B>>),
    handle: (context, call) => route.handle(context, call as Call<unknown, z.infer<B>>),
  };
}

/** Takes a file, row by row. */
export function receive<Q extends z.ZodObject>(
  route: Description & {
    query: Q;
    types: Upload['types'];
    receive: (context: ApiContext, call: Call<z.infer<Q>>, file: SentFile) => Promise<Received>;
  },
): Route {
  const { types, receive: take, ...rest } = route;
  const upload: Upload = {
    types,
    receive: (context, call, file) => take(context, call as Call<z.infer<Q>>, file),
  };
  return { ...rest, method: 'post', upload };
}

/** Throws a 404 unless it exists and is in the key's scope. */
export function enrollmentOf(
  context: ApiContext,
  { principal, params }: Pick<Call, 'principal' | 'params'>,
): Promise<EnrollmentRow> {
  return readEnrollment(context, principal, idOf(params, 'enrollmentId'));
}

/** Throws a 404 for what cannot be an id: some of it PostgreSQL would not even take as a text (a NUL). */
export function idOf(params: Call['params'], name: `${string}Id`): string {
  const id = params[name] ?? '';
  if (!/^[\w-]{1,64}$/.test(id)) throw notFound(name.slice(0, -'Id'.length));
  return id;
}
