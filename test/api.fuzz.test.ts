/**
 * Requests that nobody thought of, drawn from /openapi.json of the running service: as the document has them, with one
 * thing wrong, and hostile. The suite sends some thousands, always the same; `FUZZ_RUNS=2000 npm test --
 * test/api.fuzz.test.ts` so many of each kind to each operation, and `FUZZ_SEED=17` others than those of the suite. A
 * failure prints the shortest request that fails and how to send it again.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import type { Enrollment } from '../dev/apiClient';
import { DEVELOPMENT_KEYS } from '../dev/settings';
import { publishProgram } from './support/programs';
import { attacks } from './support/fuzz/hostile';
import { createJudge, type Judge } from './support/fuzz/judge';
import {
  readDocument,
  type ApiDocument,
  type DocumentedApi,
  type Operation,
} from './support/fuzz/operations';
import {
  bytesOf,
  nearlyValidRequests,
  validRequests,
  type Ground,
  type Request,
} from './support/fuzz/requests';
import { startTestService, type TestService } from './support/testService';

const RUNS_IN_SUITE = 80;
const runs = Number(process.env['FUZZ_RUNS'] ?? RUNS_IN_SUITE);
const seed = Number(process.env['FUZZ_SEED'] ?? 20_231_012);
const TIMEOUT_MS = 60_000 + runs * 10_000;
const OPERATIONS_AT_ONCE = 8;

let t: TestService;
let api: DocumentedApi;
let ground: Ground;
let judge: Judge;
let enrolled: Enrollment[];
beforeAll(async () => {
  t = await startTestService({
    environment: {
      REQUESTS_PER_MINUTE: '1000000',
      STRANGERS_PER_MINUTE: '1000000',
      REQUEST_TIMEOUT_MS: '2000',
      // What keeps memory does not live through the suite with this much of it.
      NODE_OPTIONS: '--max-old-space-size=160',
    },
  });
  const document = (await (await fetch(`${t.service.apiUrl}/openapi.json`)).json()) as ApiDocument;
  api = readDocument(document);
  enrolled = await Promise.all(
    Array.from({ length: 6 }, async () => (await t.caller.post('/v1/enrollments', t.form())).body),
  );
  ground = await groundFor(document);
  judge = createJudge(t, secretsOf(t));
});
afterAll(() => t?.stop());

async function groundFor(document: ApiDocument): Promise<Ground> {
  // Its clock goes wherever requests set it; the one that brands enroll in stands still.
  const expendable = await publishProgram(t);
  const made = await t.admin.post<{ keyId: string; key: string }>('/v1/api-keys', {
    ...{ role: 'admin', id: 'eve', test: true },
  });
  const revoked = await t.admin.post<{ keyId: string }>('/v1/api-keys', { role: 'caller', id: 'mallory' });
  const examples = Object.values(document.paths)
    .flatMap((methods) => Object.values(methods))
    .map(({ requestBody }) => requestBody?.content['application/json']?.example);
  const { programId } = t;
  return {
    keys: [...DEVELOPMENT_KEYS, { key: made.body.key, role: 'admin', id: 'eve' }],
    components: document.components.schemas,
    documents: [expendable],
    inPath: {
      enrollmentId: enrolled.map(({ id }) => id),
      programId: [expendable.id],
      keyId: [revoked.body.keyId],
      revision: [1],
      program: [programId],
    },
    inBody: {
      ...valuesByName(examples),
      programId: [programId],
      storeUrl: Array.from({ length: 30 }, () => `https://${randomUUID()}.example`),
    },
  };
}

/** Of documents within each other: all values of the members of a name. */
function valuesByName(value: unknown, found: Record<string, unknown[]> = Object.create(null) as never) {
  if (typeof value !== 'object' || value === null) return found;
  for (const [name, member] of Object.entries(value)) {
    if (!Array.isArray(value)) (found[name] ??= []).push(member);
    valuesByName(member, found);
  }
  return found;
}

function secretsOf({ plan }: TestService): string[] {
  const { username, password, host, pathname } = new URL(plan.databaseUrl);
  return [username, password, host, pathname.slice(1), plan.temporalAddress, 'pps_dev_', 'node:internal'];
}

/** Draws requests of every operation, a few operations at a time, and checks each; tells all failures together. */
async function eachOperation<T>(
  kind: string,
  requests: (operation: Operation, ground: Ground) => fc.Arbitrary<T>,
  check: (operation: Operation, request: T) => Promise<void>,
): Promise<void> {
  const failures: string[] = [];
  const waiting = [...api.operations];
  const next = async (): Promise<void> => {
    const operation = waiting.shift();
    if (!operation) return;
    const property = fc.asyncProperty(requests(operation, ground), (request) => check(operation, request));
    const drawn = { seed: seed ^ crc32(operation.name), numRuns: runs };
    const result = await fc.check(property, { ...drawn, includeErrorInReport: true });
    if (result.failed) failures.push(`${operation.name}\n${fc.defaultReportMessage(result) ?? ''}`);
    return next();
  };
  await Promise.all(Array.from({ length: OPERATIONS_AT_ONCE }, next));
  if (failures.length > 0) {
    const replay = `FUZZ_SEED=${seed} FUZZ_RUNS=${runs} npm test -- test/api.fuzz.test.ts -t '${kind}'`;
    throw new Error(`${failures.join('\n\n')}\n\nAgain: ${replay}`);
  }
}

async function send(operation: Operation, request: Request) {
  return (await judge.answerTo(bytesOf(request), operation))!;
}

test('When the document is read, then requests can be made of nearly every operation', () => {
  if (api.left.length > 0) console.log(['Not fuzzed:', ...api.left].join('\n'));
  expect(api.operations.length).toBeGreaterThan(35);
  expect(api.left.length).toBeLessThan(api.operations.length / 4);
});

test(
  'When a request is as the document says, then it is done, or refused by a rule, and never called invalid',
  async () => {
    await eachOperation('as the document says', validRequests, async (operation, request) => {
      const { status, text } = await send(operation, request);
      if (status === 400) throw new Error(`The document allows it, the service does not: ${text}`);
    });
  },
  TIMEOUT_MS,
);

test(
  'When one thing of a request is wrong, then it is refused as the document says',
  async () => {
    await eachOperation('one thing of a request', nearlyValidRequests, async (operation, request) => {
      const { status, text } = await send(operation, request);
      const isValid = operation.body?.isValid(bodyOf(request)) ?? true;
      if (!isValid && status < 400)
        throw new Error(`The document forbids it, the service answers ${status}: ${text}`);
    });
  },
  TIMEOUT_MS,
);

test(
  'When a request is hostile, then its answer is a problem that tells nothing',
  async () => {
    await eachOperation('is hostile', attacks, async (operation, { bytes, meetsOperation }) => {
      await judge.answerTo(Buffer.from(bytes, 'latin1'), meetsOperation ? operation : undefined);
    });
  },
  TIMEOUT_MS,
);

test('When all of that is over, then the same process answers, and every enrollment can be read', async () => {
  const { statuses } = judge;
  if (runs > RUNS_IN_SUITE) console.log(`Answers: ${JSON.stringify(statuses)}`);
  const ended = await Promise.race([t.service.api.ended, t.service.worker.ended, Promise.resolve('running')]);
  expect(ended).toBe('running');
  for (const { id } of enrolled) expect(await t.get(id)).toMatchObject({ id });
  const created = await t.caller.post('/v1/enrollments', t.form());
  expect(created.status).toBe(201);
  await t.untilEvent(created.body.id, 'advertiser_located');
  const { rows } = await t.db.query<{ count: number }>('select count(*)::int as count from enrollment');
  expect(rows[0]!.count).toBeGreaterThan(enrolled.length);
  // What a write has answered is kept, and no request has left anything behind to worry about.
  expect(await warnings()).toEqual([]);
  // Enough of them came through to say something.
  expect((statuses['200'] ?? 0) + (statuses['201'] ?? 0)).toBeGreaterThan(5 * runs);
});

async function warnings(): Promise<string[]> {
  const log = await readFile(join(t.plan.logDirectory, 'api.log'), 'utf8');
  return log.split('\n').filter((line) => /"level":(40|50|60)/.test(line));
}

function bodyOf({ body }: Request): unknown {
  return JSON.parse(Buffer.from(body!, 'latin1').toString('utf8'));
}
