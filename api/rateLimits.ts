/**
 * How many requests a minute: of each key; and of strangers, from each address, how many attempts. Counted in this process:
 * n of them let n times as many pass. The attempts of strangers never count against a key that is valid, whatever address it
 * comes from: many systems may share one, and a key of 256 random bits cannot be guessed.
 */
import type { Request, RequestHandler, Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import { principalOf } from './authentication';
import type { ApiContext } from './context';
import { Problem } from './problem';

export interface RateLimits {
  perKey: number;
  /** Without a valid key. */
  perAddress: number;
}

const WINDOW_MS = 60_000;

export interface Limiters {
  /** For a request whose principal is known. */
  ofKeys: RequestHandler;
  /** For one that has none. */
  ofStrangers: RequestHandler;
}

/** Somebody whom `authenticate` refuses with a 401 is told so, or that it is too much. */
export function limitStrangers(
  { ofStrangers }: Limiters,
  authenticate: (request: Request, response: Response) => Promise<void>,
): RequestHandler {
  return async (request, response, next) => {
    try {
      await authenticate(request, response);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      await ofStrangers(request, response, (limited?: unknown) => next(limited ?? error));
      return;
    }
    next();
  };
}

export function createLimiters(context: ApiContext): Limiters {
  const common = {
    windowMs: WINDOW_MS,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    // The header is ignored unless TRUST_PROXY names who may send it; that it comes is no mistake of ours.
    validate: { xForwardedForHeader: false, forwardedHeader: false },
    handler: (_request: Request, response: Response) => {
      const problem = new Problem('TOO_MANY_REQUESTS', 'Wait until the time in Retry-After is over.');
      // The library has set the header already.
      problem.retryAfter = Number(response.getHeader('Retry-After') ?? WINDOW_MS / 1_000);
      throw problem;
    },
  } as const;
  return {
    ofKeys: rateLimit({
      ...common,
      identifier: 'key',
      limit: () => context.rateLimits.perKey,
      keyGenerator: (_request, response) => principalOf(response)!.keyId,
    }),
    ofStrangers: rateLimit({
      ...common,
      identifier: 'address',
      limit: () => context.rateLimits.perAddress,
    }),
  };
}
