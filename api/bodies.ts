/** Bodies of requests: JSON of a bounded size, depth and breadth. */
import express, { type RequestHandler } from 'express';
import { Problem } from './problem';
import { BODY_LIMIT } from './problemOf';

/** Far above what a schema asks for: what goes beyond is not worth looking at. */
const MOST_LEVELS = 20;
const LONGEST_LIST = 1_000;

/** In this order: the type, the JSON, its shape. */
export const readJsonBody = (limit = BODY_LIMIT): RequestHandler[] => [
  (request, _response, next) => {
    const hasBody =
      request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
    if (hasBody && request.headers['content-length'] !== '0' && !request.is('application/json')) {
      throw new Problem(415, 'UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.');
    }
    next();
  },
  express.json({ limit, strict: true }),
  (request, _response, next) => {
    requireShape(request.body as unknown);
    next();
  },
];

/** As it was sent, to the byte: `request.body` is a Buffer, or undefined if there is none. */
export const readRawBody: RequestHandler = express.raw({
  type: () => true,
  inflate: false,
  limit: BODY_LIMIT,
});

/** Throws a 400 unless it is JSON of a bounded shape. */
export function readJson(text: string): unknown {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Problem(400, 'INVALID_REQUEST', 'The body must be a JSON object.');
  }
  requireShape(body);
  return body;
}

/** Level by level, so that no depth can exhaust the stack. Throws a 400. */
function requireShape(body: unknown): void {
  let level = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MOST_LEVELS)
      throw new Problem(400, 'INVALID_REQUEST', `The body may be nested ${MOST_LEVELS} levels deep at most.`);
    if (level.some((value) => Array.isArray(value) && value.length > LONGEST_LIST))
      throw new Problem(400, 'INVALID_REQUEST', `A list may have ${LONGEST_LIST} items at most.`);
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? (Object.values(value) as unknown[]) : [],
    );
  }
}
