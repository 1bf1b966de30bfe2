/** The requests that a bench sends, over connections that are kept as callers keep them. */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'undici';
import { DEVELOPMENT_KEYS } from '../../dev/settings';
import { ADVERTISER, type TestService } from '../../test/support/testService';

const CONNECTIONS = 64;
const TIMEOUT_MS = 30_000;

export interface Requests {
  create: () => Promise<void>;
  /** Of the enrollment that has waited longest for it; throws when none is left. */
  confirm: () => Promise<void>;
  completeQuestionnaire: () => Promise<void>;
  /** Of any enrollment. */
  read: () => Promise<void>;
  /** Each of the enrollments takes one confirmation and one questionnaire. */
  created(): number;
  close(): Promise<void>;
}

export function openRequests(t: TestService): Requests {
  const agent = new Agent({ connections: CONNECTIONS, pipelining: 1, keepAliveTimeout: 1_000 });
  const ids: string[] = [];
  const [unconfirmed, unanswered]: [string[], string[]] = [[], []];

  async function ask(role: string, method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    const { statusCode, body: answer } = await request(t.service.apiUrl + path, {
      dispatcher: agent,
      method,
      headers: {
        authorization: `Bearer ${keyOf(role)}`,
        ...(body !== undefined && { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    const text = await answer.text();
    if (statusCode >= 300) throw new Error(`${statusCode} ${(JSON.parse(text) as { code: string }).code}`);
    return JSON.parse(text);
  }

  const oldest = (queue: string[]) => {
    const id = queue.shift();
    if (id === undefined) throw new Error('no enrollment is left for it');
    return `/v1/enrollments/${id}`;
  };

  return {
    async create() {
      const { id } = (await ask('caller', 'POST', '/v1/enrollments', t.form())) as { id: string };
      for (const queue of [ids, unconfirmed, unanswered]) queue.push(id);
    },
    async confirm() {
      const path = `${oldest(unconfirmed)}/partner-confirmation`;
      await ask('admin', 'POST', path, { advertiserId: ADVERTISER });
    },
    async completeQuestionnaire() {
      await ask('caller', 'POST', `${oldest(unanswered)}/questionnaire`, { answers: t.answers });
    },
    async read() {
      await ask('caller', 'GET', `/v1/enrollments/${ids[Math.floor(Math.random() * ids.length)]}`);
    },
    created: () => ids.length,
    close: () => agent.close(),
  };
}

function keyOf(role: string): string {
  return DEVELOPMENT_KEYS.find((each) => each.role === role)!.key;
}
