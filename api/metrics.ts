/**
 * What the API tells of its requests. Labels are closed sets: operations, classes of status, codes of problems; a path, an id
 * or a key is never one.
 */
import type { Request, RequestHandler, Response } from 'express';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { principalOf } from './authentication';

const BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function measureRequests(registry: Registry): RequestHandler {
  const registers = [registry];
  const requests = new Counter({
    name: 'pps_http_requests_total',
    help: 'Requests by operation of the OpenAPI document and class of the answer; aborted: the client did not wait for it.',
    labelNames: ['operation', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'pps_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer, by operation.',
    labelNames: ['operation'],
    buckets: BUCKETS_S,
    registers,
  });
  const inFlight = new Gauge({
    name: 'pps_http_requests_in_flight',
    help: 'Requests that are being answered.',
    registers,
  });
  const problems = new Counter({
    name: 'pps_http_problems_total',
    help: 'Answers that are problems, by code.',
    labelNames: ['code'],
    registers,
  });
  const limited = new Counter({
    name: 'pps_http_rate_limited_total',
    help: 'Requests refused by a rate limit: that of a key, or that of an address without a valid one.',
    labelNames: ['limit'],
    registers,
  });
  const replays = new Counter({
    name: 'pps_http_idempotent_replays_total',
    help: 'Writes that were answered with the kept answer of an equal request, by operation.',
    labelNames: ['operation'],
    registers,
  });

  return (request, response, next) => {
    const end = durations.startTimer();
    inFlight.inc();
    // Unlike `finish` it also comes when the client goes away.
    response.once('close', () => {
      const operation = operationOf(request, response);
      inFlight.dec();
      end({ operation });
      requests.inc({ operation, status: statusClassOf(response) });
      const code = response.locals['problemCode'] as string | undefined;
      if (code !== undefined) problems.inc({ code });
      if (response.statusCode === 429) limited.inc({ limit: principalOf(response) ? 'key' : 'address' });
      if (response.getHeader('Idempotency-Replayed') === 'true') replays.inc({ operation });
    });
    next();
  };
}

/** The dispatcher notes it when a route matches; whatever else is asked for has one of three names. */
function operationOf({ path }: Request, response: Response): string {
  const operation = response.locals['operationId'] as string | undefined;
  if (operation !== undefined) return operation;
  if (path === '/healthz' || path === '/readyz') return 'health';
  if (path === '/openapi.json' || path === '/docs' || path.startsWith('/docs/')) return 'documentation';
  return 'unknown';
}

function statusClassOf({ statusCode, writableFinished }: Response): string {
  return writableFinished ? `${Math.floor(statusCode / 100)}xx` : 'aborted';
}
