/**
 * Stands between the service and PostgreSQL and loses one answer: the statement is carried out, and then the connection
 * breaks. Which one is said by a text that the request sends to PostgreSQL, such as its idempotency key, and a number.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface LossyPostgres {
  /** host:port */
  address: string;
  /**
   * Loses the nth answer that a connection gets from the statement on that holds `text`. What it returns ends that, and
   * says whether there were so many.
   */
  loseAnswer(text: string, nth: number): () => boolean;
  stop(): Promise<void>;
}

const READY_FOR_QUERY = 'Z'.charCodeAt(0);
/** Of each message of the server: its type, and its length without the type. */
const HEAD_BYTES = 5;

export async function startLossyPostgres(target: string): Promise<LossyPostgres> {
  const [host, port] = target.split(':');
  const sockets = new Set<Socket>();
  let plan: { text: string; answersLeft: number } | undefined;

  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const server = createServer((client) => {
    const upstream = connect(Number(port), host);
    [client, upstream].forEach(keep);
    const countEnds = endCounter();
    let followed: typeof plan;
    client.on('data', (chunk: Buffer) => {
      if (plan && chunk.includes(plan.text)) followed = plan;
      upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      const ends = countEnds(chunk);
      if (followed && followed === plan) {
        followed.answersLeft -= ends;
        if (ends > 0 && followed.answersLeft <= 0) {
          plan = undefined;
          client.destroy();
          upstream.destroy();
          return;
        }
      }
      client.write(chunk);
    });
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseAnswer(text, nth) {
      const own = { text, answersLeft: nth };
      plan = own;
      return () => {
        plan = undefined;
        return own.answersLeft <= 0;
      };
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Of a stream of the server's messages: how many answers end in each chunk. */
function endCounter(): (chunk: Buffer) => number {
  let head = Buffer.alloc(0);
  let toSkip = 0;
  return (chunk) => {
    let ends = 0;
    for (let at = 0; at < chunk.length;) {
      const skipped = Math.min(toSkip, chunk.length - at);
      toSkip -= skipped;
      at += skipped;
      const more = chunk.subarray(at, at + HEAD_BYTES - head.length);
      head = Buffer.concat([head, more]);
      at += more.length;
      if (head.length < HEAD_BYTES) continue;
      if (head[0] === READY_FOR_QUERY) ends += 1;
      toSkip = head.readUInt32BE(1) - 4;
      head = Buffer.alloc(0);
    }
    return ends;
  };
}
