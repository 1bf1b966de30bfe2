/** HTTP as bytes, for what no proper client sends; and the one answer that came to it. */
import { connect } from 'node:net';

export interface RawResponse {
  status: number;
  headers: Headers;
  text: string;
}

/** Ends when the server closes the connection, which it is asked to; undefined if it did so without a word. */
export function exchange(
  apiUrl: string,
  request: Buffer,
  timeoutMs = 30_000,
): Promise<RawResponse | undefined> {
  const { hostname, port } = new URL(apiUrl);
  return new Promise((resolve, reject) => {
    const said: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => socket.write(request));
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`No answer within ${timeoutMs} ms.`)));
    socket.on('data', (data) => said.push(data));
    // It may refuse a request before it has read all of it, and its answer is there all the same.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => resolve(firstAnswer(Buffer.concat(said))));
  });
}

function firstAnswer(said: Buffer): RawResponse | undefined {
  if (said.length === 0) return undefined;
  const end = said.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = said.subarray(0, end).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
  if (!status) throw new Error(`This is no HTTP: ${statusLine}`);
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const begin = end + 4;
  const length = headers.get('content-length');
  const body = said.subarray(begin, length === null ? undefined : begin + Number(length)).toString('utf8');
  // Node's own answers are chunked and empty.
  const isEmpty = headers.get('transfer-encoding') === 'chunked' && body === '0\r\n\r\n';
  return { status, headers, text: isEmpty ? '' : body };
}
