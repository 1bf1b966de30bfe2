/** What is asked of every answer, whatever was sent. */
import type { TestService } from '../testService';
import { requireContract } from '../contract';
import type { Operation } from './operations';
import { exchange, type RawResponse } from './rawConnection';

/** Answers of Node itself, to what is no HTTP request: they have no body. */
const OF_THE_PARSER = [400, 408, 413, 417, 431, 501, 505];

/** Stacks, statements and places of ours, in a sentence that we wrote. */
const INSIDES =
  /\bat \S+ \(|node_modules|\.[jt]s:\d|\b(select|insert into|update|delete from) \w+|violates|pg_|relation "|127\.0\.0\.1|localhost|ECONN|undefined|\[object /i;

export interface Judge {
  /** Sends it, until it is answered with something else than a request to come again; throws for what must not be. */
  answerTo(bytes: Buffer, operation?: Operation): Promise<RawResponse | undefined>;
  /** How many answers there were, by status. */
  statuses: Record<string, number>;
}

export function createJudge(t: TestService, secrets: string[]): Judge {
  const statuses: Judge['statuses'] = {};
  return {
    statuses,
    async answerTo(bytes, operation) {
      const deadline = Date.now() + 60_000;
      for (;;) {
        const answer = await exchange(t.service.apiUrl, bytes);
        const status = String(answer?.status ?? 'none');
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (!answer) return undefined;
        requireDecent(answer, secrets);
        if (operation) requireDocumented(operation, answer);
        const comeAgain = answer.headers.has('retry-after') && answer.status !== 429;
        if (!comeAgain || Date.now() > deadline) {
          if (answer.status >= 500) throw new Error(`It answered ${answer.status}: ${answer.text}`);
          return answer;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
  };
}

function requireDecent({ status, headers, text }: RawResponse, secrets: string[]): void {
  if (status === 500 || status === 502 || status === 504) throw new Error(`It answered ${status}: ${text}`);
  const told = secrets.find((secret) => text.includes(secret));
  if (told !== undefined) throw new Error(`Its answer holds ${told}: ${text}`);
  if (text === '') return;
  const type = headers.get('content-type') ?? '';
  if (status >= 400) {
    if (!type.startsWith('application/problem+json'))
      throw new Error(`${status} is no problem but ${type}: ${text}`);
    const { title, detail } = JSON.parse(text) as { title: string; detail: string };
    if (INSIDES.test(`${title} ${detail}`)) throw new Error(`It tells of our insides: ${text}`);
  }
}

function requireDocumented({ method, path }: Operation, { status, headers, text }: RawResponse): void {
  if (text === '' && OF_THE_PARSER.includes(status)) return;
  requireContract(method, path, { status, headers, body: JSON.parse(text) as unknown });
}
