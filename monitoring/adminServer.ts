/**
 * The admin port of a process, for those who run it: `/healthz`, `/readyz`, `/metrics`. It asks nobody who he is, so it is
 * bound to loopback unless a setting says otherwise, and is never the port that callers use.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import type { Logger } from '../settings/logger';
import type { AdminPort } from '../settings/settings';
import type { AskReadiness } from './readiness';

export interface Monitored {
  readiness: AskReadiness;
  /** All metrics of the process in Prometheus' text format. */
  metrics(): Promise<string>;
  logger: Logger;
}

const CONTENT_TYPE: Registry['contentType'] = 'text/plain; version=0.0.4; charset=utf-8';
const TIMEOUT_MS = 10_000;
/** More than any answer takes. */
const CLOSING_MS = 5_000;

/** Ends the process with a message that says what to do if the port cannot be had. */
export function serveAdmin({ host, port, portVariable }: AdminPort, monitored: Monitored): Server {
  const server = createServer(
    { requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS },
    (request, response) => {
      answer(request.url ?? '/', response, monitored).catch((err: unknown) => {
        monitored.logger.warn({ err, path: request.url }, 'the admin port could not answer');
        send(response, 500, 'application/json', JSON.stringify({ status: 'failed' }));
      });
    },
  );
  server.on('error', (error: NodeJS.ErrnoException) => {
    console.error(
      error.code === 'EADDRINUSE'
        ? `Port ${port} is taken. Set ${portVariable} to another one.`
        : error.message,
    );
    process.exit(1);
  });
  return server.listen(port, host);
}

/** Resolves when what it was asked is answered: until then PostgreSQL and Temporal may be in use. */
export function closeAdmin(server: Server): Promise<void> {
  setTimeout(() => server.closeAllConnections(), CLOSING_MS).unref();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function answer(url: string, response: ServerResponse, monitored: Monitored): Promise<void> {
  const json = (status: number, body: object) =>
    send(response, status, 'application/json', JSON.stringify(body));
  switch (url.split('?')[0]) {
    case '/healthz':
      return json(200, { status: 'ok' });
    case '/readyz': {
      const { ready, checks } = await monitored.readiness();
      return json(ready ? 200 : 503, checks);
    }
    case '/metrics':
      return send(response, 200, CONTENT_TYPE, await monitored.metrics());
    default:
      return json(404, { status: 'not found' });
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
