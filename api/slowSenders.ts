/**
 * How long a sender may take: a request has to be there in time, headers and body; a file has only to go on. Node's own
 * `requestTimeout` knows no such difference, so it is switched off (main.ts) and this is in its place.
 */
import type { IncomingMessage } from 'node:http';
import type { RequestHandler, Response } from 'express';
import { Problem, sendProblem } from './problem';

/** For every request, before anything else. */
export function requireInTime(timeoutMs: number): RequestHandler {
  return (request, response, next) => {
    limitTime(request, response, timeoutMs);
    next();
  };
}

/** What has arrived of a body, as it arrives. Whoever sends nothing for so long, while more is awaited, is cut off. */
export async function* arriving(
  request: IncomingMessage,
  response: Response,
  silenceMs: number,
): AsyncGenerator<Buffer, undefined> {
  clearTimeout(response.locals['deadline'] as NodeJS.Timeout);
  // Whoever stops reading wants to answer yet.
  const chunks = request.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const silence = setTimeout(() => cutOff(response), silenceMs);
      const { done, value } = (await chunks.next().finally(() => clearTimeout(silence))) as IteratorResult<
        Buffer,
        undefined
      >;
      if (done) return;
      yield value;
    }
  } finally {
    await chunks.return?.();
    if (!request.complete) {
      // What was not read is let past for a while, or its sender would be cut off before it has read the answer.
      limitTime(request, response, silenceMs);
      request.resume();
    }
  }
}

function limitTime(request: IncomingMessage, response: Response, timeoutMs: number): void {
  const timer = setTimeout(() => {
    if (!request.complete) cutOff(response);
  }, timeoutMs);
  response.locals['deadline'] = timer;
  request.once('close', () => clearTimeout(timer));
}

function cutOff(response: Response): void {
  const { socket } = response.req;
  if (response.headersSent) {
    socket.destroy();
    return;
  }
  const problem = new Problem('REQUEST_TIMEOUT', 'The request did not arrive in time. Send it again.');
  response.once('finish', () => socket.destroySoon()).setHeader('Connection', 'close');
  sendProblem(response, problem.status, problem.toJSON());
}
