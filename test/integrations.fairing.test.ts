/** The adapter of Fairing against dev/sandbox over real HTTP, and against answers that the sandbox does not give. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startSandbox, type Sandbox } from '../dev/sandbox/server';
import { createFairing } from '../integrations/fairing';
import { createHttp, type Http } from '../integrations/http';
import { ThirdPartyError } from '../program/thirdPartyError';

const KEY = 'fk_valid_0123456789abcdef';

let sandbox: Sandbox;
let http: Http;
const undo: (() => unknown)[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({ port: 0 });
  http = createHttp({ allowedOrigins: [sandbox.url], allowLoopback: true });
});
afterEach(async () => {
  for (const step of undo.splice(0)) await step();
  await fetch(`${sandbox.url}/sandbox/faults`, { method: 'DELETE' });
});
afterAll(async () => {
  http.close();
  await sandbox.stop();
});

const fairing = (timeoutMs = 5_000) => createFairing({ http, baseUrl: `${sandbox.url}/fairing`, timeoutMs });

async function fault(name: string): Promise<void> {
  const answer = await fetch(`${sandbox.url}/sandbox/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ target: 'fairing_questions', fault: name, only: KEY }),
  });
  expect(answer.status).toBe(201);
}

/** Fairing as one that always answers this. */
async function answering(status: number, body: string, seen: IncomingMessage[] = []) {
  const server = createServer((request, response) => {
    seen.push(request);
    response.writeHead(status, { 'content-type': 'application/json', location: sandbox.url }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const own = createHttp({ allowedOrigins: [origin], allowLoopback: true });
  undo.push(() => (own.close(), server.close()));
  return createFairing({ http: own, baseUrl: `${origin}/api` });
}

async function failure(check: Promise<unknown>): Promise<ThirdPartyError> {
  const outcome = await check.catch((error: unknown) => error);
  if (!(outcome instanceof ThirdPartyError)) throw new Error(`Not refused: ${JSON.stringify(outcome)}`);
  expect(outcome.message).not.toContain(KEY);
  return outcome;
}

const question = (prompt: unknown, published_at: unknown) => ({ id: 1, prompt, published_at, responses: [] });

test('When the key is valid, then the published questions come back', async () => {
  expect(await fairing().check(KEY)).toEqual({
    outcome: 'valid',
    publishedPrompts: ['How did you hear about us? (Pick the first one.)', 'What made you buy today?'],
  });
});

test('When a question is a draft, then it does not count', async () => {
  expect(await fairing().check('fk_notemplate_1')).toEqual({
    outcome: 'valid',
    publishedPrompts: ['What made you buy today?'],
  });
  const drafts = await answering(200, JSON.stringify({ data: [question('Draft?', null)] }));
  expect(await drafts.check(KEY)).toEqual({ outcome: 'valid', publishedPrompts: [] });
});

test('When Fairing does not know the key, then it is invalid, which is an answer', async () => {
  expect(await fairing().check('fk_revoked_1')).toEqual({ outcome: 'invalid' });
  for (const status of [401, 403])
    expect(await (await answering(status, '{}')).check(KEY)).toEqual({ outcome: 'invalid' });
});

test('When Fairing is asked, then the header holds the raw key, and the address does not', async () => {
  const seen: IncomingMessage[] = [];
  await (await answering(200, '{"data":[]}', seen)).check(KEY);
  expect(seen.map(({ method, url, headers }) => [method, url, headers.authorization])).toEqual([
    ['GET', '/api/questions', KEY],
  ]);
});

test.each([
  ['server_error', 'UNAVAILABLE'],
  ['drop', 'UNREACHABLE'],
  ['garbage', 'UNREADABLE_ANSWER'],
  ['throttle', 'THROTTLED'],
])('When Fairing shows the fault %s, then it is to be asked again', async (name, code) => {
  await fault(name);
  expect(await failure(fairing().check(KEY))).toMatchObject({ party: 'fairing', retryable: true, code });
  expect(await fairing().check(KEY)).toMatchObject({ outcome: 'valid' });
});

test('When Fairing has been asked too often, then the retry waits until its minute is over', async () => {
  await fault('throttle');
  expect((await failure(fairing().check(KEY))).retryAfterMs).toBe(60_000);
});

test('When Fairing does not answer in time, then the call is given up and asked again', async () => {
  await fault('hang');
  expect(await failure(fairing(200).check(KEY))).toMatchObject({ retryable: true, code: 'UNREACHABLE' });
});

test.each([
  ['no JSON', 'OK'],
  ['no list', '{"data":{}}'],
  ['a bare list', '[]'],
  ['a question without a prompt', JSON.stringify({ data: [question(undefined, null)] })],
  ['a question that does not say whether it is published', JSON.stringify({ data: [{ prompt: 'How?' }] })],
])('When the answer is %s, then nothing is concluded from it', async (_what, body) => {
  expect(await failure((await answering(200, body)).check(KEY))).toMatchObject({
    retryable: true,
    code: 'UNREADABLE_ANSWER',
  });
});

test.each([302, 400, 404, 204])(
  'When the status is %d, then a person must look at the address, and the key is not judged',
  async (status) => {
    const error = await failure((await answering(status, '')).check(KEY));
    expect(error).toMatchObject({ retryable: false, code: 'UNEXPECTED_STATUS' });
    expect(error.message).toContain(`HTTP ${status}. Check FAIRING_BASE_URL.`);
  },
);

test('When Fairing repeats the key in its answer, then the error does not', async () => {
  const echo = JSON.stringify({ error: `key ${KEY} is not well` });
  for (const status of [200, 404, 429, 500])
    expect((await failure((await answering(status, echo)).check(KEY))).message).not.toContain(KEY);
});
