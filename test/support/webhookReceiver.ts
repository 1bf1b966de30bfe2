/** A subscriber's receiver: a server of its own that checks signatures with the library, as a subscriber would. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { eventually } from '../../dev/apiClient';

export interface Received {
  path: string;
  id: string;
  timestamp: number;
  headers: Record<string, string>;
  body: string;
}

export interface WebhookEvent {
  type: string;
  timestamp: string;
  data: {
    enrollmentId: string;
    programId: string;
    status: string;
    sequence: number;
    calculationMonth: string;
  };
}

/** A status, or never an answer. */
export type ReceiverAnswer = { status: number; headers?: Record<string, string>; body?: string } | 'hang';

export interface WebhookReceiver {
  /** To this path of it; each test has its own. */
  url(path: string): string;
  /** What it answers on a path, one after the other; the last one from then on. 204 on others. */
  answer(path: string, ...answers: ReceiverAnswer[]): void;
  received(path: string): Received[];
  /** Waits until so many have come. */
  until(path: string, count: number): Promise<Received[]>;
  stop(): Promise<void>;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const all: Received[] = [];
  const answers = new Map<string, ReceiverAnswer[]>();
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = request.headers as Record<string, string>;
      all.push({
        path,
        id: headers['webhook-id']!,
        timestamp: Number(headers['webhook-timestamp']),
        headers,
        body: Buffer.concat(chunks).toString('utf8'),
      });
      const given = answers.get(path) ?? [];
      reply(response, (given.length > 1 ? given.shift() : given[0]) ?? { status: 204 });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const received = (path: string) => all.filter((one) => one.path === path);
  return {
    url: (path) => `http://127.0.0.1:${port}${path}`,
    answer: (path, ...given) => void answers.set(path, given),
    received,
    until: (path, count) =>
      eventually(
        () => Promise.resolve(received(path)),
        (come) => come.length >= count,
      ),
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function reply(response: ServerResponse, answer: ReceiverAnswer): void {
  if (answer === 'hang') return;
  response.writeHead(answer.status, answer.headers).end(answer.body);
}

/** The event, if the secret has signed it; throws as the library does. */
export function verified(secret: string, { body, headers }: Received): WebhookEvent {
  return new Webhook(secret).verify(body, headers) as WebhookEvent;
}
