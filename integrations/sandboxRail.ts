/**
 * The payout rail that pays nobody: it speaks to dev/sandbox. Like the real one it knows no idempotency, a second call
 * pays a second time. So every answer but a clear one is `unknown`, and nothing here tries again.
 */
import { z } from 'zod';
import type { PayoutLookUp, PayoutOutcome, PayoutRequest } from '../program/payout';
import { ThirdPartyError } from '../program/thirdPartyError';
import type { Http, HttpAnswer } from './http';
import { readJson } from './readJson';
import { unreachable } from './unreachable';

export interface SandboxRailOptions {
  http: Http;
  /** Of the rail, e.g. `http://127.0.0.1:4010/rail`. */
  baseUrl: string;
  /** Default 10 s. */
  callTimeoutMs?: number;
  /** Default 2 s. */
  lagMs?: number;
}

export interface SandboxRail {
  name: 'sandbox';
  /** After this long a call is given up and its socket closed. */
  callTimeoutMs: number;
  /** How long after its execution a payment may still be missing from look-ups. */
  lagMs: number;
  /** One call, never repeated. Never rejects: what is not clear is `unknown`. */
  pay(request: PayoutRequest): Promise<PayoutOutcome>;
  /**
   * What the rail knows under the request's reference. The whole request is needed to see whether a payment found
   * there is the one asked for. Throws ThirdPartyError when the rail could not be asked.
   */
  lookUp(request: PayoutRequest): Promise<PayoutLookUp>;
}

const payment = z.object({
  id: z.string().min(1).max(100),
  reference: z.string(),
  advertiserId: z.string(),
  amountMinor: z.number().int(),
  currency: z.string(),
  state: z.enum(['paid', 'pending', 'refused']),
  code: z.string().max(100).optional(),
  message: z.string().max(200).optional(),
});
type Payment = z.infer<typeof payment>;

const payments = z.object({ payouts: z.array(payment) });

const MAX_BYTES = 1_000_000;

export function createSandboxRail(options: SandboxRailOptions): SandboxRail {
  const { http, baseUrl, callTimeoutMs = 10_000, lagMs = 2_000 } = options;
  const limits = { timeoutMs: callTimeoutMs, maxBytes: MAX_BYTES };

  return {
    name: 'sandbox',
    callTimeoutMs,
    lagMs,

    async pay(request) {
      const { reference, advertiserId, amountMinor, currency } = request;
      let answer: HttpAnswer;
      try {
        answer = await http.request({
          method: 'POST',
          url: `${baseUrl}/payouts`,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ reference, advertiserId, amountMinor, currency }),
          ...limits,
        });
      } catch (error) {
        return { outcome: 'unknown', evidence: (error as Error).message };
      }
      if (answer.status !== 201)
        return { outcome: 'unknown', evidence: `the rail answered HTTP ${answer.status}` };
      const made = readJson(payment, answer.body);
      if (!made)
        return { outcome: 'unknown', evidence: 'the rail answered HTTP 201, not readable as a payment' };
      return judge(made, request);
    },

    async lookUp(request) {
      let answer: HttpAnswer;
      try {
        answer = await http.request({
          method: 'GET',
          url: `${baseUrl}/payouts?${new URLSearchParams({ reference: request.reference }).toString()}`,
          ...limits,
        });
      } catch (error) {
        throw unreachable('sandbox_rail', error);
      }
      const found = answer.status === 200 ? readJson(payments, answer.body)?.payouts : undefined;
      if (!found) {
        const message = `The rail answered a look-up with HTTP ${answer.status}, not with a list of payments. Ask again later.`;
        throw new ThirdPartyError('sandbox_rail', true, 'UNREADABLE_ANSWER', message);
      }
      const [first, ...others] = found;
      if (!first) return { outcome: 'absent', evidence: 'the rail lists no payment of this reference' };
      if (others.length > 0) {
        const ids = found.slice(0, 10).map(({ id }) => id);
        return {
          outcome: 'unknown',
          evidence: `contradictory: ${found.length} payments of one reference, ${ids.join(', ')}`,
        };
      }
      return judge(first, request);
    },
  };
}

/** A payment of the rail's as an answer to this request, if it is one. */
function judge(made: Payment, request: PayoutRequest): PayoutOutcome {
  const differing = (['reference', 'advertiserId', 'amountMinor', 'currency'] as const).filter(
    (field) => made[field] !== request[field],
  );
  if (differing.length > 0) {
    return { outcome: 'unknown', evidence: `contradictory: ${made.id} has another ${differing.join(', ')}` };
  }
  switch (made.state) {
    case 'paid':
      return { outcome: 'paid', railPaymentId: made.id };
    case 'pending':
      return { outcome: 'pending', evidence: `accepted as ${made.id}, not executed yet` };
    case 'refused':
      return {
        outcome: 'refused',
        code: made.code ?? 'REFUSED',
        evidence: `${made.id} refused${made.message === undefined ? '' : `: ${made.message}`}`,
      };
  }
}
