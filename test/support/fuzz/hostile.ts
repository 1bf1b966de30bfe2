/** What is sent to break in or to break down: by path, query, header, method or body, one of them at a time. */
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import type { Operation } from './operations';
import { bytesOf, validRequests, type Ground, type Request } from './requests';

/** A valid request with one part exchanged; `bytes` is what goes over the wire. */
export interface Attack {
  what: string;
  bytes: string;
  /** Path and query are those of the operation, and so is the method: its own answers are due. */
  meetsOperation: boolean;
}

export function attacks(operation: Operation, ground: Ground): fc.Arbitrary<Attack> {
  return validRequests(operation, ground).chain((request) =>
    fc.oneof(
      inPath(operation, request),
      inQuery(request),
      inHeaders(request),
      byMethod(request),
      inBody(request),
    ),
  );
}

const attack = (what: string, request: Request, meetsOperation = true): Attack => ({
  what,
  bytes: bytesOf(request).toString('latin1'),
  meetsOperation,
});

const IDS = [
  '%00',
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e',
  '__proto__',
  'constructor',
  "1'%20or%20'1'='1",
  '%zz',
  '%F0%9F%98',
  '\xff\xfe',
  '%E2%80%AE',
  'null',
  '*',
  ';',
  '{enrollmentId}',
];

/** Longer than a row of an index may be in PostgreSQL, and not to be compressed. */
const long = (length: number) =>
  fc.noShrink(
    fc.string({
      unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789'),
      minLength: length,
      maxLength: length,
    }),
  );

function inPath({ path }: Operation, request: Request): fc.Arbitrary<Attack> {
  const ids = fc.oneof(fc.constantFrom(...IDS), long(60), long(6_000));
  const step = ids.map((id) =>
    attack(
      'id',
      { ...request, target: path.replaceAll(/\{\w+\}/g, id) + queryOf(request) },
      path.includes('{'),
    ),
  );
  const whole = fc
    .constantFrom(
      `/${request.target}`,
      `${request.target.split('?')[0]}/`,
      request.target.toUpperCase(),
      `http://169.254.169.254${request.target}`,
      `/./../${request.target}`,
      `${request.target}#fragment`,
      `\\${request.target}`,
      '*',
      '?',
      `${request.target}\xa0`,
    )
    .map((target) => attack('path', { ...request, target }, false));
  return fc.oneof(step, whole);
}

function queryOf({ target }: Request): string {
  const at = target.indexOf('?');
  return at < 0 ? '' : target.slice(at);
}

function inQuery(request: Request): fc.Arbitrary<Attack> {
  const bare = request.target.split('?')[0]!;
  const cursor = /(?:after|next)=([^&]+)/.exec(request.target)?.[1] ?? 'YWJjIDEyMyBlbnJfMQ';
  const tampered = fc
    .tuple(fc.nat(cursor.length - 1), fc.constantFrom('A', '_', '%00', '='))
    .map(([index, letter]) => `after=${cursor.slice(0, index)}${letter}${cursor.slice(index + 1)}`);
  const pieces = fc.constantFrom(
    '__proto__=1&__proto__[x]=2',
    'constructor.prototype=1',
    `limit=${'9'.repeat(400)}`,
    'limit=1&limit=2',
    'limit=0x10',
    'limit=%20',
    'status=' + 'paid&status='.repeat(900),
    `a=${'%41'.repeat(3_000)}`,
    '&'.repeat(5_000),
    `x=${'y'.repeat(20_000)}`,
    'after=%00',
    'updatedSince=0000-01-01T00:00:00Z',
    'updatedSince=9999-12-31T23:59:59.999999999Z',
    'month=0000-01',
    '%',
    '=&=',
    'program[]=a',
    'total=true&total=false',
    'dryRun=maybe',
  );
  return fc
    .oneof(pieces, tampered)
    .map((query) => attack('query', { ...request, target: `${bare}?${query}` }));
}

function inHeaders(request: Request): fc.Arbitrary<Attack> {
  const more: [string, string][][] = [
    [['Idempotency-Key', '']],
    [['Idempotency-Key', 'two words']],
    [['Idempotency-Key', 'x'.repeat(255)]],
    [['Idempotency-Key', 'x'.repeat(256)]],
    [
      ['Idempotency-Key', 'one'],
      ['Idempotency-Key', 'two'],
    ],
    [['Idempotency-Key', '\xe4\xff']],
    [['Idempotency-Key', "');--"]],
    [['Idempotency-Key', '__proto__']],
    [['Authorization', 'Bearer pps_dev_admin_ana']],
    [['Authorization', '']],
    [['Host', 'evil.example']],
    [['X-Forwarded-For', '127.0.0.1, \xff, ::1%eth0']],
    [['Forwarded', 'for="[::1]";host=evil']],
    [['X-HTTP-Method-Override', 'DELETE']],
    [['Accept', 'text/html;q=broken, */']],
    [['Accept-Encoding', 'gzip;q=2, \xff']],
    [['Range', 'bytes=0-1']],
    [['If-None-Match', '*']],
    [['Expect', '200-ok']],
    [['Upgrade', 'websocket']],
    [['Content-Length', '1']],
    [['Content-Length', '-1']],
    [['Transfer-Encoding', 'chunked']],
    [['Transfer-Encoding', 'gzip, chunked']],
    [['Broken Name', '1']],
    [['X-Nul', 'a\0b']],
    [['X-Feed', 'a\nX-Injected: 1']],
    [['X-Long', 'y'.repeat(20_000)]],
    Array.from({ length: 2_500 }, (_, index): [string, string] => [`X-${index}`, '1']),
    [['__proto__', '1']],
    [['Cookie', 'a=b; __proto__=1']],
    [['Content-Encoding', 'gzip']],
    [['Content-Type', 'text/plain']],
  ];
  return fc
    .constantFrom(...more)
    .map((headers) => attack('header', { ...request, headers: [...request.headers, ...headers] }));
}

function byMethod(request: Request): fc.Arbitrary<Attack> {
  return fc
    .constantFrom('PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'FOO', 'post', 'CONNECT')
    .map((method) => attack('method', { ...request, method }, false));
}

const NESTED = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
const BODIES = [
  '',
  'null',
  '1e999',
  '[[[[',
  NESTED,
  `{"a":${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}}`,
  '{"__proto__":{"role":"admin"},"constructor":{"prototype":{"a":1}}}',
  '{"note":"a","note":"b"}',
  '{"note":"\\u0000"}',
  '{"note":"\\ud800"}',
  '{"note":"\xff\xfe"}',
  '\xef\xbb\xbf{"note":"bom"}',
  '{"note":1e400,"speed":-0,"overlapHours":1e-400}',
  '{"advanceTo":"0000-01-01T00:00:00Z"}',
  '{"speed":1e400}',
  `{"note":"${'x'.repeat(70_000)}"}`,
  `{"note":${'9'.repeat(40_000)}}`,
  `{"answers":{${Array.from({ length: 4_000 }, (_, index) => `"${index}":1`).join()}}}`,
  '{"answers":{"__proto__":"a","\\u0000":"b","\\ud800":"c"}}',
  'note=a&note=b',
  '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
  '{"note": NaN}',
  "{'note': 1}",
];
const TYPES = [
  'application/json',
  'application/json; charset=utf-16',
  'application/json; charset="',
  'application/json; charset=utf-8; charset=latin1',
  'application/JSON;',
  'text/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/problem+json',
  '*/*',
  '',
];

function inBody(request: Request): fc.Arbitrary<Attack> {
  const others = request.headers.filter(([name]) => name !== 'Content-Type');
  const typed = (type: string, body: string, more: [string, string][] = []) => {
    const headers: [string, string][] = [...others, ['Content-Type', type], ...more];
    return attack(`body as ${type}`, { ...request, headers, body });
  };
  const exchanged = fc.constantFrom(...BODIES).map((body) => typed('application/json', body));
  const misnamed = fc
    .tuple(fc.constantFrom(...TYPES), fc.constantFrom(request.body ?? '{}', ...BODIES))
    .map(([type, body]) => typed(type, body));
  const packed = fc
    .constantFrom('gzip', 'deflate', 'br', 'identity', 'gzip, gzip', 'x')
    .map((encoding) =>
      typed('application/json', gzipSync(request.body ?? '{}').toString('latin1'), [
        ['Content-Encoding', encoding],
      ]),
    );
  const changed = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })).map(([index, byte]) => {
    const body = request.body ?? '{}';
    const at = index % Math.max(body.length, 1);
    return typed('application/json', body.slice(0, at) + String.fromCharCode(byte) + body.slice(at + 1));
  });
  return fc.oneof(exchanged, misnamed, packed, changed);
}
