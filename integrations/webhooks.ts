/** Sends webhooks by the Standard Webhooks scheme (standardwebhooks.com). A failure is an outcome, never an error. */
import { Webhook } from 'standardwebhooks';
import type { Http } from './http';
import { HttpError } from './httpError';

export interface WebhookMessage {
  /** The same for each attempt: the receiver knows by it what it has. */
  id: string;
  url: string;
  /** Byte for byte what is signed and sent. */
  body: string;
  /** All that hold: after a rotation the receiver may know either. */
  secrets: readonly string[];
}

export type WebhookOutcome =
  | { kind: 'delivered'; status: number }
  /** The receiver wants no more of them, ever. */
  | { kind: 'gone'; status: number; error: string }
  | { kind: 'failed'; status: number | null; error: string; retryAfterMs: number | undefined };

export type SendWebhook = (message: WebhookMessage) => Promise<WebhookOutcome>;

/** With connecting; the lease of a delivery is longer (worker/webhooks.ts). */
const TIMEOUT_MS = 10_000;
/** Of an answer that nobody reads. */
const MAX_BYTES = 16_384;

export function createWebhookSender(http: Http): SendWebhook {
  return async ({ id, url, body, secrets }) => {
    const at = new Date();
    const signatures = secrets.map((secret) => new Webhook(secret).sign(id, at, body));
    try {
      const { status, headers } = await http.request({
        method: 'POST',
        url,
        body,
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
          'webhook-signature': signatures.join(' '),
        },
        timeoutMs: TIMEOUT_MS,
        maxBytes: MAX_BYTES,
        statusOnly: true,
      });
      return outcomeOf(status, headers['retry-after'], at);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      // The code alone: which address a name led to is not for the log of a subscriber.
      return { kind: 'failed', status: null, error: error.code, retryAfterMs: undefined };
    }
  };
}

/** Any 2xx is success; a redirect is none, and is not followed. */
function outcomeOf(status: number, retryAfter: string | string[] | undefined, at: Date): WebhookOutcome {
  if (status >= 200 && status < 300) return { kind: 'delivered', status };
  if (status === 410) return { kind: 'gone', status, error: 'GONE' };
  const error = status >= 300 && status < 400 ? 'REDIRECT' : 'NOT_ACCEPTED';
  return { kind: 'failed', status, error, retryAfterMs: millisecondsIn(retryAfter, at) };
}

/** Seconds or a date (RFC 9110). */
function millisecondsIn(retryAfter: string | string[] | undefined, now: Date): number | undefined {
  if (typeof retryAfter !== 'string') return undefined;
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1_000;
  const at = Date.parse(retryAfter);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}
