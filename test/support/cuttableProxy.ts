/** A TCP proxy in front of a server, so that a test can take the server away and give it back. */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

export interface CuttableProxy {
  /** host:port */
  address: string;
  /** Connections break, new ones are closed at once: the server is down. */
  cut(): void;
  /** Connections stay and nothing passes any more: the server hangs, or the network does. */
  hang(): void;
  restore(): void;
  stop(): Promise<void>;
}

export async function startCuttableProxy(target: string): Promise<CuttableProxy> {
  const [host, port] = target.split(':');
  const sockets = new Set<Socket>();
  let mode: 'open' | 'cut' | 'hang' = 'open';

  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((socket) => {
    if (mode === 'cut') {
      socket.destroy();
      return;
    }
    keep(socket);
    if (mode === 'hang') return;
    const upstream = connect(Number(port), host);
    keep(upstream);
    upstream.pipe(socket).pipe(upstream);
    upstream.on('close', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      mode = 'cut';
      breakAll();
    },
    hang() {
      mode = 'hang';
      for (const socket of sockets) socket.unpipe().pause();
    },
    restore() {
      mode = 'open';
      breakAll();
    },
    async stop() {
      breakAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
