/**
 * The running service, over its HTTP API: PPS_URL says where it is, PPS_API_KEY who asks. A request that got no answer, or
 * the answer that it may succeed later, is sent again with the same idempotency key: it is done once.
 */
import { randomUUID } from 'node:crypto';
import { CommandFailure, wrongUsage } from './failure';
import { complain, isTerminal } from './terminal';

/** A list is named once for each of its values. */
type Query = Record<string, string | readonly string[] | undefined>;

export interface Service {
  /** Throws CommandFailure. */
  get<T>(path: string, query?: Query): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  /** A file, while it comes; what breaks off on the way is an error of reading it. Throws CommandFailure. */
  download(path: string, query: Query): Promise<AsyncIterable<Uint8Array>>;
  /** Sends a file once. */
  upload<T>(path: string, query: Query, file: SentFile): Promise<Answered<T>>;
}

export interface SentFile {
  type: string;
  /** Idempotency key. */
  key: string;
  content: AsyncIterable<Uint8Array>;
}

const DEFAULT_URL = 'http://127.0.0.1:8080';
/** The service speaks of the header, which is not the user's to write. */
const UNKNOWN_KEY =
  'The service does not know the API key in PPS_API_KEY, or it is revoked or expired: put a valid one there.';
/** Longer than the service takes for any answer. */
const TIMEOUT_MS = 30_000;
/** Between tries, where the service does not say how long. */
const PAUSES_S = [1, 2, 4];
const LONGEST_PAUSE_S = 30;

/** Throws CommandFailure unless the environment says where the service is and who asks. */
export function openService(environment: NodeJS.ProcessEnv = process.env): Service {
  const url = serviceUrl(environment['PPS_URL'] || DEFAULT_URL);
  const key = environment['PPS_API_KEY'];
  if (!key) {
    throw wrongUsage(
      'PPS_API_KEY is not set: put the API key with which you ask into it. (`npm start` prints those of the development service.)',
    );
  }
  if (!/^[\x21-\x7e]+$/.test(key))
    throw wrongUsage('PPS_API_KEY is no API key: it holds spaces or line ends.');
  const authorization = `Bearer ${key}`;
  const targetOf = (path: string, query: Query = {}) => {
    const target = new URL(`.${path}`, url);
    for (const [name, value] of Object.entries(query)) {
      for (const one of [value ?? []].flat()) target.searchParams.append(name, one);
    }
    return target;
  };
  const headers = () => ({ authorization, 'idempotency-key': randomUUID() });
  const asJson = { 'content-type': 'application/json' };
  return {
    get: async <T>(path: string, query?: Query) => {
      const request = { method: 'GET', headers: headers() };
      return (await untilAnswered(() => askForJson(targetOf(path, query), { ...request, ...inTime() }))) as T;
    },
    post: async <T>(path: string, body: unknown) => {
      const request = {
        method: 'POST',
        headers: { ...headers(), ...asJson },
        body: JSON.stringify(body),
      };
      return (await untilAnswered(() => askForJson(targetOf(path), { ...request, ...inTime() }))) as T;
    },
    download: (path, query) =>
      untilAnswered(() => askForFile(targetOf(path, query), { method: 'GET', headers: headers() })),
    upload: async <T>(path: string, query: Query, { type, key: name, content }: SentFile) => {
      // Node 20's own never comes back from a connection that is closed at once while it sends a stream.
      const { fetch: send } = await import('undici');
      const request = {
        method: 'POST',
        headers: { authorization, 'idempotency-key': name, 'content-type': type },
        body: content,
        duplex: 'half',
        // No time-out: the service cuts off a file that stands still.
      };
      return (await askForJson(
        targetOf(path, query),
        request as unknown as RequestInit,
        send as unknown as typeof fetch,
      )) as Answered<T>;
    },
  };
}

/** An API key goes to another machine only where nobody on the way can read it. */
function serviceUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw wrongUsage(`PPS_URL: "${text}" is no address of a service; write one such as ${DEFAULT_URL}.`);
  }
  const isHere = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url.protocol === 'http:' && !isHere) {
    throw wrongUsage(
      `PPS_URL: ${url.origin} would get the API key in clear text; write https://${url.host}.`,
    );
  }
  if (/\/v1\/?$/.test(url.pathname)) {
    throw wrongUsage(
      `PPS_URL: "${text}" ends in /v1, which pps adds itself; write ${url.href.replace(/\/v1\/?$/, '')}.`,
    );
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

async function untilAnswered<T>(ask: () => Promise<Answered<T>>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask();
    if (answer.kind === 'done') return answer.body;
    const pause = PAUSES_S[tries];
    if (answer.kind === 'refused' || pause === undefined) throw answer.failure;
    await pauseBefore(answer, pause);
  }
}

/** For as long as the service says, or else so long; says so on a terminal. */
export async function pauseBefore({ failure, retryAfter }: Later, pauseS: number): Promise<void> {
  const seconds = Math.min(retryAfter ?? pauseS, LONGEST_PAUSE_S);
  if (isTerminal()) complain([`${failure.lines[0]} Trying again in ${seconds} s ...`]);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}

export interface Later {
  kind: 'later';
  failure: CommandFailure;
  retryAfter?: number;
}
export type Answered<T> = { kind: 'done'; body: T } | { kind: 'refused'; failure: CommandFailure } | Later;

const inTime = () => ({ signal: AbortSignal.timeout(TIMEOUT_MS) });

async function askForJson(
  target: URL,
  request: RequestInit,
  send: typeof fetch = fetch,
): Promise<Answered<unknown>> {
  let response: Response;
  let text: string;
  try {
    response = await send(target, { ...request, redirect: 'error' });
    text = await response.text();
  } catch (error) {
    return unreached(target, error);
  }
  const body = parsed(text);
  if (response.ok && body !== undefined) return { kind: 'done', body };
  return failed(target, response, body);
}

async function askForFile(target: URL, request: RequestInit): Promise<Answered<AsyncIterable<Uint8Array>>> {
  const begun = new AbortController();
  const timer = setTimeout(() => begun.abort(new DOMException('', 'TimeoutError')), TIMEOUT_MS);
  try {
    const response = await fetch(target, { ...request, signal: begun.signal, redirect: 'error' });
    if (response.ok && response.body)
      return { kind: 'done', body: response.body as unknown as AsyncIterable<Uint8Array> };
    return failed(target, response, parsed(await response.text()));
  } catch (error) {
    return unreached(target, error);
  } finally {
    clearTimeout(timer);
  }
}

function unreached(target: URL, error: unknown): Later {
  const sentence = `The service at ${target.origin} cannot be reached (${reasonOf(error)}). Is it running, and is PPS_URL right?`;
  return { kind: 'later', failure: new CommandFailure(4, [sentence], { cause: error }) };
}

function failed(
  target: URL,
  response: Response,
  body: unknown,
): Exclude<Answered<unknown>, { kind: 'done' }> {
  const problem = problemIn(body);
  if (!problem) {
    const sentence = `${target.origin} answered ${response.status}, but not as this service does. Is PPS_URL right?`;
    return { kind: 'refused', failure: new CommandFailure(4, [sentence]) };
  }
  const retryAfter = Number(response.headers.get('retry-after')) || undefined;
  const isLater = response.status >= 500 || response.status === 429 || problem.code === 'REQUEST_IN_FLIGHT';
  const failure = new CommandFailure(isLater ? 4 : 3, [
    problem.code === 'UNAUTHENTICATED' ? UNKNOWN_KEY : problem.detail,
    ...errorsBeside(problem).map(({ pointer, message }) => `  ${pointer || 'body'}: ${message}`),
    `(${response.status} ${problem.code}, request ${problem.requestId})`,
  ]);
  if (!isLater) return { kind: 'refused', failure };
  return { kind: 'later', failure, ...(retryAfter !== undefined && { retryAfter }) };
}

interface ProblemAnswer {
  code: string;
  detail: string;
  requestId: string;
  errors?: { pointer: string; message: string }[];
}

/** A rule that is about one field is the sentence itself: it is not said twice. */
function errorsBeside({ detail, errors = [] }: ProblemAnswer) {
  return errors.length === 1 ? errors.filter(({ message }) => message !== detail) : errors;
}

function problemIn(body: unknown): ProblemAnswer | undefined {
  const problem = body as Partial<ProblemAnswer> | null | undefined;
  return problem && typeof problem.code === 'string' && typeof problem.detail === 'string'
    ? (problem as ProblemAnswer)
    : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What fetch tells is in its cause. */
function reasonOf(error: unknown): string {
  const { name, cause } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1_000} s`;
  return cause?.code ?? cause?.message ?? (error as Error).message;
}
