/** The adapters against dev/sandbox over real HTTP, and the outgoing HTTP function against servers that misbehave. */
import { channel } from 'node:diagnostics_channel';
import dns from 'node:dns';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { gzipSync } from 'node:zlib';
import { SANDBOX_ACCESS_TOKEN, startSandbox, type Sandbox } from '../dev/sandbox/server';
import { createHttp, type Http, type HttpRequest } from '../integrations/http';
import { HttpError } from '../integrations/httpError';
import { isConnectable } from '../integrations/publicAddress';
import { splitRange } from '../integrations/reportRanges';
import { createSandboxRail, type SandboxRail } from '../integrations/sandboxRail';
import { createTikTok, type TikTok } from '../integrations/tiktok';
import { createTokenBucket } from '../integrations/tokenBucket';
import { createWebhookUrlJudge, NameNotResolvable } from '../integrations/webhookAddress';
import type { PayoutRequest } from '../program/payout';
import { ThirdPartyError } from '../program/thirdPartyError';
import { startNameServer } from './support/nameServer';

const ADVERTISER = '7012345678901234567';
const UNKNOWN = '7012345678901234560';

let sandbox: Sandbox;
let http: Http;
const undo: (() => unknown)[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({ port: 0 });
  http = createHttp({ allowedOrigins: [sandbox.url], allowLoopback: true });
});
afterEach(async () => {
  jest.restoreAllMocks();
  for (const step of undo.splice(0)) await step();
  await control('DELETE', '/faults');
  await control('PUT', '/settings', { unknownAdvertiser: 'code_40300', reportPageSizeCap: 1000 });
});
afterAll(async () => {
  http.close();
  await sandbox.stop();
});

async function control<T = unknown>(method: string, path: string, body?: object): Promise<T> {
  const answer = await fetch(`${sandbox.url}/sandbox${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

const fault = (target: string, name: string, more: object = {}) =>
  control('POST', '/faults', { target, fault: name, ...more });
const counts = () => control<Record<string, number>>('GET', '/requests');

/** How many requests `run` makes to an endpoint of the sandbox. */
async function requestsDuring(target: string, run: () => Promise<unknown>): Promise<number> {
  const before = (await counts())[target] ?? 0;
  await run();
  return ((await counts())[target] ?? 0) - before;
}

/** A server of this test's own, counting the connections that it gets. */
async function serve<T extends Server | TcpServer>(server: T) {
  const sockets = new Set<Socket>();
  const seen = { connections: 0 };
  server.on('connection', (socket: Socket) => {
    seen.connections += 1;
    sockets.add(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { server, port, origin: `http://127.0.0.1:${port}`, seen };
}
const serveHttp = (listener: RequestListener) => serve(createServer(listener));

function httpTo(origin: string, allowLoopback = true): Http {
  const made = createHttp({ allowedOrigins: [origin], allowLoopback });
  undo.push(() => made.close());
  return made;
}

// Typed: the matchers of jest are `any`.
const containing = (text: string) => expect.stringContaining(text) as string;
const matching = (pattern: RegExp) => expect.stringMatching(pattern) as string;

/** Something to wait for. */
function signal() {
  let fire!: () => void;
  const fired = new Promise<void>((resolve) => (fire = resolve));
  return { fire, fired };
}

const get = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  url,
  timeoutMs: 5_000,
  maxBytes: 1_000,
  ...more,
});

/** The error that a promise must reject with. */
async function failure<T>(type: abstract new (...args: never[]) => T, promise: Promise<unknown>): Promise<T> {
  const outcome = await promise.then(
    (value) => new Error(`resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (outcome instanceof type) return outcome;
  throw outcome;
}
const httpFailure = (promise: Promise<unknown>) => failure(HttpError, promise);
const partyFailure = (promise: Promise<unknown>) => failure(ThirdPartyError, promise);

describe('outgoing HTTP: where it may go', () => {
  /** Attempts to connect of undici's clients, counted before any name is resolved. */
  function countAttempts() {
    const attempts = { count: 0 };
    const onAttempt = () => void (attempts.count += 1);
    channel('undici:client:beforeConnect').subscribe(onAttempt);
    undo.push(() => channel('undici:client:beforeConnect').unsubscribe(onAttempt));
    return attempts;
  }

  test.each([
    'http://10.1.2.3',
    'http://169.254.169.254',
    'http://100.64.0.1',
    'http://192.168.0.1:8080',
    'http://[fd00::1]',
    'http://[fe80::1]',
    'http://[::ffff:10.0.0.1]',
    'http://[::ffff:127.0.0.1]',
    'http://[64:ff9b::a00:1]',
    'http://0.0.0.0',
    'http://[::]',
  ])(
    'When %s is on the list, then it is refused without an attempt to connect, loopback allowed or not',
    async (address) => {
      const attempts = countAttempts();
      const { origin } = new URL(address);
      for (const allowLoopback of [true, false]) {
        const error = await httpFailure(httpTo(origin, allowLoopback).request(get(`${origin}/x`)));
        expect(error).toMatchObject({ phase: 'refused', code: 'ADDRESS_NOT_ALLOWED' });
      }
      expect(attempts.count).toBe(0);
    },
  );

  test.each(['127.0.0.1', '[::1]', '2130706433', '0x7f.1', 'localhost'])(
    'When loopback is not allowed, then %s is refused and its server gets no connection',
    async (host) => {
      const { server, port, seen } = await serveHttp((_req, res) => res.end('inner'));
      const { origin } = new URL(`http://${host}:${port}`);
      const error = await httpFailure(httpTo(origin, false).request(get(`${origin}/`)));
      expect(error).toMatchObject({ phase: 'refused', code: 'ADDRESS_NOT_ALLOWED' });
      await new Promise((resolve) => server.getConnections(resolve));
      expect(seen.connections).toBe(0);
    },
  );

  test('When loopback is allowed, then a host name that resolves to it can be called', async () => {
    const { port } = await serveHttp((_req, res) => res.end('inner'));
    const origin = `http://localhost:${port}`;
    await expect(httpTo(origin).request(get(`${origin}/`))).resolves.toMatchObject({
      status: 200,
      body: 'inner',
    });
  });

  /** Lets the resolver give these answers, one after another. */
  function resolveTo(...answers: string[][]) {
    const asked = jest.spyOn(dns, 'lookup');
    for (const addresses of answers) {
      asked.mockImplementationOnce(((_host: string, _options: object, done: (e: null, a: object[]) => void) =>
        done(
          null,
          addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        )) as unknown as typeof dns.lookup);
    }
    return asked;
  }

  test('When a name resolves to a public and an inner address, then nothing is connected to', async () => {
    resolveTo(['93.184.216.34', '10.0.0.7']);
    const error = await httpFailure(httpTo('http://mixed.example').request(get('http://mixed.example/')));
    expect(error).toMatchObject({ phase: 'refused', code: 'ADDRESS_NOT_ALLOWED' });
  });

  test('When a name resolves differently the second time, then the socket still uses the address that was checked', async () => {
    const { port, seen } = await serveHttp((_req, res) => res.end('first'));
    const asked = resolveTo(['127.0.0.1'], ['10.0.0.7']);
    const origin = `http://rebinding.example:${port}`;
    await expect(httpTo(origin).request(get(`${origin}/`))).resolves.toMatchObject({ body: 'first' });
    expect([asked.mock.calls.length, seen.connections]).toEqual([1, 1]);
  });

  function httpToAny(allowLoopback: boolean, nameServers?: string[]): Http {
    const made = createHttp({ allowedOrigins: 'any of a webhook', allowLoopback, nameServers });
    undo.push(() => made.close());
    return made;
  }

  async function nameServer() {
    const server = await startNameServer();
    undo.push(() => server.stop());
    return { ...server, nameServers: [server.address] };
  }

  test('When any origin of a webhook is allowed, then http, users and inner addresses are not, whatever their spelling', async () => {
    const attempts = countAttempts();
    const any = httpToAny(false);
    for (const [url, code] of [
      ['http://hooks.example/', 'ORIGIN_NOT_ALLOWED'],
      ['http://127.0.0.1/', 'ORIGIN_NOT_ALLOWED'],
      ['https://ana@hooks.example/', 'ORIGIN_NOT_ALLOWED'],
      ['file:///etc/passwd', 'ORIGIN_NOT_ALLOWED'],
      ['https://127.0.0.1/', 'ADDRESS_NOT_ALLOWED'],
      ['https://2130706433/', 'ADDRESS_NOT_ALLOWED'],
      ['https://169.254.169.254/', 'ADDRESS_NOT_ALLOWED'],
      ['https://[::1]/', 'ADDRESS_NOT_ALLOWED'],
      ['https://[::ffff:10.0.0.7]/', 'ADDRESS_NOT_ALLOWED'],
    ]) {
      const error = await httpFailure(any.request(get(url!)));
      expect([url, error]).toMatchObject([url, { phase: 'refused', code }]);
    }
    expect(attempts.count).toBe(0);
  });

  test('When the name of a webhook leads inside only once it is called, then nothing is connected to', async () => {
    const { leads, nameServers } = await nameServer();
    const { port, seen } = await serve(createTcpServer());
    const url = `https://rebinding.example:${port}/`;
    leads('rebinding.example', ['93.184.216.34']);
    expect(await createWebhookUrlJudge(false, nameServers)(url)).toBeUndefined();
    for (const inner of ['10.0.0.7', '127.0.0.1', '::1']) {
      leads('rebinding.example', [inner]);
      const error = await httpFailure(httpToAny(false, nameServers).request(get(url)));
      expect(error).toMatchObject({ phase: 'refused', code: 'ADDRESS_NOT_ALLOWED' });
    }
    expect(seen.connections).toBe(0);
  });

  test.each([
    ['mixed', ['93.184.216.34', '10.0.0.7']],
    ['of both families', ['93.184.216.34', 'fd00::1']],
    ['of the newer family', ['2606:4700::1111', '::ffff:10.0.0.7']],
  ])(
    'When a name leads to a public and an inner address (%s), then no webhook may go there',
    async (_, to) => {
      const { leads, nameServers } = await nameServer();
      leads('mixed.example', to);
      const url = 'https://mixed.example/';
      expect(await createWebhookUrlJudge(false, nameServers)(url)).toMatch('public address');
      const error = await httpFailure(httpToAny(false, nameServers).request(get(url)));
      expect(error).toMatchObject({ phase: 'refused', code: 'ADDRESS_NOT_ALLOWED' });
    },
  );

  test('When a name leads to an address that may be called, then it is this that is connected to', async () => {
    const { leads, nameServers } = await nameServer();
    const { port, seen } = await serve(createTcpServer((socket) => socket.destroy()));
    leads('hooks.example', ['127.0.0.1']);
    const error = await httpFailure(
      httpToAny(true, nameServers).request(get(`https://hooks.example:${port}/`)),
    );
    expect(error).toMatchObject({ phase: 'connect', code: 'NOT_CONNECTED' });
    expect(seen.connections).toBe(1);
  });

  test('When a name has no address, then it is said so, at registration and at a call', async () => {
    const { leads, nameServers } = await nameServer();
    leads('nowhere.example', []);
    for (const url of ['https://nowhere.example/', 'https://unknown.example/']) {
      expect(await createWebhookUrlJudge(false, nameServers)(url)).toBe('names a host that has no address');
      const error = await httpFailure(httpToAny(false, nameServers).request(get(url)));
      expect(error).toMatchObject({ phase: 'connect', code: 'NAME_NOT_RESOLVED' });
    }
  });

  test('When name servers of webhooks never answer, then no other call waits for them, and they are given up', async () => {
    const { leads, untilAsked, nameServers } = await nameServer();
    const { port } = await serveHttp((_req, res) => res.end('here'));
    const hooks = httpToAny(false, nameServers);
    const judge = createWebhookUrlJudge(false, nameServers);
    const names = Array.from({ length: 20 }, (_, index) => `slow-${index}.example`);
    for (const name of names) leads(name, 'never answered');
    let ended = 0;
    const attempts = names.map((name, index): Promise<unknown> => {
      const url = `https://${name}/`;
      const attempt: Promise<Error> =
        index < 10 ? httpFailure(hooks.request(get(url))) : failure(NameNotResolvable, judge(url));
      return attempt.finally(() => (ended += 1));
    });
    await untilAsked(names.length);
    // Both need a thread of the process: the name of the one, the file of the other.
    const origin = `http://localhost:${port}`;
    expect(await httpTo(origin).request(get(`${origin}/`))).toMatchObject({ body: 'here' });
    await stat('.');
    expect(ended).toBe(0);
    for (const error of (await Promise.all(attempts)).slice(0, 10))
      expect(error).toMatchObject({ phase: 'connect', code: 'NAME_NOT_RESOLVED' });
  });

  test('When loopback is allowed, then a webhook may go to this machine by http, and to no other', async () => {
    const { port } = await serveHttp((_req, res) => res.end('here'));
    const any = httpToAny(true);
    await expect(any.request(get(`http://127.0.0.1:${port}/`))).resolves.toMatchObject({ body: 'here' });
    const error = await httpFailure(any.request(get('http://10.0.0.7/')));
    expect(error).toMatchObject({ phase: 'refused', code: 'ORIGIN_NOT_ALLOWED' });
  });

  test('When the status alone is asked for, then a body that is long, packed or broken off does no harm', async () => {
    const { origin } = await serveHttp((req, res) => {
      res.writeHead(202, { 'content-encoding': 'gzip', 'content-length': '5000' });
      if (req.url === '/long') res.end('x'.repeat(5_000));
      else res.write('x', () => res.destroy());
    });
    for (const path of ['/long', '/broken']) {
      const answer = await httpTo(origin).request(get(origin + path, { statusOnly: true }));
      expect(answer).toMatchObject({ status: 202, body: '' });
    }
  });

  test('When an origin is not on the list, or the URL carries a user, then it is refused without an attempt', async () => {
    const attempts = countAttempts();
    const allowed = httpTo('https://api.example');
    for (const url of [
      'https://api.example.evil.example/',
      'http://api.example/',
      'https://api.example:8443/',
      'https://user@api.example/',
      'https://api.example@evil.example/',
      'file:///etc/passwd',
      'nonsense',
    ]) {
      const error = await httpFailure(allowed.request(get(url)));
      expect(error).toMatchObject({ phase: 'refused', code: 'ORIGIN_NOT_ALLOWED' });
    }
    expect(attempts.count).toBe(0);
  });

  test.each([
    'https://api.example/',
    'https://api.example/v1',
    'api.example',
    'ftp://api.example',
    'https://*.example/',
  ])('When the list holds %s, which is no http(s) origin, then it is an error at once', (origin) => {
    expect(() => createHttp({ allowedOrigins: [origin], allowLoopback: false })).toThrow('allowed origin');
  });

  test('When addresses are judged, then only public unicast ones pass', () => {
    const pass = [
      '8.8.8.8',
      '1.1.1.1',
      '172.15.255.255',
      '172.32.0.1',
      '100.128.0.1',
      '2606:4700::1111',
      '2a00:1450::1',
    ];
    const stop =
      '0.0.0.0 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1 ' +
      '192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 :: ::1 ::7f00:1 ' +
      '::ffff:8.8.8.8 ::ffff:127.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 100::1 2001::1 2001:db8::1 2002:7f00:1::1 ' +
      'fc00::1 fd12::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 example.com';
    expect(pass.filter((address) => !isConnectable(address, false))).toEqual([]);
    expect(stop.split(' ').filter((address) => isConnectable(address, false))).toEqual([]);
    expect(stop.split(' ').filter((address) => isConnectable(address, true))).toEqual([
      '127.0.0.1',
      '127.255.0.1',
      '::1',
    ]);
  });
});

describe('outgoing HTTP: what comes back', () => {
  test('When the answer is a redirect, then it is returned and never followed', async () => {
    const target = await serveHttp((_req, res) => res.end('secret'));
    const { origin } = await serveHttp((_req, res) =>
      res.writeHead(302, { location: `${target.origin}/` }).end('moved'),
    );
    const list = createHttp({ allowedOrigins: [origin, target.origin], allowLoopback: true });
    const answer = await list.request(get(`${origin}/`));
    expect(answer).toMatchObject({ status: 302, body: 'moved', headers: { location: `${target.origin}/` } });
    expect(target.seen.connections).toBe(0);
  });

  test('When the call is made, then method, query, headers and body arrive, and the connection is not kept', async () => {
    const { origin } = await serveHttp((req, res) => {
      let body = '';
      req.on('data', (chunk) => (body += String(chunk)));
      req.on('end', () =>
        res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, body })),
      );
    });
    const request = get(`${origin}/a/?b=%5B%22c%22%5D`, {
      method: 'POST',
      headers: { 'Access-Token': 't', 'Accept-Encoding': 'br' },
      body: 'ü',
    });
    const answer = await httpTo(origin).request(request);
    expect(JSON.parse(answer.body)).toMatchObject({
      method: 'POST',
      url: '/a/?b=%5B%22c%22%5D',
      body: 'ü',
      headers: {
        'access-token': 't',
        'accept-encoding': 'identity',
        'user-agent': 'pps-incentives',
        connection: 'close',
      },
    });
  });

  test.each(['with', 'without'])(
    'When the body is larger than the cap, %s its length announced, then the socket is closed',
    async (announced) => {
      const closed = signal();
      const { origin } = await serveHttp((req, res) => {
        req.socket.on('close', () => closed.fire());
        if (announced === 'with') res.setHeader('content-length', 1_000_000);
        res.write('x'.repeat(2_000)); // and never ends
      });
      const error = await httpFailure(httpTo(origin).request(get(`${origin}/`, { maxBytes: 1_999 })));
      expect(error).toMatchObject({ phase: 'sent', code: 'ANSWER_TOO_LARGE' });
      await closed.fired;
    },
  );

  test('When the body has exactly the size of the cap, then it is read', async () => {
    const { origin } = await serveHttp((_req, res) => res.end('x'.repeat(2_000)));
    const answer = await httpTo(origin).request(get(`${origin}/`, { maxBytes: 2_000 }));
    expect(answer.body).toHaveLength(2_000);
  });

  test('When the body is compressed although that was not asked for, then it is refused', async () => {
    const bomb = gzipSync('x'.repeat(1_000_000));
    const { origin } = await serveHttp((_req, res) =>
      res.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    const error = await httpFailure(httpTo(origin).request(get(`${origin}/`, { maxBytes: 10_000 })));
    expect(error).toMatchObject({ phase: 'sent', code: 'ANSWER_ENCODED' });
  });
});

describe('outgoing HTTP: how far a failed call got', () => {
  test('When nothing listens, then the phase is "connect"', async () => {
    const { server, origin } = await serveHttp((_req, res) => res.end());
    await new Promise((resolve) => server.close(resolve));
    const error = await httpFailure(httpTo(origin).request(get(`${origin}/`)));
    expect(error).toMatchObject({ phase: 'connect', code: 'NOT_CONNECTED' });
    expect(error.message).toContain('ECONNREFUSED');
  });

  test('When the name does not exist, then the phase is "connect"', async () => {
    const notFound = Object.assign(new Error('getaddrinfo ENOTFOUND'), {
      code: 'ENOTFOUND',
      syscall: 'getaddrinfo',
    });
    jest
      .spyOn(dns, 'lookup')
      .mockImplementationOnce(((_host: string, _options: object, done: (e: Error) => void) =>
        done(notFound)) as unknown as typeof dns.lookup);
    const error = await httpFailure(httpTo('http://nobody.invalid').request(get('http://nobody.invalid/')));
    expect(error).toMatchObject({ phase: 'connect', code: 'NAME_NOT_RESOLVED' });
  });

  test('When TLS is never answered, then the time for connecting ends the call in phase "connect"', async () => {
    const { port } = await serve(createTcpServer(() => undefined));
    const origin = `https://127.0.0.1:${port}`;
    const error = await httpFailure(httpTo(origin).request(get(`${origin}/`, { connectTimeoutMs: 100 })));
    expect(error).toMatchObject({ phase: 'connect', code: 'TIMED_OUT' });
  });

  test('When the certificate is not accepted, then the phase is "connect" and no request arrives', async () => {
    const requests: string[] = [];
    const { port } = await serveHttp((req, res) => {
      requests.push(req.url ?? '');
      res.end();
    });
    const origin = `https://127.0.0.1:${port}`; // speaks no TLS at all
    const error = await httpFailure(httpTo(origin).request(get(`${origin}/`)));
    expect(error).toMatchObject({ phase: 'connect', code: 'NOT_CONNECTED' });
    expect(requests).toEqual([]);
  });

  test('When no answer comes, then the time-out closes the socket in phase "sent"', async () => {
    const closed = signal();
    const { origin } = await serveHttp((req) => req.socket.on('close', () => closed.fire()));
    const error = await httpFailure(httpTo(origin).request(get(`${origin}/`, { timeoutMs: 1_000 })));
    expect(error).toMatchObject({ phase: 'sent', code: 'TIMED_OUT' });
    await closed.fired;
  });

  test('When the connection stands, then the time for connecting no longer counts', async () => {
    const { origin } = await serveHttp((_req, res) => void setTimeout(() => res.end('slow'), 2_000));
    const answer = await httpTo(origin).request(get(`${origin}/`, { connectTimeoutMs: 1_500 }));
    expect(answer.body).toBe('slow');
  });

  test('When the body dribbles in for ever, then the time-out covers it too', async () => {
    const closed = signal();
    const { origin } = await serveHttp((req, res) => {
      const timer = setInterval(() => res.write('.'), 10);
      req.socket.on('close', () => {
        clearInterval(timer);
        closed.fire();
      });
    });
    const error = await httpFailure(httpTo(origin).request(get(`${origin}/`, { timeoutMs: 1_000 })));
    expect(error).toMatchObject({ phase: 'sent', code: 'TIMED_OUT' });
    await closed.fired;
  });

  test('When the connection breaks before or within the answer, then the phase is "sent" and nothing is sent again', async () => {
    let requests = 0;
    const { origin } = await serveHttp((req, res) => {
      requests += 1;
      if (req.url === '/before') req.socket.destroy();
      else res.writeHead(200, { 'content-length': 100 }).write('half', () => req.socket.destroy());
    });
    for (const path of ['/before', '/within']) {
      const error = await httpFailure(httpTo(origin).request(get(origin + path)));
      expect(error).toMatchObject({ phase: 'sent', code: 'CONNECTION_LOST' });
    }
    expect(requests).toBe(2);
  });

  test('When it is closed, then calls under way break off and later ones are refused', async () => {
    const arrived = signal();
    const { origin } = await serveHttp(() => arrived.fire());
    const own = httpTo(origin);
    const call = httpFailure(own.request(get(`${origin}/`)));
    await arrived.fired;
    own.close();
    expect(await call).toMatchObject({ phase: 'sent', code: 'CLOSED' });
    expect(await httpFailure(own.request(get(`${origin}/`)))).toMatchObject({
      phase: 'refused',
      code: 'CLOSED',
    });
  });

  test('When a header cannot be put on the wire, then the call is refused', async () => {
    const { origin, seen } = await serveHttp((_req, res) => res.end());
    const error = await httpFailure(
      httpTo(origin).request(get(`${origin}/`, { headers: { a: 'b\r\nc: d' } })),
    );
    expect(error).toMatchObject({ phase: 'refused', code: 'INVALID_REQUEST' });
    expect(seen.connections).toBe(0);
  });

  test('When a call fails, then neither its query nor its headers are in the error', async () => {
    const { origin } = await serveHttp((req) => req.socket.destroy());
    const headers = { 'access-token': 'token-123' };
    const errors = [
      await httpFailure(httpTo(origin).request(get(`${origin}/path/?secret=s3cr3t`, { headers }))),
      await httpFailure(httpTo(origin).request(get(`http://other.example/path/?secret=s3cr3t`, { headers }))),
    ];
    for (const error of errors) {
      const all = `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
      expect(all).toContain('/path/');
      expect(all).not.toMatch(/s3cr3t|token-123/);
    }
  });
});

function tiktok(more: object = {}): TikTok {
  const baseUrl = `${sandbox.url}/open_api/v1.3`;
  return createTikTok({ http, baseUrl, accessToken: SANDBOX_ACCESS_TOKEN, ratePerSecond: 1_000, ...more });
}

/** The adapter in front of a server that answers every request the same. */
async function tiktokAnswering(data: object, code = 0): Promise<TikTok> {
  const { origin } = await serveHttp((_req, res) => res.end(JSON.stringify({ code, message: 'OK', data })));
  return createTikTok({ http: httpTo(origin), baseUrl: origin, accessToken: 't', ratePerSecond: 1_000 });
}

const INFO = {
  advertiser_id: ADVERTISER,
  status: 'STATUS_ENABLE',
  currency: 'USD',
  country: 'US',
  timezone: 'America/New_York',
  display_timezone: 'America/New_York',
};

describe('TikTok: looking an advertiser up', () => {
  test('When the advertiser exists, then it is located with country, currency, time zone and status', async () => {
    await expect(tiktok().lookUp(ADVERTISER)).resolves.toEqual({
      outcome: 'located',
      account: {
        country: 'US',
        currency: 'USD',
        timeZone: 'America/New_York',
        status: 'active',
      },
    });
  });

  test.each([
    ['STATUS_LIMIT', 'suspended'],
    ['STATUS_PENDING_CONFIRM', 'other'],
    ['STATUS_DISABLE', 'other'],
    ['STATUS_INVENTED_TOMORROW', 'other'],
  ])('When its status is %s, then it is %s', async (status, expected) => {
    const answer = await (await tiktokAnswering({ list: [{ ...INFO, status }] })).lookUp(ADVERTISER);
    expect(answer).toMatchObject({ outcome: 'located', account: { status: expected } });
  });

  test.each([
    ['America/New_York', 'America/Chicago', 'America/New_York'],
    ['Etc/GMT+5', 'America/New_York', 'America/New_York'],
    ['Etc/GMT+5', undefined, 'Etc/GMT+5'],
    ['Nowhere/Land', 'Europe/London', 'Europe/London'],
    ['Etc/GMT-8', '+08:00', 'Etc/GMT-8'],
  ])(
    'When its time zones are %s and %s, then the days of its report are those of %s',
    async (timezone, display_timezone, timeZone) => {
      const answer = await (
        await tiktokAnswering({ list: [{ ...INFO, timezone, display_timezone }] })
      ).lookUp(ADVERTISER);
      expect(answer).toMatchObject({ outcome: 'located', account: { timeZone } });
    },
  );

  test('When it is unknown, by code or by an empty list, then it is not located, with evidence', async () => {
    const byCode = await tiktok().lookUp(UNKNOWN);
    expect(byCode).toMatchObject({
      outcome: 'not_located',
      evidence: matching(/40300.*request [0-9a-f]{32}, log id/),
    });
    await control('PUT', '/settings', { unknownAdvertiser: 'empty_list' });
    const byList = await tiktok().lookUp(UNKNOWN);
    expect(byList).toMatchObject({ outcome: 'not_located', evidence: containing('empty list') });
  });

  test.each([40300, 40301, 40007])('When the code is %i, not found, then it is not located', async (code) => {
    await fault('advertiser_info', 'code', { code });
    await expect(tiktok().lookUp(ADVERTISER)).resolves.toMatchObject({
      outcome: 'not_located',
      evidence: containing(String(code)),
    });
  });

  test.each([40001, 40118, 40119, 40124, 40125])(
    'When the code is %i, no permission for the one id, then it is not located for want of access',
    async (code) => {
      await fault('advertiser_info', 'code', { code });
      await expect(tiktok().lookUp(ADVERTISER)).resolves.toMatchObject({
        outcome: 'not_located',
        evidence: matching(new RegExp(`no access.*${code}`)),
      });
    },
  );

  test('When the answer is partial (20001), then its data decide', async () => {
    await fault('advertiser_info', 'code', { code: 20001, times: 2 });
    await expect(tiktok().lookUp(ADVERTISER)).resolves.toMatchObject({ outcome: 'located' });
    await control('PUT', '/settings', { unknownAdvertiser: 'empty_list' });
    await expect(tiktok().lookUp(UNKNOWN)).resolves.toMatchObject({ outcome: 'not_located' });
  });

  test.each([
    ['another advertiser', { list: [{ ...INFO, advertiser_id: UNKNOWN }] }],
    ['the id as a number', { list: [{ ...INFO, advertiser_id: 7012345678901234 }] }],
    ['two advertisers', { list: [INFO, { ...INFO, advertiser_id: UNKNOWN }] }],
    ['no currency', { list: [{ ...INFO, currency: undefined }] }],
    ['no time zone', { list: [{ ...INFO, timezone: undefined, display_timezone: 'Nowhere/Land' }] }],
    ['no list', {}],
  ])('When the answer holds %s, then it is unreadable and a person must look', async (_what, data) => {
    const error = await partyFailure((await tiktokAnswering(data)).lookUp(ADVERTISER));
    expect(error).toMatchObject({ party: 'tiktok', code: 'UNREADABLE_ANSWER', retryable: false });
  });
});

describe('TikTok: errors by class', () => {
  test.each([
    ...[40016, 40100, 40133].map((code) => [code, 'THROTTLED', true] as const),
    ...[50000, 50002, 51305, 60001, 40202, 40201].map((code) => [code, 'UNAVAILABLE', true] as const),
    ...[40101, 40102, 40104, 40105, 40106, 40110, 40113, 40115].map(
      (code) => [code, 'AUTHORISATION_LOST', false] as const,
    ),
    ...[40000, 40002, 40006, 40008, 40009, 40011, 40051, 41001].map(
      (code) => [code, 'BAD_REQUEST', false] as const,
    ),
    [40999, 'UNEXPECTED_CODE', false] as const,
  ])(
    'When the code is %i, then the error is %s and retryable is %s, for both reads',
    async (code, name, retryable) => {
      await fault('advertiser_info', 'code', { code, message: 'Said so.' });
      await fault('report', 'code', { code, message: 'Said so.' });
      for (const read of [() => tiktok().lookUp(ADVERTISER), () => tiktok().readSpend(december())]) {
        const error = await partyFailure(read());
        expect(error).toMatchObject({ party: 'tiktok', code: name, retryable });
        expect(error.message).toContain(`${code} "Said so."`);
      }
    },
  );

  test.each([
    [40001, 'PERMISSION_MISSING'],
    [40300, 'ADVERTISER_NOT_FOUND'],
  ])(
    'When the report says %i, then the error is %s: an unreadable spend is never an outcome',
    async (code, name) => {
      await fault('report', 'code', { code });
      expect(await partyFailure(tiktok().readSpend(december()))).toMatchObject({
        code: name,
        retryable: false,
      });
    },
  );

  test('When it throttles, then the quota that it names sets the time to wait', async () => {
    const waits: (number | undefined)[] = [];
    for (const message of [
      'Too many requests.',
      'The QPS limit is reached.',
      'The daily quota is used up.',
    ]) {
      await fault('advertiser_info', 'throttle', { message });
      waits.push((await partyFailure(tiktok().lookUp(ADVERTISER))).retryAfterMs);
    }
    expect(waits.slice(0, 2)).toEqual([300_000, 1_000]);
    const midnight = Date.now() + waits[2]!;
    expect(Math.abs(midnight - Math.round(midnight / 86_400_000) * 86_400_000)).toBeLessThan(5_000);
  });

  test('When the token is missing or wrong, then the connection needs re-authorisation and the token is not told', async () => {
    for (const [accessToken, code] of [
      ['', 40104],
      ['wr0ng-t0ken', 40105],
    ] as const) {
      const error = await partyFailure(tiktok({ accessToken }).lookUp(ADVERTISER));
      expect(error).toMatchObject({ code: 'AUTHORISATION_LOST', retryable: false });
      expect(error.message).toContain(String(code));
      expect(error.message).not.toContain('wr0ng-t0ken');
    }
  });

  test('When an answer repeats the token, then the error does not', async () => {
    await fault('advertiser_info', 'code', { code: 40105, message: `Bad token ${SANDBOX_ACCESS_TOKEN}` });
    const error = await partyFailure(tiktok().lookUp(ADVERTISER));
    expect(error.message).toContain('Bad token ***');
  });

  test.each([
    ['server_error', 'UNAVAILABLE'],
    ['drop', 'UNREACHABLE'],
    ['hang', 'UNREACHABLE'],
    ['garbage', 'UNREADABLE_ANSWER'],
  ])('When the fault is %s, then the error is %s, retryable, after one request', async (name, code) => {
    await fault('advertiser_info', name);
    const requests = await requestsDuring('advertiser_info', async () => {
      const error = await partyFailure(tiktok({ timeoutMs: 2_000 }).lookUp(ADVERTISER));
      expect(error).toMatchObject({ code, retryable: true });
    });
    expect(requests).toBe(1);
    await expect(tiktok().lookUp(ADVERTISER)).resolves.toMatchObject({ outcome: 'located' });
  });

  test.each([
    [301, false, 'UNEXPECTED_STATUS'],
    [404, false, 'UNEXPECTED_STATUS'],
    [429, true, 'THROTTLED'],
    [503, true, 'UNAVAILABLE'],
  ])(
    'When HTTP %i is answered, even with a good body, then retryable is %s',
    async (status, retryable, code) => {
      const good = JSON.stringify({ code: 0, message: 'OK', data: { list: [INFO] } });
      const { origin } = await serveHttp((_req, res) =>
        res.writeHead(status, { location: '/elsewhere' }).end(good),
      );
      const own = createTikTok({ http: httpTo(origin), baseUrl: origin, accessToken: 't' });
      expect(await partyFailure(own.lookUp(ADVERTISER))).toMatchObject({ code, retryable });
    },
  );

  test('When the base URL is not on the list of allowed origins, then no retry can help', async () => {
    const own = tiktok({ baseUrl: 'https://business-api.tiktok.example/open_api/v1.3' });
    expect(await partyFailure(own.lookUp(ADVERTISER))).toMatchObject({
      code: 'CALL_REFUSED',
      retryable: false,
    });
  });

  test('When too many calls wait for the rate, then the next is told to come again, without a request', async () => {
    const slow = tiktok({ ratePerSecond: 0.01 });
    const requests = await requestsDuring('advertiser_info', async () => {
      await slow.lookUp(ADVERTISER);
      const error = await partyFailure(slow.lookUp(ADVERTISER));
      expect(error).toMatchObject({ code: 'THROTTLED', retryable: true, retryAfterMs: 10_000 });
    });
    expect(requests).toBe(1);
  });

  test("When a bucket of 20 a second is drained, then a second's worth goes at once and the rest at that rate", async () => {
    const bucket = createTokenBucket(20, 10_000);
    const start = performance.now();
    let taken = 0;
    const at = Array.from({ length: 24 }, async () => {
      expect(await bucket.take()).toBe(true);
      taken += 1;
      return performance.now() - start;
    });
    await Promise.resolve();
    await Promise.resolve(); // and no time has passed
    expect(taken).toBeGreaterThanOrEqual(20);
    expect(await at[23]).toBeGreaterThan(4 * 50 - 10);
  });
});

const december = () => ({ advertiserId: ADVERTISER, from: '2023-12-01', to: '2023-12-31', currency: 'USD' });
const cents = (amount: string) => Number(amount.replace('.', ''));

describe('TikTok: reading spend', () => {
  test('When a month has 31 days, then two requests give every day once, in order, and exactly the total', async () => {
    let rows: Awaited<ReturnType<TikTok['readSpend']>> = [];
    const requests = await requestsDuring(
      'report',
      async () => (rows = await tiktok().readSpend(december())),
    );
    expect(requests).toBe(2);
    expect(rows.map(({ date }) => date)).toEqual(
      Array.from({ length: 31 }, (_, i) => `2023-12-${String(i + 1).padStart(2, '0')}`),
    );
    expect(rows.reduce((sum, { amounts }) => sum + cents(amounts.spend), 0)).toBe(1_248_000);
    expect(new Set(rows.map(({ currency }) => currency))).toEqual(new Set(['USD']));
  });

  test('When a month has 30 days, then one request does', async () => {
    const november = { ...december(), from: '2023-11-01', to: '2023-11-30' };
    expect(await requestsDuring('report', () => tiktok().readSpend(november))).toBe(1);
  });

  test('When a report has several pages, then all of them are read', async () => {
    await control('PUT', '/settings', { reportPageSizeCap: 7 });
    let rows: Awaited<ReturnType<TikTok['readSpend']>> = [];
    const requests = await requestsDuring(
      'report',
      async () => (rows = await tiktok().readSpend(december())),
    );
    expect(requests).toBe(5 + 1); // 30 days in pages of 7, then one day
    expect(rows.reduce((sum, { amounts }) => sum + cents(amounts.spend), 0)).toBe(1_248_000);
  });

  test('When days have other figures or no data, then decimal strings and "-" come as they are', async () => {
    await control('PUT', `/advertisers/7000000000000000077`, {
      country: 'US',
      currency: 'USD',
      timezone: 'Etc/UTC',
    });
    await control('PUT', `/advertisers/7000000000000000077/spend`, {
      days: {
        '2024-02-28': { spend: '10.10', billed_cost: '9.00', cash_spend: '-' },
        '2024-02-29': '90071992547409.93',
      },
    });
    const asked = {
      advertiserId: '7000000000000000077',
      from: '2024-02-28',
      to: '2024-03-01',
      currency: 'USD',
    };
    await expect(tiktok().readSpend(asked)).resolves.toEqual([
      {
        date: '2024-02-28',
        currency: 'USD',
        amounts: { spend: '10.10', billed_cost: '9.00', cash_spend: '-' },
      },
      {
        date: '2024-02-29',
        currency: 'USD',
        amounts: {
          spend: '90071992547409.93',
          billed_cost: '90071992547409.93',
          cash_spend: '90071992547409.93',
        },
      },
      { date: '2024-03-01', currency: 'USD', amounts: { spend: '-', billed_cost: '-', cash_spend: '-' } },
    ]);
  });

  const row = (date: string, metrics: object = {}, advertiser_id = ADVERTISER) => ({
    dimensions: { advertiser_id, stat_time_day: `${date} 00:00:00` },
    metrics: { spend: '1.00', billed_cost: '1.00', cash_spend: '1.00', currency: 'USD', ...metrics },
  });
  const page = (list: object[], info: object = {}) => ({
    list,
    page_info: { page: 1, page_size: 1000, total_number: list.length, total_page: 1, ...info },
  });
  const oneDay = { ...december(), to: '2023-12-01' };

  test('When a row names no currency, then it is the one asked with; when it names another, then it keeps it', async () => {
    const read = async (currency: unknown) =>
      (await (await tiktokAnswering(page([row('2023-12-01', { currency })]))).readSpend(oneDay))[0]?.currency;
    expect([await read(undefined), await read('-'), await read('EUR')]).toEqual(['USD', 'USD', 'EUR']);
  });

  test('When the report is empty, then there are no rows', async () => {
    const empty = await tiktokAnswering(page([], { total_page: 0 }));
    await expect(empty.readSpend(oneDay)).resolves.toEqual([]);
  });

  test.each([
    ['a day twice', page([row('2023-12-01'), row('2023-12-01')]), true],
    ['a day that was not asked for', page([row('2023-12-02')]), true],
    ['another advertiser', page([row('2023-12-01', {}, UNKNOWN)]), true],
    ['fewer rows than it counts', page([row('2023-12-01')], { total_number: 2 }), true],
    ['another page', page([row('2023-12-01')], { page: 2 }), true],
    ['an empty page before the last', page([], { total_number: 2, total_page: 9 }), true],
    ['an amount as a number', page([row('2023-12-01', { spend: 1.1 })]), false],
    ['an amount that is none', page([row('2023-12-01', { spend: '1,100.00' })]), false],
    ['no cash spend', page([row('2023-12-01', { cash_spend: undefined })]), false],
    ['no list', {}, false],
  ])(
    'When the report holds %s, then it is unreadable and no part of it is used',
    async (_what, data, retryable) => {
      const error = await partyFailure((await tiktokAnswering(data)).readSpend(oneDay));
      expect(error).toMatchObject({ code: 'UNREADABLE_ANSWER', retryable });
    },
  );

  test('When the report is partial (20001), then no part of it is used', async () => {
    await fault('report', 'code', { code: 20001 });
    const error = await partyFailure(tiktok().readSpend(oneDay));
    expect(error).toMatchObject({ code: 'UNREADABLE_ANSWER', retryable: true });
  });

  test('When a later page fails, then so does the whole', async () => {
    const { origin } = await serveHttp((req, res) => {
      const first = new URL(req.url ?? '', 'http://x').searchParams.get('page') === '1';
      const data = page([row('2023-12-01')], { total_number: 2, total_page: 2 });
      res.writeHead(first ? 200 : 503).end(JSON.stringify({ code: 0, message: 'OK', data }));
    });
    const own = createTikTok({ http: httpTo(origin), baseUrl: origin, accessToken: 't' });
    expect(await partyFailure(own.readSpend(december()))).toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
    });
  });

  test.each([
    ['2023-12-31', '2023-12-01'],
    ['2023-02-29', '2023-03-01'],
    ['2023-12-01', '2023-13-01'],
    ['1 Dec 2023', '2023-12-01'],
  ])('When the period is %s to %s, then nothing is asked', async (from, to) => {
    const requests = await requestsDuring('report', async () => {
      const error = await partyFailure(tiktok().readSpend({ ...december(), from, to }));
      expect(error).toMatchObject({ code: 'BAD_REQUEST', retryable: false });
    });
    expect(requests).toBe(0);
  });

  test('When a range is split, then the pieces are whole, consecutive and no longer than allowed', () => {
    expect(splitRange({ from: '2024-02-01', to: '2024-03-31' }, 30)).toEqual([
      { from: '2024-02-01', to: '2024-03-01' },
      { from: '2024-03-02', to: '2024-03-31' },
    ]);
    expect(splitRange({ from: '2023-12-31', to: '2023-12-31' }, 30)).toEqual([
      { from: '2023-12-31', to: '2023-12-31' },
    ]);
  });
});

describe('the sandbox rail', () => {
  let number = 0;
  const payout = (more: Partial<PayoutRequest> = {}): PayoutRequest => ({
    reference: `payout-${(number += 1)}`,
    advertiserId: ADVERTISER,
    amountMinor: 450_000,
    currency: 'USD',
    ...more,
  });
  const rail = (): SandboxRail =>
    createSandboxRail({ http, baseUrl: `${sandbox.url}/rail`, callTimeoutMs: 2_000 });
  const paymentsOf = async ({ reference }: PayoutRequest) =>
    (await control<{ payments: (PayoutRequest & { id: string })[] }>('GET', '/payments')).payments.filter(
      (payment) => payment.reference === reference,
    );

  test('When a payout is clear, then it is paid once and the look-up finds the same payment', async () => {
    const request = payout();
    await expect(rail().lookUp(request)).resolves.toMatchObject({ outcome: 'absent' });
    const outcome = await rail().pay(request);
    const [made, ...others] = await paymentsOf(request);
    expect(others).toEqual([]);
    expect(made).toMatchObject(request);
    expect(outcome).toEqual({ outcome: 'paid', railPaymentId: made?.id });
    await expect(rail().lookUp(request)).resolves.toEqual(outcome);
  });

  test.each(['execute_then_drop', 'execute_then_hang'])(
    'When the rail pays and the answer is lost (%s), then it is unknown, called once, and the look-up finds exactly one',
    async (name) => {
      const request = payout();
      await fault('payout', name);
      const requests = await requestsDuring('payout', async () => {
        const outcome = await rail().pay(request);
        expect(outcome).toMatchObject({
          outcome: 'unknown',
          evidence: containing('may have been executed'),
        });
      });
      expect(requests).toBe(1);
      const made = await paymentsOf(request);
      expect(made).toHaveLength(1);
      await expect(rail().lookUp(request)).resolves.toEqual({ outcome: 'paid', railPaymentId: made[0]?.id });
    },
  );

  test.each(['drop', 'hang', 'server_error', 'garbage'])(
    'When the fault is %s, then it is unknown, called once, and the look-up finds none',
    async (name) => {
      const request = payout();
      await fault('payout', name);
      const requests = await requestsDuring('payout', async () => {
        await expect(rail().pay(request)).resolves.toMatchObject({ outcome: 'unknown' });
      });
      expect(requests).toBe(1);
      await expect(rail().lookUp(request)).resolves.toMatchObject({ outcome: 'absent' });
    },
  );

  test('When the rail cannot be reached at all, then that too is unknown, and says that nothing was sent', async () => {
    const { server, origin } = await serveHttp((_req, res) => res.end());
    await new Promise((resolve) => server.close(resolve));
    const away = createSandboxRail({ http: httpTo(origin), baseUrl: origin });
    await expect(away.pay(payout())).resolves.toMatchObject({
      outcome: 'unknown',
      evidence: containing('nothing was sent'),
    });
    expect(await partyFailure(away.lookUp(payout()))).toMatchObject({ code: 'UNREACHABLE', retryable: true });
  });

  test('When the rail refuses readably, then it is refused, also for the look-up', async () => {
    const request = payout();
    await fault('payout', 'refuse', { message: 'ad account in abnormal state' });
    const outcome = await rail().pay(request);
    expect(outcome).toMatchObject({
      outcome: 'refused',
      code: 'NOT_PAYABLE',
      evidence: containing('abnormal state'),
    });
    await expect(rail().lookUp(request)).resolves.toEqual(outcome);
  });

  test('When the rail takes its time, then it is pending until the look-up finds it paid', async () => {
    const request = payout();
    await fault('payout', 'pending');
    await expect(rail().pay(request)).resolves.toMatchObject({ outcome: 'pending' });
    await expect(rail().lookUp(request)).resolves.toMatchObject({ outcome: 'pending' });
    const [made] = await paymentsOf(request);
    await control('PUT', `/payments/${made?.id}`, { state: 'paid' });
    await expect(rail().lookUp(request)).resolves.toEqual({ outcome: 'paid', railPaymentId: made?.id });
  });

  test('When a payment becomes visible late, then the look-up says absent first and finds it later', async () => {
    const request = payout();
    await rail().pay(request);
    await fault('payout_lookup', 'late_visibility', { ms: 60_000, only: request.reference });
    await expect(rail().lookUp(request)).resolves.toMatchObject({ outcome: 'absent' });
    await expect(rail().lookUp(request)).resolves.toMatchObject({ outcome: 'paid' });
  });

  test('When a reference was paid twice, then the look-up is unknown and names both', async () => {
    const request = payout();
    await rail().pay(request);
    await rail().pay(request);
    const made = await paymentsOf(request);
    expect(made).toHaveLength(2); // the rail has no idempotency
    const found = await rail().lookUp(request);
    expect(found).toMatchObject({ outcome: 'unknown' });
    for (const { id } of made) expect(found).toMatchObject({ evidence: containing(id) });
  });

  test.each([
    ['amount', { amountMinor: 450_001 }, 'amountMinor'],
    ['currency', { currency: 'EUR' }, 'currency'],
    ['advertiser', { advertiserId: UNKNOWN }, 'advertiserId'],
  ])(
    'When the payment found is of another %s, then the look-up is unknown: contradictory',
    async (_what, other, field) => {
      const request = payout();
      await rail().pay({ ...request, ...other });
      await expect(rail().lookUp(request)).resolves.toMatchObject({
        outcome: 'unknown',
        evidence: matching(new RegExp(`contradictory.*${field}`)),
      });
    },
  );

  /** A rail that answers every POST with this body. */
  async function railAnswering(
    status: number,
    body: (request: PayoutRequest) => object,
  ): Promise<SandboxRail> {
    const { origin } = await serveHttp((req, res) => {
      let sent = '';
      req.on('data', (chunk) => (sent += String(chunk)));
      req.on('end', () => res.writeHead(status).end(JSON.stringify(body(JSON.parse(sent) as PayoutRequest))));
    });
    return createSandboxRail({ http: httpTo(origin), baseUrl: origin });
  }

  test.each([
    ['paid with another amount', 201, { amountMinor: 1 }],
    ['paid with another advertiser', 201, { advertiserId: UNKNOWN }],
    ['paid with another currency', 201, { currency: 'EUR' }],
    ['paid with another reference', 201, { reference: 'another' }],
    ['refused with another amount', 201, { state: 'refused', amountMinor: 1 }],
    ['a state that is not known', 201, { state: 'maybe' }],
    ['no id', 201, { id: undefined }],
    ['paid, but HTTP 200', 200, {}],
    ['refused, but HTTP 400', 400, { state: 'refused' }],
    ['paid, but HTTP 500', 500, {}],
    ['paid, but redirected', 307, {}],
  ])('When the answer is %s, then it is unknown', async (_what, status, wrong) => {
    const odd = await railAnswering(status, (request) => ({
      id: 'sbx_1',
      state: 'paid',
      ...request,
      ...wrong,
    }));
    await expect(odd.pay(payout())).resolves.toMatchObject({ outcome: 'unknown' });
    const good = await railAnswering(201, (request) => ({ id: 'sbx_1', state: 'paid', ...request }));
    await expect(good.pay(payout())).resolves.toEqual({ outcome: 'paid', railPaymentId: 'sbx_1' });
  });

  test.each([
    ['drop', 'UNREACHABLE'],
    ['hang', 'UNREACHABLE'],
    ['server_error', 'UNREADABLE_ANSWER'],
    ['garbage', 'UNREADABLE_ANSWER'],
  ])('When the look-up meets %s, then it throws %s, retryable, and claims nothing', async (name, code) => {
    const request = payout();
    await fault('payout_lookup', name);
    expect(await partyFailure(rail().lookUp(request))).toMatchObject({
      party: 'sandbox_rail',
      code,
      retryable: true,
    });
  });
});
