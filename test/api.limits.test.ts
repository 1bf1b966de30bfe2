/** Limits of requests: how many, how deep, how slow. */
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import express from 'express';
import type { ApiAnswer } from '../dev/apiClient';
import { createApiClient } from '../dev/apiClient';
import { requireReading } from '../api/slowReaders';
import { readApiSettings } from '../settings/settings';
import { requireContract } from './support/contract';
import { expectProblem, sendRaw } from './support/rawRequest';
import { startTestService, type TestService } from './support/testService';

const LIMIT = 20;

let t: TestService;
beforeAll(async () => {
  t = await startTestService({
    environment: {
      REQUESTS_PER_MINUTE: String(LIMIT),
      STRANGERS_PER_MINUTE: '5',
      REQUEST_TIMEOUT_MS: '1000',
      TRUST_PROXY: '10.0.0.0/8',
    },
  });
});
afterAll(() => t?.stop());

const as = (key: string) => createApiClient(t.service.apiUrl, key, requireContract);

function expectTooMany(answer: Pick<ApiAnswer<unknown>, 'status' | 'headers' | 'body'>): void {
  expect(answer).toMatchObject({ status: 429, body: { code: 'TOO_MANY_REQUESTS' } });
  const seconds = Number(answer.headers.get('retry-after'));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(60);
}

test('When a key is used too often, then it is 429 with a time to come again, and other keys go on', async () => {
  const many = await Promise.all(
    Array.from({ length: 3 * LIMIT }, () => t.otherCaller.get('/v1/enrollments')),
  );
  expect(many.filter(({ status }) => status === 200)).toHaveLength(LIMIT);
  const refused = many.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(2 * LIMIT);
  refused.forEach(expectTooMany);
  const { status, headers } = await t.otherPartner.get('/v1/enrollments');
  expect(status).toBe(200);
  expect(headers.get('ratelimit')).toMatch(new RegExp(`^"key"; r=${LIMIT - 1}; t=\\d+$`));
  expect(headers.get('ratelimit-policy')).toMatch(new RegExp(`^"key"; q=${LIMIT}; w=60`));
});

test('When an address guesses keys, then it is 429 whatever it says of itself, and valid keys from there go on', async () => {
  const guess = (index: number, method = 'GET') =>
    sendRaw(`${t.service.apiUrl}/v1/enrollments`, {
      method,
      headers: {
        authorization: `Bearer pps_live_${index}`,
        'x-forwarded-for': `203.0.113.${index}`,
        forwarded: `for=203.0.113.${index}`,
      },
    });
  const statuses: number[] = [];
  for (let index = 0; index < 10; index += 1) statuses.push((await guess(index)).status);
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429, 429, 429]);
  expectTooMany(await guess(11, 'POST'));
  expect((await as('pps_dev_auditor_di').get('/v1/enrollments')).status).toBe(200);
});

test('When the settings name proxies, then only addresses and networks are taken', () => {
  const read = (TRUST_PROXY: string) =>
    readApiSettings({ ...t.plan.environment, ...ENVIRONMENT, TRUST_PROXY }).trustProxy;
  expect(read('loopback,10.1.2.3,fd00::/8')).toEqual(['loopback', '10.1.2.3', 'fd00::/8']);
  for (const wrong of ['true', '1', 'everybody', '10.0.0.0/99', 'loopback,'])
    expect(() => read(wrong)).toThrow('TRUST_PROXY');
});

const ENVIRONMENT = {
  DATABASE_URL: 'postgres://app:secret@127.0.0.1/pps',
  API_KEYS: '[{"key":"a-long-random-key","role":"admin","id":"ana"}]',
  PARTNER_KEY_SECRETS: JSON.stringify({ s1: Buffer.alloc(32, 7).toString('base64') }),
};

test.each([
  ['nested 21 levels deep', `${'{"a":'.repeat(21)}1${'}'.repeat(21)}`, 'levels'],
  ['nested as deeply as it can be', `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 'levels'],
  ['with a list of 1,001 items', `{"a":[${'1,'.repeat(1_000)}1]}`, 'items'],
])('When a body is %s, then it is 400 and says so', async (_what, body, said) => {
  const refused = await sendRaw(`${t.service.apiUrl}/v1/enrollments`, { method: 'POST', body });
  expectProblem(refused, 400, 'INVALID_REQUEST');
  expect(refused.body['detail']).toContain(said);
});

test('When a body is 20 levels deep with 1,000 items, then it is the schema that judges', async () => {
  const body = `{"list":[${'1,'.repeat(999)}1],"a":${'{"a":'.repeat(19)}1${'}'.repeat(19)}}`;
  const refused = await sendRaw(`${t.service.apiUrl}/v1/enrollments`, { method: 'POST', body });
  expectProblem(refused, 400, 'INVALID_REQUEST');
  expect(refused.body.errors).toContainEqual({ pointer: '/list', message: 'is unknown' });
});

describe('a client that is slow', () => {
  const open: Socket[] = [];
  afterAll(() => open.forEach((socket) => socket.destroy()));

  /** What the server said until it closed the connection. */
  function untilCutOff(begin: string): Promise<string> {
    const { hostname, port } = new URL(t.service.apiUrl);
    const socket = connect(Number(port), hostname);
    open.push(socket);
    let said = '';
    socket.on('data', (data) => (said += data.toString())).on('error', () => undefined);
    socket.write(begin);
    return new Promise((resolve) => socket.on('close', () => resolve(said)));
  }

  test.each([
    ['a request line', 'GET /v1/enrollments HT'],
    ['headers', 'GET /v1/enrollments HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    [
      'a body',
      'POST /v1/enrollments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer pps_dev_admin_ana\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a":',
    ],
  ])('When a client sends %s and then nothing more, then it is told 408 and cut off', async (what, begin) => {
    const said = await untilCutOff(begin);
    expect(said).toMatch(/^HTTP\/1\.1 408 /);
    // Before its headers are there, it is no request that could be told apart from others: Node answers it.
    if (what === 'a body') expect(said).toMatch(/application\/problem\+json[^]*"code":"REQUEST_TIMEOUT"/);
    // The service goes on.
    expect((await fetch(`${t.service.apiUrl}/healthz`)).status).toBe(200);
  });

  test('When an answer takes longer to make than a reader may take, then whoever waits for it gets it', async () => {
    const app = express();
    app.use(requireReading(50));
    app.get('/', async (_request, response) => {
      for (let waited = 0; waited < 3; waited += 1) await once(response, 'timeout');
      response.json({ answered: true });
    });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const response = await fetch(`http://127.0.0.1:${port}/`);
      expect(await response.json()).toEqual({ answered: true });
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  test('When a stranger announces a body, then it is refused before it has sent any of it', async () => {
    const said = await untilCutOff(
      'POST /v1/enrollments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n',
    );
    expect(said).toMatch(/^HTTP\/1\.1 (401|429) /);
  });
});
