/** The audit: who did or tried what, in chains that nobody can change without its being seen. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { Pool } from 'pg';
import { createApiClient, type Enrollment } from '../dev/apiClient';
import { builtEntry } from '../dev/settings';
import { requireContract } from './support/contract';
import { holdRows } from './support/databaseGate';
import { sendRaw } from './support/rawRequest';
import { OTHER_ADVERTISER, startTestService, type TestService } from './support/testService';

interface Entry {
  position: number;
  at: string;
  event: string;
  actor: { role: string; id: string };
  keyId: string;
  operation: string;
  params: Record<string, string>;
  status: number | null;
  code: string | null;
  about: Record<string, string>;
  address: string;
  requestId: string;
  messageId: string | null;
  hash: string;
}

let t: TestService;
/** The role of the service itself. */
let application: Pool;
let directory: string;
beforeAll(async () => {
  t = await startTestService();
  application = new Pool({ connectionString: t.plan.databaseUrl, max: 1 });
  directory = await mkdtemp(join(tmpdir(), 'pps-audit-'));
});
afterAll(async () => {
  await application?.end();
  await t?.stop();
  if (directory) await rm(directory, { recursive: true });
});

async function enroll(): Promise<Enrollment> {
  const { body } = await t.caller.post('/v1/enrollments', t.form());
  await t.untilEvent(body.id, 'advertiser_located');
  return body;
}

async function auditOf(id: string): Promise<Entry[]> {
  return (await t.admin.get<{ items: Entry[] }>(`/v1/enrollments/${id}/audit?limit=200`)).body.items;
}

interface Page {
  items: Entry[];
  next: number | null;
}

async function serviceAudit(): Promise<Entry[]> {
  const items: Entry[] = [];
  for (let after: number | null = 0; after !== null;) {
    const page: Page = (await t.admin.get<Page>(`/v1/audit?limit=200&after=${after}`)).body;
    items.push(...page.items);
    after = page.next;
  }
  return items;
}

const brief = ({ event, operation, status, code }: Entry) => [event, operation, status, code];

test('When a write is done, then the audit says before and after it who did what, from where, under which request', async () => {
  const { id } = await enroll();
  const answer = await t.partner.post(`/v1/enrollments/${id}/deferral`, { month: '2023-12' });
  const entries = await auditOf(id);
  expect(entries.map(brief)).toEqual([
    ['answered', 'createEnrollment', 201, null],
    ['requested', 'defer', null, null],
    ['answered', 'defer', 200, null],
  ]);
  const [created, requested, answered] = entries;
  expect(requested).toMatchObject({
    actor: { role: 'partner', id: 'kno' },
    keyId: 'settings:partner:kno',
    params: { enrollmentId: id },
    address: expect.stringContaining('127.0.0.1') as string,
    requestId: answer.headers.get('x-request-id'),
  });
  expect(answered).toMatchObject({ messageId: requested!.messageId, requestId: requested!.requestId });
  expect(requested!.messageId).toMatch(/^[0-9a-f]{40}$/);
  expect(Date.now() - Date.parse(answered!.at)).toBeLessThan(60_000);
  // The request that made the enrollment belonged to none yet.
  expect(created!.about).toEqual({ enrollmentId: id });
  const asked = (await serviceAudit()).filter(({ messageId }) => messageId === created!.messageId);
  expect(asked.map(brief)).toEqual([['requested', 'createEnrollment', null, null]]);
});

test('When a request is answered again, then the audit has no more entries', async () => {
  const { id } = await enroll();
  const key = randomUUID();
  const defer = () => t.partner.post(`/v1/enrollments/${id}/deferral`, { month: '2023-12' }, key);
  await defer();
  const before = await auditOf(id);
  expect((await defer()).headers.get('idempotency-replayed')).toBe('true');
  expect(await auditOf(id)).toEqual(before);
});

test('When a key holder is refused, then the audit of what it tried has the code, also of an enrollment that is not its own', async () => {
  const { id } = await enroll();
  const path = `/v1/enrollments/${id}`;
  await t.otherCaller.get(path); // 404
  await t.caller.post(`${path}/hold`, { reasonCode: 'FRAUD_REVIEW', note: 'x' }); // 403
  await t.admin.post(`${path}/hold`, { reasonCode: 'NO_REASON' }); // 400
  await t.partner.post(`${path}/deferral`, { month: '2023-01' }); // 409
  const key = randomUUID();
  await t.admin.post(`${path}/hold`, { reasonCode: 'FRAUD_REVIEW', note: 'x' }, key);
  await t.admin.post(`${path}/hold`, { reasonCode: 'POSSIBLE_DUPLICATE', note: 'x' }, key); // 422
  await sendRaw(`${t.service.apiUrl}${path}/hold`, { method: 'POST', body: '{"reasonCode":' }); // 400
  await sendRaw(`${t.service.apiUrl}${path}/hold`, { method: 'POST', body: 'a', headers: {} }); // 415
  expect((await auditOf(id)).slice(1).map(brief)).toEqual([
    ['refused', 'getEnrollment', 404, 'NOT_FOUND'],
    ['refused', 'hold', 403, 'FORBIDDEN'],
    ['refused', 'hold', 400, 'INVALID_REQUEST'],
    ['requested', 'defer', null, null],
    ['answered', 'defer', 409, 'MONTH_NOT_LATER'],
    ['requested', 'hold', null, null],
    ['answered', 'hold', 200, null],
    ['refused', 'hold', 422, 'IDEMPOTENCY_KEY_REUSED'],
    ['refused', 'hold', 400, 'INVALID_REQUEST'],
    ['refused', 'hold', 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ]);
  expect((await auditOf(id))[1]!.actor).toEqual({ role: 'caller', id: 'other-app' });
});

test('When an id cannot be one, then the refusal is in the chain of the service and the id is not', async () => {
  for (const id of ['%00', 'enr_nobody', '%2e%2e%2f', 'service'])
    expect((await t.caller.get(`/v1/enrollments/${id}`)).status).toBe(404);
  const ids = (await serviceAudit())
    .filter(({ event, operation }) => event === 'refused' && operation === 'getEnrollment')
    .map(({ params }) => params['enrollmentId']);
  expect(ids).toEqual(['(no id)', 'enr_nobody', '(no id)', 'service']);
});

test('When a request has no valid key, then the log has it and the audit does not', async () => {
  const { id } = await enroll();
  const before = await auditOf(id);
  const stranger = createApiClient(t.service.apiUrl, 'pps_dev_caller_unknown');
  expect((await stranger.post(`/v1/enrollments/${id}/withdrawal`, {})).status).toBe(401);
  expect(await auditOf(id)).toEqual(before);
});

test('When a key is made, then the audit says by whom, for whom, and nothing of the key', async () => {
  const { body } = await t.admin.post<{ keyId: string; key: string }>('/v1/api-keys', {
    role: 'approver',
    id: 'ana2',
  });
  const entry = (await serviceAudit()).at(-1)!;
  expect(entry).toMatchObject({
    event: 'answered',
    operation: 'createApiKey',
    actor: { role: 'admin', id: 'ana' },
    about: { keyId: body.keyId, role: 'approver', id: 'ana2' },
  });
});

test('When the audit cannot be written, then nothing is done, and the same request is done later', async () => {
  const { id } = await enroll();
  const key = randomUUID();
  const defer = () => t.partner.post(`/v1/enrollments/${id}/deferral`, { month: '2023-12' }, key);
  await t.db.query('revoke insert (chain, entry) on audit_entry from pps_app');
  try {
    expect((await defer()).status).toBe(500);
  } finally {
    await t.db.query('grant insert (chain, entry) on audit_entry to pps_app');
  }
  expect(await t.get(id)).toMatchObject({ calculationMonth: '2023-11' });
  expect((await t.timeline(id)).map(({ type }) => type)).not.toContain('deferred');
  expect((await defer()).status).toBe(200);
});

test('When the API is killed before it has answered, then the audit shows the attempt, the second one and its answer', async () => {
  const { id } = await enroll();
  const key = randomUUID();
  const defer = () => t.partner.post(`/v1/enrollments/${id}/deferral`, { month: '2023-12' }, key);
  const gate = await holdRows(t.db, 'idempotency_key', 'update', 'new.response_status is not null');
  const lost = defer().catch(() => 'no answer');
  await gate.reached();
  await t.service.api.kill('SIGKILL');
  await gate.open();
  expect(await lost).toBe('no answer');
  await t.service.startApi();
  await t.db.query('update idempotency_key set leased_until = now() where key = $1', [key]);
  expect((await defer()).status).toBe(200);
  expect((await auditOf(id)).slice(1).map(brief)).toEqual([
    ['requested', 'defer', null, null],
    ['requested', 'defer', null, null],
    ['answered', 'defer', 200, null],
  ]);
  expect((await t.timeline(id)).filter(({ type }) => type === 'deferred')).toHaveLength(1);
});

test('When many write to one chain at once, then it does not fork', async () => {
  const { id } = await enroll();
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      index % 2
        ? t.otherCaller.get(`/v1/enrollments/${id}`)
        : t.partner.post(`/v1/enrollments/${id}/partner-confirmation`, { advertiserId: OTHER_ADVERTISER }),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404, 409]));
  const entries = await auditOf(id);
  expect(entries).toHaveLength(1 + 20 + 2 * 20);
  expect(entries.map(({ position }) => position)).toEqual(entries.map((_, index) => index + 1));
  expect(await verify()).toMatchObject({ code: 0 });
});

test('When the audit is read, then in pages, by admin, operator and auditor, and by nobody else', async () => {
  const { id } = await enroll();
  await t.partner.post(`/v1/enrollments/${id}/deferral`, { month: '2023-12' });
  const path = `/v1/enrollments/${id}/audit`;
  const all = await auditOf(id);
  const first = await t.admin.get<{ items: Entry[]; next: number }>(`${path}?limit=2`);
  expect(first.body).toEqual({ items: all.slice(0, 2), next: 2 });
  const rest = await t.admin.get<{ items: Entry[]; next: null }>(`${path}?limit=2&after=2`);
  expect(rest.body).toEqual({ items: all.slice(2), next: null });
  expect((await t.admin.get(`${path}?after=x`)).status).toBe(400);
  for (const key of ['pps_dev_operator_cy', 'pps_dev_auditor_di']) {
    const overseer = createApiClient(t.service.apiUrl, key, requireContract);
    expect((await overseer.get(`${path}?limit=2`)).body).toEqual(first.body);
  }
  for (const other of [t.caller, t.partner, t.approver]) expect((await other.get(path)).status).toBe(403);
});

describe('who has the rights of the application', () => {
  const INSUFFICIENT_PRIVILEGE = { code: '42501' };

  test.each([
    'update audit_entry set entry = entry',
    'delete from audit_entry',
    'truncate audit_entry',
    `insert into audit_entry (chain, position, recorded_at, entry, previous_hash, hash)
     values ('service', 1, now(), '{}', '', '')`,
    'update audit_head set position = 0',
    'delete from audit_head',
    `insert into audit_head values ('x', 0, '')`,
    'alter table audit_entry disable trigger all',
    'update api_key set role = role',
    'update api_key set key_hash = key_hash',
    'delete from api_key',
  ])('When it says "%s", then the database refuses', async (statement) => {
    await expect(application.query(statement)).rejects.toMatchObject(INSUFFICIENT_PRIVILEGE);
  });

  test("When it adds an entry of its own, then place, time and hashes are the database's", async () => {
    await application.query(
      `insert into audit_entry (chain, entry) values ('service', '{"event":"forged"}')`,
    );
    expect(await verify()).toMatchObject({ code: 0 });
  });
});

interface Verdict {
  code: number;
  output: string;
}

/** As the command is run. */
function verify(...args: string[]): Promise<Verdict> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [builtEntry('deploy', 'auditVerify.js'), ...args],
      { env: { PATH: process.env['PATH'], DATABASE_URL: t.plan.databaseUrl } },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    );
  });
}

describe('verification', () => {
  let id: string;
  beforeAll(async () => {
    ({ id } = await enroll());
    await t.partner.post(`/v1/enrollments/${id}/deferral`, { month: '2023-12' });
    await t.partner.post(`/v1/enrollments/${id}/deferral`, { month: '2024-01' });
    expect(await auditOf(id)).toHaveLength(5);
  });

  /** Runs it on a database that somebody with all rights has changed, and puts everything back. */
  async function verdictAfter(change: string, ...args: string[]): Promise<Verdict> {
    await t.db.query(
      'create table kept_entries as table audit_entry; create table kept_heads as table audit_head',
    );
    try {
      await t.db.query(change.replaceAll('$id', `'${id}'`));
      return await verify(...args);
    } finally {
      await t.db.query(
        `alter table audit_entry disable trigger audit_chained;
         truncate audit_entry, audit_head;
         insert into audit_entry table kept_entries; insert into audit_head table kept_heads;
         alter table audit_entry enable trigger audit_chained;
         drop table kept_entries, kept_heads`,
      );
    }
  }

  const CHANGED = `update audit_entry set entry = replace(entry::text, 'kno', 'eve')::json where chain = $id and position = 2;`;
  const REWRITTEN = `update audit_entry e set hash = sha256(convert_to(concat_ws(E'\\n', encode(previous_hash, 'hex'), chain,
      position::text, to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), entry::text), 'UTF8'))
    where chain = $id and position = 2;`;
  const CUT = `delete from audit_entry where chain = $id and position > 3;`;
  const CUT_WITH_HEAD = `${CUT} update audit_head h set position = e.position, hash = e.hash from audit_entry e
    where h.chain = $id and e.chain = $id and e.position = 3;`;
  const GONE = `delete from audit_entry where chain = $id;`;

  test('When nothing was changed, then it says so', async () => {
    expect(await verify()).toMatchObject({
      code: 0,
      output: expect.stringContaining('as they were written') as string,
    });
  });

  test.each([
    ['an entry is changed', CHANGED, 2, 'it was changed'],
    [
      'an entry is changed together with its hash',
      CHANGED + REWRITTEN,
      3,
      'it does not follow the entry before it',
    ],
    [
      'the time of an entry is changed',
      `update audit_entry set recorded_at = now() where chain = $id and position = 4`,
      4,
      'it was changed',
    ],
    [
      'an entry in the middle is deleted',
      `delete from audit_entry where chain = $id and position = 3`,
      3,
      'it is missing',
    ],
    [
      'the first entry is deleted',
      `delete from audit_entry where chain = $id and position = 1`,
      1,
      'it is missing',
    ],
    [
      'two entries are exchanged',
      `update audit_entry set position = case position when 2 then 103 else 102 end where chain = $id and position in (2, 3);
      update audit_entry set position = position - 100 where chain = $id and position > 100`,
      2,
      'it does not follow the entry before it',
    ],
    ['the end is deleted', CUT, 4, 'it is missing: the chain ended at 5'],
    ['a whole chain is deleted', GONE, 5, 'it is missing, and all after it'],
    ['the head is deleted', `delete from audit_head where chain = $id`, 6, 'the chain has no end'],
  ])('When %s, then the first bad entry is named', async (_what, change, position, reason) => {
    const { code, output } = await verdictAfter(change);
    expect(code).toBe(1);
    expect(output).toContain(`entry ${position} of ${id}: ${reason}`);
  });

  test('When an end is cut off together with its head, then only the ends of an earlier run show it', async () => {
    const file = join(directory, 'heads.json');
    expect(await verify(file)).toMatchObject({ code: 0 });
    const heads = JSON.parse(await readFile(file, 'utf8')) as { chain: string }[];
    expect(heads.map(({ chain }) => chain)).toEqual(expect.arrayContaining([id, 'service']));
    // Later entries are no harm.
    await t.otherCaller.get(`/v1/enrollments/${id}`);
    expect(await verify(file)).toMatchObject({ code: 0 });

    expect(await verdictAfter(CUT_WITH_HEAD)).toMatchObject({ code: 0 });
    const { code, output } = await verdictAfter(CUT_WITH_HEAD, file);
    expect([code, output]).toEqual([1, expect.stringContaining(`of ${id}: it is missing`)]);
    const all = `${GONE} delete from audit_head where chain = $id`;
    expect(await verdictAfter(all)).toMatchObject({ code: 0 });
    expect(await verdictAfter(all, file)).toMatchObject({ code: 1 });
  });

  test('When the file is none of its own, then it is refused and stays as it is', async () => {
    const file = join(directory, 'other.json');
    await writeFile(file, '{"chain":1}');
    expect(await verify(file)).toMatchObject({
      code: 2,
      output: expect.stringContaining('other.json') as string,
    });
    expect(await readFile(file, 'utf8')).toBe('{"chain":1}');
  });
});
