/** Health of the worker process, for whoever supervises it. */
import { createServer, type Server } from 'node:http';
import type { Logger } from '../settings/logger';

/** `/healthz`: the process lives. `/readyz`: 200 while both workers poll. */
export function serveHealth(host: string, port: number, isReady: () => boolean, logger: Logger): Server {
  const server = createServer((request, response) => {
    const ready = request.url === '/readyz' ? isReady() : true;
    const known = request.url === '/readyz' || request.url === '/healthz';
    response.writeHead(known ? (ready ? 200 : 503) : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ status: ready ? 'ok' : 'not ready' }));
  });
  server.on('error', (error: NodeJS.ErrnoException) => {
    const taken = `Port ${port} is taken. Set WORKER_HEALTH_PORT to another one.`;
    logger.fatal(error.code === 'EADDRINUSE' ? taken : error.message);
    process.exit(1);
  });
  return server.listen(port, host);
}
