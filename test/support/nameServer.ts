/** A name server of a test's own (RFC 1035, as much of it as a resolver asks for), on this machine by UDP. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { eventually } from '../../dev/apiClient';

export interface NameServer {
  /** As a resolver takes it. */
  address: string;
  /** From now on; a name that it was told nothing of does not exist. */
  leads: (name: string, to: string[] | 'never answered') => void;
  /** Waits until it has been asked for so many names. */
  untilAsked: (names: number) => Promise<unknown>;
  stop: () => Promise<void>;
}

const A = 1;
const AAAA = 28;
const HEADER_BYTES = 12;

export async function startNameServer(): Promise<NameServer> {
  const known = new Map<string, string[] | 'never answered'>();
  const asked = new Set<string>();
  const socket = createSocket('udp4', (query, { port, address }) => {
    const { name, type, end } = questionOf(query);
    asked.add(name);
    const addresses = known.get(name);
    if (addresses === 'never answered') return;
    const fitting = addresses?.filter((one) => type === (isIPv4(one) ? A : AAAA)) ?? [];
    const header = Buffer.from(query.subarray(0, HEADER_BYTES));
    header.writeUInt16BE(addresses ? 0x81_80 : 0x81_83, 2);
    [1, fitting.length, 0, 0].forEach((count, index) => header.writeUInt16BE(count, 4 + 2 * index));
    const records = fitting.map((one) => recordOf(type, one));
    socket.send(Buffer.concat([header, query.subarray(HEADER_BYTES, end), ...records]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    leads: (name, to) => void known.set(name, to),
    untilAsked: (names) =>
      eventually(
        () => Promise.resolve(asked.size),
        (size) => size >= names,
      ),
    stop: () => new Promise((resolve) => socket.close(resolve)),
  };
}

/** `end`: of the question in the query. */
function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** Of the name in the question, and for this once. */
function recordOf(type: number, address: string): Buffer {
  const bytes = Buffer.from(ipaddr.parse(address).toByteArray());
  const head = Buffer.from('c00c00000001000000000000', 'hex');
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(bytes.length, 10);
  return Buffer.concat([head, bytes]);
}
