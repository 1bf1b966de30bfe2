/** Imports of enrollments on the real stack: large ones, broken ones, interrupted ones; each good row exactly one enrollment. */
import { randomUUID } from 'node:crypto';
import { createDatabase } from '../database/pool';
import { sweepImports } from '../database/imports';
import { eventually, type ApiAnswer } from '../dev/apiClient';
import { startService } from '../dev/service';
import { freePort } from '../dev/stack/ports';
import { residentMib } from '../bench/measure/memory';
import { requireContract } from './support/contract';
import {
  IMPORT_HEADER,
  importFile,
  linesOf,
  sendImport,
  textOf,
  type ImportAnswer,
  type ImportFile,
} from './support/importFiles';
import { ADVERTISER, OTHER_ADVERTISER, startTestService, type TestService } from './support/testService';

interface Batch {
  batchId: string;
  total: number;
  pending: number;
  done: number;
  failed: number;
}
interface Item {
  position: number;
  status: string;
  result: {
    status: number;
    code?: string;
    detail?: string;
    enrollmentId?: string;
    row?: number;
    errors?: object[];
  };
}

const PER_SECOND = 25;
const LARGE = 20_000;

let t: TestService;
beforeAll(async () => {
  t = await startTestService({
    environment: { IMPORT_STARTS_PER_SECOND: String(PER_SECOND), REQUEST_TIMEOUT_MS: '2000' },
  });
});
afterAll(() => t?.stop());

type Parts = Parameters<typeof sendImport>[1];
interface Sending {
  key?: string;
  program?: string;
  as?: string;
  type?: string;
  aborted?: AbortSignal;
}

const CALLER = 'pps_dev_caller_shop-app';

/** Every answer is as the OpenAPI document says. */
async function send(
  parts: Parts,
  { key = randomUUID(), program = t.programId, aborted, ...more }: Sending = {},
) {
  const path = `/v1/enrollment-imports?programId=${program}`;
  const answer = await sendImport({ url: t.service.apiUrl + path, key, as: CALLER, ...more }, parts, aborted);
  const headers = new Headers(answer.headers as Record<string, string>);
  requireContract('POST', path, { ...answer, headers });
  return answer;
}

async function sendText(text: string | Buffer, more?: Sending): Promise<ImportAnswer> {
  return send([text], more);
}

const batchOf = async (id: string) => (await t.caller.get<Batch>(`/v1/batches/${id}`)).body;
const untilDone = (id: string) =>
  eventually(
    () => batchOf(id),
    ({ pending }) => pending === 0,
    90_000,
  );
async function itemsOf(id: string, status?: string): Promise<Item[]> {
  const items: Item[] = [];
  for (let after: string | null = ''; after !== null;) {
    const query: string = `?limit=200${status ? `&status=${status}` : ''}${after && `&after=${after}`}`;
    const page: ApiAnswer<{ items: Item[]; next: string | null }> = await t.caller.get(
      `/v1/batches/${id}/items${query}`,
    );
    expect(page.status).toBe(200);
    items.push(...page.body.items);
    after = page.body.next;
  }
  return items;
}

/** How many of the file's brands have how many enrollments. */
async function enrollmentsOf(file: ImportFile): Promise<{ made: number; brands: number }> {
  const { rows } = await t.db.query<{ made: number; brands: number }>(
    `select count(*)::int as made, count(distinct brand_key)::int as brands from enrollment where brand_key like $1`,
    [`%${file.brandAt(0).slice('row0'.length)}`],
  );
  return rows[0]!;
}

/** Of the file that was begun last. */
const rowsStored = async () => {
  const { rows } = await t.db.query<{ rows: number }>(
    `select rows from enrollment_import i join batch b on b.batch_id = i.batch_id order by b.created_at desc limit 1`,
  );
  return rows[0]?.rows ?? 0;
};

const good = (file: ImportFile) =>
  Array.from({ length: file.count }, (_, index) => index).filter((index) => !file.isBad(index)).length;

test('When a file of 20,000 rows is cut off half-way and sent again, then it goes on, and memory does not grow with it', async () => {
  const small = importFile(2_000);
  expect((await send(linesOf(small))).status).toBe(202);
  const memory = await residentMib(t.service.api.pid);

  const file = importFile(LARGE, { badEvery: 100 });
  const key = randomUUID();
  const [aborted, lines] = [new AbortController(), [...linesOf(file)]];
  async function* half() {
    yield* lines.slice(0, LARGE / 2);
    // Stands still until so much is stored that the file has to go on in its middle.
    await eventually(rowsStored, (rows) => rows > LARGE / 3);
    aborted.abort();
  }
  await expect(send(half(), { key, aborted: aborted.signal })).rejects.toThrow('aborted');
  const begun = await rowsStored();
  expect(begun).toBeLessThan(LARGE);

  const { status, body } = await send(linesOf(file), { key });
  expect([status, body]).toMatchObject([202, { state: 'accepted', total: LARGE, failed: LARGE / 100 }]);
  // A heap that is collected when it likes; the file as JSON would be more than three times as much.
  expect((await residentMib(t.service.api.pid)) - memory).toBeLessThan(60);

  const failed = await itemsOf(body.batchId, 'failed');
  expect(failed.map(({ result }) => result.row)).toEqual(
    Array.from({ length: LARGE / 100 }, (_, index) => (index + 1) * 100 + 1),
  );
  expect(failed[0]!.result).toMatchObject({
    status: 400,
    code: 'INVALID_REQUEST',
    errors: [{ pointer: '/advertiserId' }],
  });

  const again = await send(linesOf(file), { key });
  expect(again).toMatchObject({ status: 202, headers: { 'idempotency-replayed': 'true' } });
  expect(again.body).toMatchObject({ batchId: body.batchId, total: LARGE });
});
