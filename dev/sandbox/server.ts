/** The sandbox: plays TikTok, Fairing and a payout rail over real HTTP, for development and tests. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response } from 'express';
import { controlRouter } from './control';
import { fairingRouter } from './fairing';
import { createFaults } from './faults';
import { railRouter } from './rail';
import { seeds } from './seeds';
import { openState } from './state';
import { tiktokRouter } from './tiktok';
import type { TikTokSettings } from './tiktokRequest';

export interface SandboxOptions {
  /** 0 takes a free one. */
  port: number;
  /** Default 127.0.0.1. The sandbox has no authentication: anything else is for a network of its own. */
  host?: string;
  /** Where advertisers, spend and payments outlive the process; without it they are kept in memory only. */
  stateFile?: string;
  /** The one access token that the played TikTok accepts. */
  accessToken?: string;
}

export interface Sandbox {
  /** TikTok is at `/open_api/v1.3`, Fairing at `/fairing`, the rail at `/rail`, the control API at `/sandbox`. */
  url: string;
  /** Breaks off open requests, also those that hang; payments answered before are on disk. */
  stop(): Promise<void>;
}

export const SANDBOX_ACCESS_TOKEN = 'sandbox-access-token';

export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { port, host = '127.0.0.1', stateFile, accessToken = SANDBOX_ACCESS_TOKEN } = options;
  const state = openState(stateFile, seeds());
  const faults = createFaults();
  const settings: TikTokSettings = { unknownAdvertiser: 'code_40300', reportPageSizeCap: 1_000 };

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(express.json({ limit: '1mb' }));
  app.use('/open_api/v1.3', tiktokRouter(state, faults, settings, accessToken));
  app.use('/fairing', fairingRouter(faults));
  app.use('/rail', railRouter(state, faults));
  app.use('/sandbox', controlRouter(state, faults, settings));
  app.use((_req: Request, res: Response) => void res.status(404).type('text').send('404 page not found'));
  app.use((error: Error & { status?: number }, _req: Request, res: Response, _next: NextFunction) => {
    res.status(error.status ?? 500).json({ error: error.message });
  });

  const server = createServer(app);
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`Port ${port} is taken. Set SANDBOX_PORT to a free one.`, { cause: error });
  }

  const taken = (server.address() as AddressInfo).port;
  return {
    url: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${taken}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await state.save(); // no write of this process is under way when another opens the file
    },
  };
}
