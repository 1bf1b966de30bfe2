/** Imports of enrollments on the real stack: large ones, broken ones, interrupted ones; each good row exactly one enrollment. */
import { randomUUID } from 'node:crypto';
import { createDatabase } from '../database/pool';
import { sweepImports } from '../database/imports';
import { eventually, type ApiAnswer } from '../dev/apiClient';
import { residentMib } from '../bench/measure/memory';
import { requireContract } from './support/contract';
import { slowDeletes } from './support/databaseGate';
import {
  IMPORT_HEADER,
  importFile,
  linesOf,
  sendImport,
  type ImportAnswer,
  type ImportFile,
} from './support/importFiles';
import {
  ADVERTISER,
  OTHER_ADVERTISER,
  startSecond,
  startTestService,
  type TestService,
} from './support/testService';

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
    environment: {
      IMPORT_STARTS_PER_SECOND: String(PER_SECOND),
      REQUEST_TIMEOUT_MS: '2000',
      TIKTOK_REQUESTS_PER_SECOND: '100',
    },
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

test('When a file of 20,000 rows is cut off, then the API killed half-way, and it is sent again, then it goes on, and memory does not grow with it', async () => {
  const file = importFile(LARGE, { badEvery: 100 });
  const key = randomUUID();
  const lines = [...linesOf(file)];
  async function* upTo(rows: number, cutOff: () => unknown) {
    yield* lines.slice(0, rows);
    // Stands still until so much is stored that the file has to go on in its middle.
    await eventually(rowsStored, (stored) => stored > (rows * 2) / 3);
    await cutOff();
  }
  const aborted = new AbortController();
  const byItsSender = upTo(LARGE / 4, () => aborted.abort());
  await expect(send(byItsSender, { key, aborted: aborted.signal })).rejects.toThrow('aborted');
  const first = await rowsStored();
  const byAKill = upTo(LARGE / 2, () => t.service.api.kill('SIGKILL'));
  await expect(send(byAKill, { key })).rejects.toThrow(/ECONNRESET|EPIPE|socket hang up/);
  const second = await rowsStored();
  expect(second).toBeGreaterThan(first);
  expect(second).toBeLessThan(LARGE);
  await t.service.startApi();

  // What a process holds after its first work is no matter of the file.
  const { body: few } = await send(linesOf(importFile(2_000)));
  expect(few).toMatchObject({ total: 2_000, failed: 0 });
  const memory = await residentMib(t.service.api.pid);
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

  // Carried out to its end it would take minutes: some of it, with a kill in between, and each row that was made is looked at.
  await cancel(few.batchId);
  await untilMoreAreDone(body.batchId, 100);
  await t.service.api.kill('SIGKILL');
  await t.service.startApi();
  // What it had in hand is due when its lease ends; not to wait for that, it ends now.
  await t.db.query(`update batch_item set due_at = now() where status = 'pending' and attempts > 0`);
  await untilMoreAreDone(body.batchId, 100);
  await standStill();
  // Whoever took turns before may only now make use of them.
  const { made, brands } = await eventually(
    async () => ({ ...(await enrollmentsOf(file)), ...(await batchOf(body.batchId)) }),
    ({ made, done }) => made === done,
  );
  expect(brands).toBe(made);
  await cancel(body.batchId);
  await goOn();
});

/** So that other tests do not wait for its rows. */
async function cancel(batchId: string): Promise<void> {
  await t.db.query(
    `update batch_item set status = 'failed', content = null where batch_id = $1 and status = 'pending'`,
    [batchId],
  );
}

async function untilMoreAreDone(batchId: string, more: number): Promise<void> {
  const before = (await batchOf(batchId)).done;
  await eventually(
    () => batchOf(batchId),
    ({ done }) => done > before + more,
  );
}

/** No further row is carried out, and none is in hand. */
async function standStill(): Promise<void> {
  await t.db.query(`update import_pace set free_from = now() + interval '1 hour'`);
  const inHand = () => t.db.query(`select from batch_item where status = 'pending' and attempts > 0`);
  await eventually(inHand, ({ rowCount }) => rowCount === 0);
}

const goOn = () => t.db.query(`update import_pace set free_from = now()`);

test('When the API is killed while rows are carried out, then each good row has exactly one enrollment, made at the rate', async () => {
  const file = importFile(200, { badEvery: 20 });
  const { body } = await send(linesOf(file));
  await eventually(
    () => batchOf(body.batchId),
    ({ done }) => done > good(file) / 4,
  );
  const seen = await batchOf(body.batchId);
  expect(seen.pending).toBeGreaterThan(0);
  await t.service.api.kill('SIGKILL');
  await t.service.startApi();
  // Also of those that it had in hand, whose lease ends by itself.
  const { done, failed } = await untilDone(body.batchId);
  expect([done, failed]).toEqual([good(file), file.count - good(file)]);
  expect(await enrollmentsOf(file)).toEqual({ made: good(file), brands: good(file) });

  // All of them are started, by the outbox.
  const ids = (await itemsOf(body.batchId, 'done')).map(({ result }) => result.enrollmentId);
  expect(new Set(ids).size).toBe(good(file));
  const { rows } = await t.db.query<{ made: number; seconds: number }>(
    `select count(*)::int as made, extract(epoch from max(created_at) - min(created_at))::float8 as seconds
       from enrollment where enrollment_id = any($1)`,
    [ids],
  );
  // A process that comes late has a second's rows at once.
  const { made, seconds } = rows[0]!;
  expect(made).toBeLessThanOrEqual(PER_SECOND * (seconds + 1) + 1);
  for (const id of ids.slice(0, 3)) await t.untilEvent(id!, 'advertiser_located');
});

test('When two API processes carry out rows, then together they keep to the rate, and do each row once', async () => {
  const second = await startSecond(t);
  try {
    const file = importFile(150);
    const { body } = await send(linesOf(file));
    await untilDone(body.batchId);
    expect(await enrollmentsOf(file)).toEqual({ made: file.count, brands: file.count });
    const { rows } = await t.db.query<{ most: number }>(
      // For each of them, how many were made in the second that begins with it.
      `select max(within)::int as most from (
         select count(*) over (order by created_at range between current row and interval '1 second' following) as within
           from enrollment where brand_key like $1) seconds`,
      [`%${file.brandAt(0).slice('row0'.length)}`],
    );
    // At most those that had piled up in a second, and those of this second.
    expect(rows[0]!.most).toBeLessThanOrEqual(2 * PER_SECOND + 1);
  } finally {
    await second.stop();
  }
});

describe('a key names a file', () => {
  const key = randomUUID();
  const file = importFile(40);
  const lines = [...linesOf(file)];
  let batchId: string;
  beforeAll(async () => {
    ({ batchId } = (await send(lines, { key })).body);
  });

  test.each([
    ['one row is another', () => lines.with(20, lines[20]!.replace('Nora', 'Dora')), undefined],
    ['a row more', () => [...lines, lines[1]!.replace('row0', 'row99')], undefined],
    ['a row less', () => lines.slice(0, -1), undefined],
    ['the same as another type', () => lines, 'application/x-ndjson'],
  ])(
    'When a key is used again with %s, then it is 422 and nothing is added',
    async (_what, changed, type) => {
      const { status, body } = await send(changed(), { key, ...(type !== undefined && { type }) });
      expect([status, body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
      expect(await batchOf(batchId)).toMatchObject({ state: 'accepted', total: 40, failed: 0 });
    },
  );

  test('When somebody else uses the same key, then it is a file of their own', async () => {
    const { status, body } = await send(linesOf(importFile(1)), { key, as: 'pps_dev_caller_other-app' });
    expect([status, body['total']]).toEqual([202, 1]);
    expect((await t.caller.get(`/v1/batches/${body.batchId}`)).status).toBe(404);
    expect((await t.caller.get(`/v1/batches/${body.batchId}/items`)).status).toBe(404);
    expect((await t.otherCaller.get(`/v1/batches/${body.batchId}`)).status).toBe(200);
    expect((await t.admin.get(`/v1/batches/${body.batchId}`)).status).toBe(200);
  });

  test('When the same file is sent twice at once, then it is one import with each row once', async () => {
    const twice = importFile(3_000);
    const both = await Promise.all([1, 2].map(() => send(linesOf(twice), { key: 'twice' })));
    expect(both.map(({ status }) => status)).toEqual([202, 202]);
    expect(both[0]!.body.batchId).toBe(both[1]!.body.batchId);
    expect(await batchOf(both[0]!.body.batchId)).toMatchObject({ total: 3_000 });
    await cancel(both[0]!.body.batchId);
  });
});

describe('what the rows are', () => {
  const line = (brand: string, advertiserId: string, more = '') =>
    `Wind,https://${brand}.example,Nora,nora@wind.example,kno,woocommerce,${advertiserId},true,2023-10${more}`;

  test('When a brand stands in a file twice, then the later row is a resubmission, in the order of the file', async () => {
    const file = [
      IMPORT_HEADER,
      line('twice', ADVERTISER),
      line('once', ADVERTISER),
      line('twice', OTHER_ADVERTISER),
    ];
    const { body } = await sendText(`${file.join('\n')}\n`);
    expect(await untilDone(body.batchId)).toMatchObject({ done: 3, failed: 0 });
    const [first, , third] = await itemsOf(body.batchId);
    expect([first, third]).toMatchObject([{ result: { status: 202 } }, { result: { status: 200 } }]);
    expect(third!.result.enrollmentId).toBe(first!.result.enrollmentId);
    expect(await t.get(first!.result.enrollmentId!)).toMatchObject({ advertiserId: OTHER_ADVERTISER });
  });

  test('When a row is refused by the program or by another enrollment, then it fails as its own request would', async () => {
    const theirs = t.form();
    await t.otherCaller.post('/v1/enrollments', theirs);
    const rows = [
      { ...t.form(), programId: undefined },
      { ...theirs, programId: undefined },
      { ...t.form({ storePlatform: 'unknown' }), programId: undefined },
      { ...t.form(), surprise: 1, programId: undefined },
    ];
    const { body } = await sendText(rows.map((row) => JSON.stringify(row)).join('\n'), {
      type: 'application/x-ndjson',
    });
    expect(await untilDone(body.batchId)).toMatchObject({ done: 1, failed: 3 });
    expect((await itemsOf(body.batchId)).map(({ result }) => result)).toMatchObject([
      { status: 202, row: 1 },
      { status: 409, code: 'BRAND_ALREADY_ENROLLED', row: 2 },
      { status: 422, code: 'INVALID_REQUEST', row: 3, errors: [{ pointer: '/storePlatform' }] },
      {
        status: 400,
        code: 'INVALID_REQUEST',
        row: 4,
        errors: [{ pointer: '/surprise', message: 'is unknown' }],
      },
    ]);
    const told = JSON.stringify(await itemsOf(body.batchId));
    for (const secret of ['Nora', 'nora@', theirs.brand.storeUrl]) expect(told).not.toContain(secret);
  });

  test('When rows wait, then an API key is encrypted; when they are done, then nothing of their content is left', async () => {
    const key = 'a-key-of-the-advertiser-1234';
    const row = { ...t.form({ surveyPartner: 'fairing', partnerApiKey: key }), programId: undefined };
    // Of this batch: rows of others may wait still.
    const waiting = async (batchId: string) => {
      const sql = `select content::text from batch_item where batch_id = $1 and content is not null`;
      return (await t.db.query<{ content: string }>(sql, [batchId])).rows;
    };
    await standStill();
    const { body } = await sendText(JSON.stringify(row), { type: 'application/x-ndjson' });
    const [{ content } = { content: '' }] = await waiting(body.batchId);
    expect(content).toContain('nora@northwind.example');
    expect(content).not.toContain(key);
    await goOn();
    expect(await untilDone(body.batchId)).toMatchObject({ done: 1 });
    expect(await waiting(body.batchId)).toEqual([]);
    const [{ result }] = (await itemsOf(body.batchId)) as [Item];
    expect((await t.get(result.enrollmentId!)).partnerApiKey).toEqual({ lastFour: '1234' });
  });

  test('When a brand is erased while a row of it waits, then the row is gone with the personal data', async () => {
    const form = t.form();
    const { id } = (await t.caller.post('/v1/enrollments', form)).body;
    await t.untilEvent(id, 'advertiser_located');
    await t.caller.post(`/v1/enrollments/${id}/withdrawal`, {});
    await standStill();
    const rows = [
      { ...form, contact: { name: 'Later', email: 'later@wind.example' }, programId: undefined },
      { ...t.form(), programId: undefined },
    ];
    const { body } = await sendText(rows.map((row) => JSON.stringify(row)).join('\n'), {
      type: 'application/x-ndjson',
    });
    const erased = await t.admin.post(`/v1/enrollments/${id}/erasure`, { note: 'Asked for.' });
    expect(erased.status).toBe(200);
    const { rows: left } = await t.db.query(
      `select from batch_item where content::text like '%later@wind.example%'`,
    );
    expect(left).toEqual([]);
    await goOn();
    expect(await untilDone(body.batchId)).toMatchObject({ done: 1, failed: 1 });
    expect((await itemsOf(body.batchId, 'failed'))[0]!.result).toMatchObject({
      code: 'ENROLLMENT_ERASED',
      row: 1,
    });
  });
});

test('When a row comes after its brand was erased, then it fails and nothing of it is kept', async () => {
  const form = t.form();
  const { id } = (await t.caller.post('/v1/enrollments', form)).body;
  await t.untilEvent(id, 'advertiser_located');
  await t.caller.post(`/v1/enrollments/${id}/withdrawal`, {});
  await t.admin.post(`/v1/enrollments/${id}/erasure`, { note: 'Asked for.' });
  const contact = { name: 'Later', email: 'later@wind.example' };
  const { body } = await sendText(JSON.stringify({ ...form, contact, programId: undefined }), {
    type: 'application/x-ndjson',
  });
  expect(await untilDone(body.batchId)).toMatchObject({ failed: 1 });
  const [{ result }] = (await itemsOf(body.batchId)) as [Item];
  expect(result).toMatchObject({ status: 409, code: 'ENROLLMENT_ERASED', row: 1 });
  const { rowCount: kept } = await t.db.query(
    `select from batch_item where content::text like '%later@wind.example%'`,
  );
  expect(kept).toBe(0);
});

test('When a row names a field as no database can store it, then it alone has failed', async () => {
  const good = { ...t.form(), programId: undefined };
  const rows = [{ '\0': 1 }, { '\ud800': 1 }, good].map((row) => JSON.stringify(row));
  const { status, body } = await sendText(rows.join('\n'), { type: 'application/x-ndjson' });
  expect(status).toBe(202);
  expect(await untilDone(body.batchId)).toMatchObject({ done: 1, failed: 2 });
  for (const { result } of await itemsOf(body.batchId, 'failed'))
    expect(result.errors).toContainEqual({ pointer: '/\uFFFD', message: 'is unknown' });
});

describe('files that cannot be taken', () => {
  test.each([
    ['has no rows', `${IMPORT_HEADER}\n`, {}, 400, 'FILE_UNREADABLE'],
    ['lacks a column', 'brand.name\nWind\n', {}, 400, 'FILE_UNREADABLE'],
    ['is not UTF-8', Buffer.from(`${IMPORT_HEADER}\nSüd`, 'latin1'), {}, 400, 'FILE_UNREADABLE'],
    ['is of another type', '[]', { type: 'application/json' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['has no key', IMPORT_HEADER, { key: '' }, 400, 'INVALID_REQUEST'],
    ['is for a program that is not there', IMPORT_HEADER, { program: 'none' }, 404, 'NOT_FOUND'],
    ['is for no program', IMPORT_HEADER, { program: '' }, 400, 'INVALID_REQUEST'],
    ['is sent by a partner', IMPORT_HEADER, { as: 'pps_dev_partner_kno' }, 403, 'FORBIDDEN'],
    ['is sent by a stranger', IMPORT_HEADER, { as: 'nobody' }, 401, 'UNAUTHENTICATED'],
  ])(
    'When a file %s, then it is a problem, and nothing is imported',
    async (_what, text, more, status, code) => {
      const before = await t.db.query('select from batch_item');
      expect(await sendText(text, more)).toMatchObject({ status, body: { status, code } });
      expect((await t.db.query('select from batch_item')).rowCount).toBe(before.rowCount);
    },
  );

  test('When a file breaks in its middle, then the rest that is sent is let past and the answer arrives; mended, it goes on', async () => {
    const file = importFile(5_000);
    const lines = [...linesOf(file)];
    const broken = lines.with(4_000, lines[4_000]!.replace('Nora', 'No"ra'));
    const key = randomUUID();
    expect(await send(broken, { key })).toMatchObject({
      status: 400,
      body: { code: 'FILE_UNREADABLE', row: 4_001 },
    });
    expect(await rowsStored()).toBeGreaterThan(3_000);
    const { status, body } = await send(lines, { key });
    expect([status, body]).toMatchObject([202, { total: 5_000, failed: 0 }]);
    await cancel(body.batchId);
  });

  test('When a file has 100,001 rows, then it is 413, and nothing is carried out', async () => {
    const lines = function* () {
      for (let index = 0; index <= 100_000; index += 1) yield '{}\n';
    };
    const refused = await send(lines(), { type: 'application/x-ndjson' });
    expect(refused).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
  }, 120_000);

  test('When a file goes on slowly, then it is taken; when it stands still, then it is cut off, and swept after some days', async () => {
    const file = importFile(12);
    async function* slowly() {
      for (const line of linesOf(file)) {
        yield line;
        // The one thing here that is about time: longer in all than a request may take, but never still for so long.
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    }
    const { status, body } = await send(slowly());
    expect([status, body['total']]).toEqual([202, 12]);

    async function* still() {
      yield* linesOf(file, 5);
      await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
      yield '';
    }
    const url = `${t.service.apiUrl}/v1/enrollment-imports?programId=${t.programId}`;
    expect(await sendImport({ url, key: 'still', as: CALLER }, still())).toMatchObject({
      status: 408,
      body: { code: 'REQUEST_TIMEOUT' },
    });
    const begun = () =>
      t.db.query(
        `select from enrollment_import where accepted_at is null and last_row_at < now() - interval '3 days'`,
      );
    await t.db.query(
      `update enrollment_import set last_row_at = now() - interval '4 days' where accepted_at is null`,
    );
    expect((await begun()).rowCount).toBeGreaterThan(0);
    const database = createDatabase({ connectionString: t.plan.databaseUrl });
    await sweepImports(database.pool).finally(() => database.close());
    expect((await begun()).rowCount).toBe(0);
    expect(await batchOf(body.batchId)).toMatchObject({ total: 12 });
  });

  test('When a file that was not sent to its end is larger than one statement can sweep, then it is swept all the same', async () => {
    await t.db.query(`
      insert into batch (batch_id, kind, given_by, owner, message_id, state)
      values ('abandoned', 'enrollments', '{}', 'caller', 'abandoned', 'receiving');
      insert into enrollment_import (batch_id, rows, rows_hash, last_row_at)
      values ('abandoned', 8000, sha256(''), now() - interval '4 days');
      insert into batch_item (batch_id, position, content)
      select 'abandoned', position, '{}' from generate_series(1, 8000) position`);
    const slow = await slowDeletes(t.db, 'batch_item');
    const database = createDatabase({ connectionString: t.plan.databaseUrl });
    await sweepImports(database.pool).finally(() => database.close());
    await slow.end();
    const { rows } = await t.db.query(
      `select (select count(*)::int from batch where batch_id = 'abandoned') as batches,
              (select count(*)::int from batch_item where batch_id = 'abandoned') as items`,
    );
    expect(rows).toEqual([{ batches: 0, items: 0 }]);
  });
});
