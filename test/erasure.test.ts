/** Erasure: a contact's personal data go from everywhere, facts and money stay. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Enrollment } from '../dev/apiClient';
import { enrolled, ownProgram, storedHistory, type Enrolled } from './support/ownProgram';
import * as payouts from './support/payouts';
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
  const elsewhere = [
    await storedHistory(workflow),
    JSON.stringify([described.memo, described.searchAttributes, described.raw.executionConfig]),
    ...(await Promise.all(
      ['api.log', 'worker.log'].map((file) => readFile(join(t.plan.logDirectory, file), 'utf8')),
    )),
  ];
  expect(elsewhere[2]).toContain('request');
  for (const text of Object.values(PERSONAL)) {
    for (const place of elsewhere) expect(place.includes(text)).toBe(false);
  }
});

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

async function untilSomebodyWaits(): Promise<void> {
  for (;;) {
    const { rowCount } = await t.db.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rowCount! > 0) return;
  }
}
