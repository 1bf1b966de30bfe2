/** Erasure: a contact's personal data go from everywhere, facts and money stay. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { enrollmentsOfContact } from '../database/enrollments';
import type { Queryable } from '../database/pool';
import { createApiClient, type Enrollment } from '../dev/apiClient';
import { requireContract } from './support/contract';
import { enrolled, ownProgram, storedHistory, type Enrolled } from './support/ownProgram';
import * as payouts from './support/payouts';
import { publishProgram } from './support/programs';
import { startTestService, type TestService } from './support/testService';

/** Each in one place only, so that a hit says where it came from. */
const PERSONAL = {
  name: 'Nora Personalname',
  secondName: 'Otto Secondname',
  email: 'nora.personal@private.example',
  secondEmail: 'otto.second@private.example',
  externalId: 'external-of-nora-4711',
  note: 'She said on the telephone that she is ill.',
  answer: 'My private words on the survey.',
  key: 'fk_valid_of_nora_QXYZ',
};
const WHY = 'Asked for in letter 17.';

interface Answer extends Enrollment {
  externalId: string | null;
  erasedAt: string | null;
}

let t: TestService;
beforeAll(async () => {
  t = await startTestService({ environment: { LOG_LEVEL: 'debug' } });
});
afterAll(() => t?.stop());

const erase = (id: string, key?: string) =>
  t.admin.post<Answer>(`/v1/enrollments/${id}/erasure`, { note: WHY }, key);

interface Erasure {
  items: { enrollmentId: string; outcome: string; whatToDo: string | null }[];
  more: boolean;
}

const eraseContact = (contactEmail: string, key?: string, by = t.admin) =>
  by.post<Erasure>('/v1/erasures', { contactEmail, note: WHY }, key);

/** The tables that hold the text, in any row and column. */
async function tablesWith(text: string): Promise<string[]> {
  const { rows } = await t.db.query<{ table: string }>(
    `select quote_ident(tablename) as table from pg_tables where schemaname = 'public'`,
  );
  const found: string[] = [];
  for (const { table } of rows) {
    const { rowCount } = await t.db.query(`select from ${table} r where strpos(to_jsonb(r)::text, $1) > 0`, [
      text,
    ]);
    if (rowCount! > 0) found.push(table);
  }
  return found.sort();
}

/** Paid, with everything that people can write about themselves. */
async function paidEnrollment(): Promise<Enrolled> {
  const program = await ownProgram(t);
  const form = t.form({
    contact: { name: PERSONAL.name, email: PERSONAL.email },
    surveyPartner: 'fairing',
    partnerApiKey: PERSONAL.key,
  });
  const { body } = await t.caller.post('/v1/enrollments', {
    ...form,
    programId: program.programId,
    externalId: PERSONAL.externalId,
  });
  const enrollment = enrolled(t, body, { ...form, programId: program.programId });
  await enrollment.untilEvent('advertiser_located');
  await enrollment.resubmit({ contact: { name: PERSONAL.secondName, email: PERSONAL.secondEmail } });
  await enrollment.confirm(t.admin);
  const texts = program.definition.questionnaire.questions.filter(({ type }) => type === 'text');
  expect(texts.length).toBeGreaterThan(0);
  const answers = { ...t.answers, ...Object.fromEntries(texts.map(({ id }) => [id, PERSONAL.answer])) };
  await t.caller.post(`${enrollment.path}/questionnaire`, { answers });
  await t.admin.post(`${enrollment.path}/hold`, { reasonCode: 'FRAUD_REVIEW', note: PERSONAL.note });
  await enrollment.release();
  await payouts.calculationDateComes(program);
  // The contact has changed after the key vouched for the first one.
  await enrollment.untilStatus('awaiting_approval');
  expect((await enrollment.decide('approve')).status).toBe(200);
  await payouts.payoutDateComes(program);
  await enrollment.untilStatus('paid');
  return enrollment;
}

test('When personal data are erased after the payout, then they are nowhere, and facts and money are as before', async () => {
  const enrollment = await paidEnrollment();
  const { id, workflow } = enrollment;
  const before = (await t.admin.get<Answer>(enrollment.path)).body;
  const timeline = await enrollment.timeline();
  const stood = Object.fromEntries(
    await Promise.all(
      Object.entries(PERSONAL).map(async ([what, text]) => [what, await tablesWith(text)] as const),
    ),
  );
  // What is to be erased was there, so that its absence says something. The key is encrypted from the first.
  expect(stood).toEqual({
    name: ['submission'],
    secondName: ['submission'],
    email: ['submission'],
    secondEmail: ['submission'],
    externalId: ['idempotency_key', 'submission'],
    note: ['note'],
    answer: ['questionnaire_answers'],
    key: [],
  });

  const { status, body } = await erase(id);
  expect(status).toBe(200);
  expect(body).toMatchObject({ status: 'paid', externalId: null, erasedAt: expect.any(String) as string });
  for (const text of Object.values(PERSONAL)) expect([text, await tablesWith(text)]).toEqual([text, []]);
  expect(await tablesWith('QXYZ')).toEqual([]);
  const keys = await t.db.query<{ bytes: number }>(
    'select length(ciphertext) as bytes from partner_key where enrollment_id = $1',
    [id],
  );
  expect(keys.rows).toEqual([{ bytes: 0 }]);

  const after = (await t.admin.get<Answer>(enrollment.path)).body;
  const erased = { erasedAt: body.erasedAt, externalId: null, partnerApiKey: { lastFour: '' } };
  // It changed: who follows changes is to erase its own copy.
  expect(after).toEqual({ ...before, ...erased, updatedAt: body.erasedAt });
  expect(await enrollment.timeline()).toEqual(timeline);
  expect(await payouts.paymentsOf(t, enrollment)).toHaveLength(1);

  // Temporal and the logs never had any.
  const described = await workflow.describe();
  const logs = await logsOfService();
  const elsewhere = [
    await storedHistory(workflow),
    JSON.stringify([described.memo, described.searchAttributes, described.raw.executionConfig]),
    ...logs,
  ];
  expect(logs[0]).toContain('request');
  for (const text of Object.values(PERSONAL)) {
    for (const place of elsewhere) expect(place.includes(text)).toBe(false);
  }
});

/** What API and worker have logged. */
function logsOfService(): Promise<string[]> {
  return Promise.all(
    ['api.log', 'worker.log'].map((file) => readFile(join(t.plan.logDirectory, file), 'utf8')),
  );
}

test('When the erasure is asked for again, then nothing changes but its note, and the audit has both', async () => {
  const { id } = (await t.caller.post('/v1/enrollments', t.form())).body;
  await t.untilEvent(id, 'advertiser_located');
  await t.caller.post(`/v1/enrollments/${id}/withdrawal`, {});
  const key = randomUUID();
  const first = await erase(id, key);
  const replayed = await erase(id, key);
  expect(replayed.headers.get('idempotency-replayed')).toBe('true');
  expect(replayed.body).toEqual(first.body);
  expect((await erase(id)).body).toEqual(first.body);
  const { body } = await t.admin.get<{ items: { event: string; operation: string; status: number }[] }>(
    `/v1/enrollments/${id}/audit`,
  );
  const erasures = body.items.filter(({ operation }) => operation === 'eraseEnrollment');
  expect(erasures.map(({ event, status }) => [event, status])).toEqual([
    ['requested', null],
    ['answered', 200],
    ['requested', null],
    ['answered', 200],
  ]);
});

test('When the enrollment is open, then its data cannot be erased, and a reason is needed', async () => {
  const { id } = (await t.caller.post('/v1/enrollments', t.form())).body;
  await t.untilEvent(id, 'advertiser_located');
  expect(await erase(id)).toMatchObject({ status: 409, body: { code: 'ENROLLMENT_OPEN' } });
  expect((await t.admin.post(`/v1/enrollments/${id}/erasure`, {})).status).toBe(400);
  const { rows } = await t.db.query('select contact_name from submission where enrollment_id = $1', [id]);
  expect(rows).toEqual([{ contact_name: 'Nora Wind' }]);
});

test('When the application erases data of an open enrollment by itself, then the database does not', async () => {
  const { id } = (await t.caller.post('/v1/enrollments', t.form())).body;
  const application = new Client({ connectionString: t.plan.databaseUrl });
  await application.connect();
  try {
    const { rows } = await application.query(`select erase_personal_data($1, '{}') as erased`, [id]);
    expect(rows).toEqual([{ erased: false }]);
  } finally {
    await application.end();
  }
  const { rows } = await t.db.query('select contact_name from submission where enrollment_id = $1', [id]);
  expect(rows).toEqual([{ contact_name: 'Nora Wind' }]);
});

test('When a form, a key or answers come after the erasure, then they are refused and bring nothing back', async () => {
  const form = t.form();
  const { id } = (await t.caller.post('/v1/enrollments', form)).body;
  await t.untilEvent(id, 'advertiser_located');
  await t.caller.post(`/v1/enrollments/${id}/withdrawal`, {});
  expect((await erase(id)).status).toBe(200);
  const late = { ...form, contact: { name: 'Late Contact', email: 'late@private.example' } };
  const path = `/v1/enrollments/${id}`;
  const refused = { status: 409, body: { code: 'ENROLLMENT_ERASED' } };
  expect(await t.caller.post('/v1/enrollments', late)).toMatchObject(refused);
  expect(await t.caller.post(`${path}/resubmission`, { ...late, programId: undefined })).toMatchObject(
    refused,
  );
  expect(await t.caller.post(`${path}/questionnaire`, { answers: t.answers })).toMatchObject(refused);
  expect(await tablesWith('late@private.example')).toEqual([]);
  // The brand may enroll once more all the same, as a new enrollment.
  expect((await t.admin.post(`${path}/new-enrollment-permission`, { note: 'Again.' })).status).toBe(200);
  expect(await t.caller.post('/v1/enrollments', late, randomUUID())).toMatchObject({ status: 201 });
});

test('When a form waits for an erasure that goes on, then it is refused', async () => {
  const form = t.form();
  const { id } = (await t.caller.post('/v1/enrollments', form)).body;
  await t.untilEvent(id, 'advertiser_located');
  await t.caller.post(`/v1/enrollments/${id}/withdrawal`, {});
  const erasing = await t.db.connect();
  try {
    await erasing.query('begin');
    await erasing.query('update enrollment set erased_at = now() where enrollment_id = $1', [id]);
    await erasing.query('select from enrollment where enrollment_id = $1 for update', [id]);
    const late = t.caller.post(`/v1/enrollments/${id}/resubmission`, {
      ...form,
      programId: undefined,
      contact: { name: 'Late Contact', email: 'later@private.example' },
    });
    await untilSomebodyWaits();
    await erasing.query('commit');
    expect(await late).toMatchObject({ status: 409, body: { code: 'ENROLLMENT_ERASED' } });
  } finally {
    await erasing.query('rollback');
    erasing.release();
  }
  expect(await tablesWith('later@private.example')).toEqual([]);
});

/** Enrolled with this address. */
async function withContact(email: string, program = t.programId): Promise<Enrolled> {
  const form = { ...t.form({ contact: { name: 'Carla Contact', email } }), programId: program };
  const enrollment = enrolled(t, (await t.caller.post('/v1/enrollments', form)).body, form);
  await enrollment.untilEvent('advertiser_located');
  return enrollment;
}

describe('of a contact', () => {
  const outcomes = ({ items }: Erasure) =>
    items.map(({ enrollmentId, outcome }) => [enrollmentId, outcome] as const);
  const inOrder = (...of: [Enrolled, string][]) =>
    of.map(([{ id }, outcome]) => [id, outcome]).sort(([one], [other]) => (one! < other! ? -1 : 1));

  test('When a contact asks for it, then all of its ended enrollments are erased, and open ones are named and stay', async () => {
    const email = 'Carla.Contact@private.example';
    const [now, before, open, others] = [
      await withContact(email),
      await withContact(email.toUpperCase()),
      await withContact(email),
      await withContact('carla.contact@private.example.other'),
    ];
    // The contact of an earlier form only.
    await before.resubmit({ contact: { name: 'Dora Contact', email: 'dora@private.example' } });
    for (const ended of [now, before, others]) await ended.withdraw();

    const { status, body } = await eraseContact(email.toLowerCase());
    expect(status).toBe(200);
    expect(outcomes(body)).toEqual(inOrder([now, 'erased'], [before, 'erased'], [open, 'open']));
    expect(body.more).toBe(false);
    const whatToDo = body.items.find(({ enrollmentId }) => enrollmentId === open.id)!.whatToDo;
    expect(whatToDo).toBe('It has not ended: withdraw it, then send a new request.');
    const { rows } = await t.db.query<{ id: string; emails: (string | null)[] }>(
      `select enrollment_id as id, array_agg(contact_email order by submitted_at) as emails from submission
        where enrollment_id = any($1) group by enrollment_id`,
      [[now.id, before.id, open.id, others.id]],
    );
    expect(Object.fromEntries(rows.map(({ id, emails }) => [id, emails]))).toEqual({
      [now.id]: [null],
      [before.id]: [null, null],
      [open.id]: [email],
      [others.id]: ['carla.contact@private.example.other'],
    });

    await open.withdraw();
    expect(outcomes((await eraseContact(email)).body)).toEqual([[open.id, 'erased']]);
    expect((await eraseContact(email)).body).toEqual({ items: [], more: false });
  });

  test('When a contact is erased, then the audit of each enrollment has it, and the address is nowhere', async () => {
    const email = 'erna.everywhere@private.example';
    const [one, open] = [await withContact(email), await withContact(email)];
    await one.withdraw();
    expect(await tablesWith(email)).toEqual(['submission']);
    const key = randomUUID();
    const { body, headers } = await eraseContact(email, key);
    const entriesOf = async (path: string) => {
      const answer = await t.admin.get<{ items: Record<string, unknown>[] }>(`${path}?limit=200`);
      return answer.body.items.filter(({ operation }) => operation === 'eraseContact');
    };
    const entries = await entriesOf(`${one.path}/audit`);
    expect(entries).toMatchObject([
      {
        event: 'answered',
        status: 200,
        actor: { role: 'admin', id: 'ana' },
        about: { enrollmentId: one.id },
      },
    ]);
    expect(entries[0]!['requestId']).toBe(headers.get('x-request-id'));
    expect(await entriesOf(`${open.path}/audit`)).toEqual([]);
    const ofService = (await entriesOf('/v1/audit')).filter(
      ({ messageId }) => messageId === entries[0]!['messageId'],
    );
    expect(ofService.map(({ event, params, about }) => [event, params, about])).toEqual([
      ['requested', {}, {}],
      ['answered', {}, {}],
    ]);

    // Asked once more with the same key, it is told what was done.
    const again = await eraseContact(email, key);
    expect([again.body, again.headers.get('idempotency-replayed')]).toEqual([body, 'true']);
    await open.withdraw();
    expect((await eraseContact(email)).body.items).toMatchObject([
      { enrollmentId: open.id, outcome: 'erased' },
    ]);
    expect(await tablesWith(email)).toEqual([]);
    const elsewhere = [await storedHistory(one.workflow), ...(await logsOfService())];
    expect(elsewhere.some((text) => text.includes('/v1/erasures'))).toBe(true);
    for (const text of elsewhere) expect(text.toLowerCase().includes(email)).toBe(false);
  });

  test('When a contact has many enrollments, then they are erased 200 at a time, open ones last', async () => {
    const email = 'many.brands@private.example';
    const [open, ended] = [await withContact(email), await withContact(email)];
    await ended.withdraw();
    await t.db.query(
      `insert into enrollment (enrollment_id, program_id, brand_key, workflow_id, owner, survey_partner, state, status,
         calculation_month)
       select 'enr_z' || n, program_id, brand_key || n, workflow_id || n, owner, survey_partner, state, status, calculation_month
         from enrollment, generate_series(1, 204) n where enrollment_id = $1`,
      [ended.id],
    );
    await t.db.query(
      `insert into submission
       select (jsonb_populate_record(s, jsonb_build_object('submission_id', 'sub_' || n, 'enrollment_id', 'enr_z' || n,
                 'message_id', 'message ' || n))).*
         from submission s, generate_series(1, 204) n where enrollment_id = $1`,
      [ended.id],
    );
    const first = (await eraseContact(email)).body;
    expect([new Set(outcomes(first).map(([, outcome]) => outcome)), first.items.length, first.more]).toEqual([
      new Set(['erased']),
      200,
      true,
    ]);
    const rest = (await eraseContact(email)).body;
    expect([rest.items.length, rest.more]).toEqual([6, false]);
    expect(outcomes((await eraseContact(email)).body)).toEqual([[open.id, 'open']]);
  });

  test('When a contact is looked for, then along an index, however many forms there are', async () => {
    const client = await t.db.connect();
    const plan: string[] = [];
    const explaining = {
      async query(text: string, values: unknown[]) {
        const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
        plan.push(...rows.map((row) => row['QUERY PLAN']));
        return { rows: [] };
      },
    };
    try {
      // There are few here: PostgreSQL would read all of them.
      await client.query('begin; set local enable_seqscan = off');
      await enrollmentsOfContact(explaining as unknown as Queryable, { kind: 'all' }, 'a@b.example', 9);
    } finally {
      await client.query('rollback');
      client.release();
    }
    expect(plan.join('\n')).toContain('submission_by_contact');
  });

  test('When a test key asks for it, then only what runs on a test clock is erased', async () => {
    const email = 'tess.test@private.example';
    const real = await withContact(email, (await publishProgram(t)).id);
    const rehearsed = await withContact(email);
    for (const ended of [real, rehearsed]) await ended.withdraw();
    await t.db.query(
      `update program set clock = '[]' where program_id = (select program_id from enrollment where enrollment_id = $1)`,
      [real.id],
    );
    const made = await t.admin.post<{ key: string }>('/v1/api-keys', {
      role: 'admin',
      id: 'ana',
      test: true,
    });
    const tester = createApiClient(t.service.apiUrl, made.body.key, requireContract);
    expect(outcomes((await eraseContact(email, undefined, tester)).body)).toEqual([[rehearsed.id, 'erased']]);
    expect(outcomes((await eraseContact(email)).body)).toEqual([[real.id, 'erased']]);
  });

  test('When no e-mail address or no reason is given, then it is 400', async () => {
    for (const body of [
      { note: WHY },
      { contactEmail: 'a@b.example' },
      { contactEmail: 'everybody', note: WHY },
    ])
      expect(await t.admin.post('/v1/erasures', body)).toMatchObject({ status: 400 });
  });
});

async function untilSomebodyWaits(): Promise<void> {
  for (;;) {
    const { rowCount } = await t.db.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rowCount! > 0) return;
  }
}
