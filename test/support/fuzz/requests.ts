/** Requests of an operation as the OpenAPI document describes them, and as bytes. */
import * as fc from 'fast-check';
import type { ApiKey } from '../../../settings/settings';
import { nearly } from './nearValid';
import type { Operation, Parameter } from './operations';
import { namedValue, valuesOf, type Shape } from './validValues';

export interface Ground {
  keys: readonly ApiKey[];
  components: Shape['components'];
  /** Whole bodies, where the document lets them be any object. */
  documents: readonly unknown[];
  /** Values that exist, for path and query, and for bodies; by the name of the parameter or property. */
  inPath: Shape['known'];
  inBody: Shape['known'];
}

/** What fast-check prints of a failure: all that is needed to send it again. */
export interface Request {
  /** The API key. */
  key: string;
  method: string;
  /** Path and query. */
  target: string;
  headers: [string, string][];
  /** One character a byte. */
  body?: string;
}

export function validRequests(operation: Operation, ground: Ground): fc.Arbitrary<Request> {
  return requestsWith(operation, ground, bodiesOf(operation, ground));
}

/** One thing is wrong in the body or in the query. */
export function nearlyValidRequests(operation: Operation, ground: Ground): fc.Arbitrary<Request> {
  const inBody = requestsWith(operation, ground, bodiesOf(operation, ground).chain(nearly));
  const inQuery = validRequests(operation, ground).chain((request) =>
    badQueries(operation).map((more) => ({
      ...request,
      target: request.target + (request.target.includes('?') ? '&' : '?') + more,
    })),
  );
  return operation.body
    ? fc.oneof({ weight: 4, arbitrary: inBody }, { weight: 1, arbitrary: inQuery })
    : inQuery;
}

function requestsWith(
  operation: Operation,
  ground: Ground,
  bodies: fc.Arbitrary<unknown>,
): fc.Arbitrary<Request> {
  const parts = fc.record({
    key: keysFor(operation, ground),
    target: targets(operation, ground),
    body: bodies,
  });
  return fc.tuple(parts, fc.option(fc.uuid(), { nil: undefined })).map(([{ key, target, body }, once]) => {
    const headers: [string, string][] = [];
    if (operation.body) headers.push(['Content-Type', 'application/json']);
    if (operation.method !== 'GET' && once !== undefined) headers.push(['Idempotency-Key', once]);
    const request = { key, method: operation.method, target, headers };
    return operation.body ? { ...request, body: bytesOfJson(body) } : request;
  });
}

/** Drawn from the schema, or the example of the document: both are requests that anybody may copy. */
function bodiesOf({ body }: Operation, { components, inBody, documents }: Ground): fc.Arbitrary<unknown> {
  if (!body) return fc.constant(undefined);
  const isOpen = JSON.stringify(body.schema['additionalProperties']) === '{}';
  const drawn = valuesOf(body.schema, { components, known: inBody }).filter((value) => body.isValid(value));
  const examples = fc.constantFrom(body.example, ...(isOpen ? documents : []));
  return fc.oneof({ weight: isOpen ? 1 : 4, arbitrary: drawn }, { weight: 1, arbitrary: examples });
}

function keysFor({ roles }: Operation, { keys }: Ground): fc.Arbitrary<string> {
  const invited = keys.filter(({ role }) => roles.includes(role));
  return fc
    .oneof(
      { weight: 5, arbitrary: fc.constantFrom(...invited) },
      { weight: 1, arbitrary: fc.constantFrom(...keys) },
    )
    .map(({ key }) => key);
}

function targets({ path, parameters }: Operation, { components, inPath }: Ground): fc.Arbitrary<string> {
  const shape = { components, known: inPath };
  // A cursor cannot be drawn: it is one of an earlier answer, for the same list.
  const of = (place: Parameter['in']) =>
    parameters.filter((parameter) => parameter.in === place && parameter.schema['format'] !== 'cursor');
  const values = (list: Parameter[], requiredKeys?: string[]) =>
    fc.record(
      Object.fromEntries(list.map(({ name, schema }) => [name, parameterValue(name, schema, shape)])),
      {
        ...(requiredKeys && { requiredKeys }),
      },
    );
  return fc.tuple(values(of('path')), values(of('query'), [])).map(([params, query]) => {
    const filled = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
      encodeURIComponent(String(params[name])),
    );
    const asked = Object.entries(query).flatMap(([name, value]) =>
      [value].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(String(one))}`),
    );
    return asked.length > 0 ? `${filled}?${asked.join('&')}` : filled;
  });
}

/** An empty step of a path is another path. */
function parameterValue(name: string, schema: Parameter['schema'], shape: Shape): fc.Arbitrary<unknown> {
  return namedValue(name, schema, shape).filter((value) => /^\P{Surrogate}+$/u.test(String(value)));
}

function badQueries({ parameters }: Operation): fc.Arbitrary<string> {
  const names = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  return fc
    .tuple(
      fc.constantFrom(...names, 'unknown', '__proto__', 'constructor[a]', 'limit[]'),
      fc.constantFrom(
        '',
        '0',
        '-1',
        '1e9',
        'NaN',
        '%00',
        '%F0%9F',
        "'--",
        'x'.repeat(2_000),
        '9'.repeat(30),
        '0000-01-01T00:00:00Z',
      ),
    )
    .map(([name, value]) => `${name}=${value}`);
}

export function bytesOfJson(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('latin1');
}

/** One request, on a connection of its own. */
export function bytesOf({ key, method, target, headers, body }: Request): Buffer {
  const all: [string, string][] = [
    ['Host', 'localhost'],
    ['Connection', 'close'],
    ['Authorization', `Bearer ${key}`],
    ...headers,
    ...(body === undefined ? [] : [['Content-Length', String(body.length)] as [string, string]]),
  ];
  const head = [`${method} ${target} HTTP/1.1`, ...all.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body ?? ''}`, 'latin1');
}
