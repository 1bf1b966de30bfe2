/**
 * Stands between the worker and the sandbox's TikTok and Fairing, and holds back what a test wants to come late. A held
 * request is under way: unlike one that failed, its answer can still arrive after other things have happened.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTestService, type TestService, type TestServiceOptions } from './testService';

export interface Gate {
  /** From now on requests about this advertiser id, or with this API key, wait; resolves when the first one has come. */
  hold(subject: string): { reached: Promise<void> };
  release(subject: string): void;
}

/** A service whose worker goes through the gate; they stop together. */
export async function startGatedService(
  options: TestServiceOptions = {},
): Promise<{ t: TestService; gate: Gate }> {
  const { gate, ...door } = await startGate();
  const service = await startTestService({
    ...options,
    environment: { ...door.environment, ...options.environment },
  });
  door.open(service);
  const t = {
    ...service,
    async stop() {
      await door.stop();
      await service.stop();
    },
  };
  return { t, gate };
}

async function startGate() {
  let target = '';
  const held = new Map<string, { arrived(): void; released: Promise<void>; release(): void }>();

  const server = createServer((request, response) => {
    forward(request, response).catch(() => response.destroy());
  });
  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/';
    const { authorization } = request.headers;
    for (const [subject, hold] of held) {
      if (!url.includes(subject) && authorization !== subject) continue;
      hold.arrived();
      await hold.released;
    }
    const token = request.headers['access-token'];
    const answer = await fetch(target + url, {
      ...(request.method !== undefined && { method: request.method }),
      headers: {
        ...(typeof token === 'string' && { 'access-token': token }),
        ...(authorization !== undefined && { authorization }),
      },
    });
    const type = answer.headers.get('content-type') ?? 'application/json';
    response.writeHead(answer.status, { 'content-type': type }).end(await answer.text());
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const release = (subject: string) => {
    held.get(subject)?.release();
    held.delete(subject);
  };
  const gate: Gate = {
    hold(subject) {
      let arrived = () => {};
      let letGo = () => {};
      const reached = new Promise<void>((resolve) => (arrived = resolve));
      const released = new Promise<void>((resolve) => (letGo = resolve));
      held.set(subject, { arrived, released, release: letGo });
      return { reached };
    },
    release,
  };
  return {
    gate,
    environment: {
      TIKTOK_BASE_URL: `http://127.0.0.1:${port}/open_api/v1.3`,
      FAIRING_BASE_URL: `http://127.0.0.1:${port}/fairing`,
    },
    open: (t: TestService) => void (target = t.sandbox.url),
    async stop() {
      for (const subject of [...held.keys()]) release(subject);
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
