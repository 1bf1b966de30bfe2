/**
 * The one outgoing HTTP function. One call, one connection, one address check, one time-out, no redirect, no retry:
 * a connection is never reused, so that a payment cannot fail on a stale one and "nothing was sent" stays provable.
 */
import { Client } from 'undici';
import { HttpError, type HttpErrorCode, type HttpPhase } from './httpError';
import { askNameServers, askTheMachine } from './names';
import { checkedLookup, InnerAddressError, isConnectable, literalAddress } from './publicAddress';
import { isWebhookUrl } from './webhookAddress';

export interface HttpOptions {
  /**
   * Exact origins, e.g. `https://business-api.tiktok.com`; a path or a trailing slash is an error. Or, where strangers
   * say what is called, every one that a webhook may have (webhookAddress.ts); names are then known by DNS alone.
   */
  allowedOrigins: string[] | 'any of a webhook';
  /** Lets these origins be loopback addresses: for development and tests. Never opens another inner address. */
  allowLoopback: boolean;
  userAgent?: string;
  /** Whom to ask where a webhook goes, as `127.0.0.1:53`. Default: the name servers of the machine. */
  nameServers?: readonly string[] | undefined;
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  body?: string;
  /** Name resolution, TCP and TLS. Default 5 s; never longer than `timeoutMs`. */
  connectTimeoutMs?: number;
  /** The whole call with connecting and reading the body. */
  timeoutMs: number;
  /** Cap on the body that is read. */
  maxBytes: number;
  /** The answer's body is of no interest, however long or broken: it comes back empty. */
  statusOnly?: boolean;
}

export interface HttpAnswer {
  /** Every status is an answer, 3xx, 4xx and 5xx too. */
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface Http {
  /** Rejects with HttpError only. */
  request(request: HttpRequest): Promise<HttpAnswer>;
  /** Breaks off calls under way and refuses later ones. */
  close(): void;
}

export function createHttp({
  allowedOrigins,
  allowLoopback,
  userAgent = 'pps-incentives',
  nameServers,
}: HttpOptions): Http {
  const isAllowed = judgeOf(allowedOrigins, allowLoopback);
  const resolve = allowedOrigins === 'any of a webhook' ? askNameServers(nameServers) : askTheMachine;
  const lookup = checkedLookup(resolve, allowLoopback);
  const underWay = new Set<() => void>();
  let closed = false;

  /** The URL, if it may be called; throws `refused` otherwise. */
  function checkUrl(request: HttpRequest): { url: URL; call: string } {
    if (!URL.canParse(request.url))
      throw new HttpError('refused', 'ORIGIN_NOT_ALLOWED', request.method, 'not a URL');
    const url = new URL(request.url);
    const call = `${request.method} ${url.origin}${url.pathname}`;
    if (closed) throw new HttpError('refused', 'CLOSED', call);
    if (!isAllowed(url) || url.username !== '' || url.password !== '') {
      throw new HttpError('refused', 'ORIGIN_NOT_ALLOWED', call);
    }
    // No resolver is asked about a literal address, so it is checked here.
    const literal = literalAddress(url.hostname);
    if (literal !== undefined && !isConnectable(literal, allowLoopback)) {
      throw new HttpError('refused', 'ADDRESS_NOT_ALLOWED', call);
    }
    return { url, call };
  }

  function exchange(url: URL, call: string, request: HttpRequest): Promise<HttpAnswer> {
    const connectTimeoutMs = Math.min(request.connectTimeoutMs ?? 5_000, request.timeoutMs);
    return new Promise((resolve, reject) => {
      const client = new Client(url.origin, {
        pipelining: 0, // "connection: close"
        headersTimeout: 0, // this function's own timers cover the whole call
        bodyTimeout: 0,
        connect: { lookup, timeout: connectTimeoutMs },
      });
      let phase: HttpPhase = 'connect';
      let over = false;
      let status = 0;
      let headers: HttpAnswer['headers'] = {};
      let length = 0;
      const chunks: Buffer[] = [];

      /** True for whoever ends the call first; the socket goes with it. */
      const end = (): boolean => {
        if (over) return false;
        over = true;
        clearTimeout(connectTimer);
        clearTimeout(timer);
        underWay.delete(abandon);
        void client.destroy();
        return true;
      };
      const fail = (at: HttpPhase, code: HttpErrorCode, detail?: string) => {
        if (!end()) return;
        if (request.statusOnly && status !== 0) resolve({ status, headers, body: '' });
        else reject(new HttpError(at, code, call, detail));
      };
      const abandon = () => fail(phase, 'CLOSED');
      const connectTimer = setTimeout(() => fail(phase, 'TIMED_OUT', 'connecting'), connectTimeoutMs);
      const timer = setTimeout(() => fail(phase, 'TIMED_OUT'), request.timeoutMs);
      underWay.add(abandon);

      client.dispatch(
        {
          method: request.method,
          path: url.pathname + url.search,
          headers: {
            ...lowerCased(request.headers),
            'user-agent': userAgent,
            'accept-encoding': 'identity',
          },
          body: request.body ?? null,
        },
        {
          // Called when the connection stands, before the first byte is written; an abort here writes nothing.
          onRequestStart(controller) {
            // A second start would be a request sent again: never.
            if (over || phase === 'sent') return controller.abort(new Error('abandoned'));
            phase = 'sent';
            clearTimeout(connectTimer);
          },
          onResponseStart(_controller, answerStatus, answerHeaders) {
            if (answerStatus < 200) return; // 1xx: the answer comes later
            status = answerStatus;
            headers = answerHeaders;
            const encoding = String(answerHeaders['content-encoding'] ?? 'identity').toLowerCase();
            if (encoding !== 'identity' && !request.statusOnly) fail('sent', 'ANSWER_ENCODED');
          },
          onResponseData(_controller, chunk) {
            length += chunk.length;
            if (length > request.maxBytes)
              fail('sent', 'ANSWER_TOO_LARGE', `more than ${request.maxBytes} bytes`);
            else if (!over && !request.statusOnly) chunks.push(chunk);
          },
          onResponseEnd() {
            if (end()) resolve({ status, headers, body: Buffer.concat(chunks).toString('utf8') });
          },
          onResponseError(_controller, error) {
            fail(...classify(phase, error));
          },
        },
      );
    });
  }

  return {
    async request(request) {
      const { url, call } = checkUrl(request);
      return exchange(url, call, request);
    },
    close() {
      closed = true;
      for (const abandon of [...underWay]) abandon();
    },
  };
}

function judgeOf(allowed: HttpOptions['allowedOrigins'], allowLoopback: boolean): (url: URL) => boolean {
  if (allowed === 'any of a webhook') return (url) => isWebhookUrl(url, allowLoopback);
  const origins = new Set(allowed.map(parseOrigin));
  return ({ origin }) => origins.has(origin);
}

/** An origin as browsers spell it, or an error that says how to write it. */
function parseOrigin(text: string): string {
  const origin = URL.canParse(text) ? new URL(text).origin : 'https://host';
  if (origin !== text || !/^https?:/.test(origin))
    throw new Error(`Write an allowed origin like ${origin}, not ${text}`);
  return text;
}

function classify(
  phase: HttpPhase,
  error: Error & { code?: string; syscall?: string },
): [HttpPhase, HttpErrorCode, string | undefined] {
  if (phase === 'sent') return ['sent', 'CONNECTION_LOST', error.code];
  if (error instanceof InnerAddressError) return ['refused', 'ADDRESS_NOT_ALLOWED', undefined];
  if (error.code === 'UND_ERR_INVALID_ARG') return ['refused', 'INVALID_REQUEST', undefined];
  if (error.code === 'UND_ERR_CONNECT_TIMEOUT') return ['connect', 'TIMED_OUT', 'connecting'];
  // Of the machine: getaddrinfo; of name servers: queryA, queryAaaa.
  if (/^(getaddrinfo|query)/.test(error.syscall ?? '')) return ['connect', 'NAME_NOT_RESOLVED', error.code];
  return ['connect', 'NOT_CONNECTED', error.code];
}

function lowerCased(headers: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
