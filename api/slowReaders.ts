/** How long a reader may take nothing of its answer. Who waits for an answer that is being made is not cut off. */
import type { RequestHandler } from 'express';

/** For every request, before anything else. */
export function requireReading(timeoutMs: number): RequestHandler {
  return (_request, response, next) => {
    // Node calls back once nothing has been read or written for so long, and then leaves it to us.
    response.setTimeout(timeoutMs, () => {
      const { socket } = response.req;
      if (socket.writableLength > 0) socket.destroy();
      else socket.setTimeout(timeoutMs);
    });
    next();
  };
}
