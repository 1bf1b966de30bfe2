/** A caller of the HTTP API, for demo and tests. */

export interface ApiAnswer<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: T;
}

export interface ApiClient {
  get<T = Enrollment>(path: string): Promise<ApiAnswer<T>>;
  post<T = Enrollment>(path: string, body: unknown, idempotencyKey?: string): Promise<ApiAnswer<T>>;
}

/** The part of an enrollment's answer that demo and tests look at. */
export interface Enrollment {
  id: string;
  status: string;
  statusText: string;
  reasonCodes: string[];
  waitingFor: { who: string; what: string; by: string | null }[];
  calculationMonth: string;
  calculationDate: string;
  payoutDate: string;
  advertiserId: string;
  partnerApiKey: { lastFour: string } | null;
  credit: {
    amountMinor: number;
    currency: string;
    display: string;
    lines?: CreditLine[];
    spend?: SpendAnswer;
  } | null;
  onHold: { since: string; reasonCode: string } | null;
  approval: { statementId: string; causes: string[]; since: string; decided: unknown } | null;
  supersededBy: string | null;
  workflowId: string;
  temporalUiUrl?: string;
  code?: string;
  detail?: string;
}

export interface CreditLine {
  text: string;
  amount: { amountMinor: number; display: string };
}

export interface SpendAnswer {
  amountMinor: number;
  display: string;
  asOf: string;
}

export interface TimelineItem {
  at: string;
  type: string;
  actor: { role: string; id: string };
  details: Record<string, unknown>;
}

/** Sees every answer before its asker does; what it throws, the asker gets. */
export type Witness = (method: string, path: string, answer: ApiAnswer<unknown>) => void;

export function createApiClient(apiUrl: string, key: string, witness?: Witness): ApiClient {
  async function call<T>(
    method: string,
    path: string,
    body?: unknown,
    idempotencyKey?: string,
  ): Promise<ApiAnswer<T>> {
    const response = await fetch(apiUrl + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        // One that idles may be closed by the server just when the next request is sent on it.
        connection: 'close',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const answer = { status: response.status, headers: response.headers, body: (await response.json()) as T };
    witness?.(method, path, answer);
    return answer;
  }
  return {
    get: (path) => call('GET', path),
    post: (path, body, idempotencyKey) => call('POST', path, body, idempotencyKey),
  };
}

/**
 * Asks until `isThere` holds; throws with the last answer when that takes too long. The default is for a machine that is
 * many times slower than ours: it says that something will not come, not how soon it should.
 */
export async function eventually<T>(
  ask: () => Promise<T>,
  isThere: (answer: T) => boolean,
  timeoutMs = 45_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (isThere(answer)) return answer;
    if (Date.now() > deadline)
      throw new Error(`Did not happen in ${timeoutMs} ms; the last answer was ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
