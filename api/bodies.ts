/** Bodies of requests: JSON in UTF-8, of a bounded size, depth and breadth. */
import { isUtf8 } from 'node:buffer';
import express, { type RequestHandler } from 'express';
import { invalid, pointerTo, Problem } from './problem';
import { BODY_LIMIT, unreadableJson } from './problemOf';

/** Far above what a schema asks for: what goes beyond is not worth looking at. */
const MOST_LEVELS = 20;
const LONGEST_LIST = 1_000;

/** In this order: the type, the JSON, its shape. */
export const readJsonBody = (limit = BODY_LIMIT): RequestHandler[] => [
  (request, _response, next) => {
    const hasBody =
      request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
    if (hasBody && request.headers['content-length'] !== '0' && !request.is('application/json')) {
      throw new Problem('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.');
    }
    next();
  },
  express.json({ limit, strict: true, verify: requireUtf8 }),
  (request, _response, next) => {
    requireShape(request.body as unknown);
    next();
  },
];

/** Decoded all the same, it would be stored as something else than was sent. The parser makes it a 400. */
function requireUtf8(_request: unknown, _response: unknown, body: Buffer): void {
  if (!isUtf8(body)) throw new Error('The body is not UTF-8.');
}

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
    throw unreadableJson(text);
  }
  requireShape(body);
  return body;
}

interface Place {
  value: unknown;
  path: string[];
}

/** Level by level, so that no depth can exhaust the stack. Throws a 400. */
function requireShape(body: unknown): void {
  let level: Place[] = [{ value: body, path: [] }];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MOST_LEVELS)
      throw new Problem('INVALID_REQUEST', `The body may be nested ${MOST_LEVELS} levels deep at most.`);
    if (level.some(({ value }) => Array.isArray(value) && value.length > LONGEST_LIST))
      throw new Problem('INVALID_REQUEST', `A list may have ${LONGEST_LIST} items at most.`);
    level = level.flatMap(membersOf);
    const prototype = level.find(({ path }) => path.at(-1) === '__proto__');
    // Where any name is allowed, a schema would leave it out without a word.
    if (prototype) throw invalid([{ pointer: pointerTo(prototype.path), message: 'is unknown' }]);
  }
}

function membersOf({ value, path }: Place): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).map(([name, member]) => ({ value: member as unknown, path: [...path, name] }));
}
