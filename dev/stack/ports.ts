import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** A port on 127.0.0.1 that nothing listens on at this moment. The kernel picks it, so parallel runs hardly collide. */
export async function freePort(): Promise<number> {
  return listenBriefly(0);
}

/** Throws an error that names the environment variable by which another port can be chosen. */
export async function assertPortFree(port: number, variable: string): Promise<void> {
  try {
    await listenBriefly(port);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE') {
      const taken = `Port ${port} is taken, perhaps by this service, running already. End that, or set ${variable} to another one.`;
      throw new Error(taken, { cause: error });
    }
    throw new Error(`Port ${port} cannot be used (${code}). Set ${variable} to another one.`, {
      cause: error,
    });
  }
}

function listenBriefly(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => {
      const bound = (server.address() as AddressInfo).port;
      server.close(() => resolve(bound));
    });
  });
}
