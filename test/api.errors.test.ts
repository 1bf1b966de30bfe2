/** A body that cannot be used is refused, and everything that is wrong with it is named. */
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Enrollment } from '../dev/apiClient';
import { publishProgram } from './support/programs';
import { expectProblem, pointers, sendRaw } from './support/rawRequest';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
let enrolled: Enrollment;
beforeAll(async () => {
  t = await startTestService();
  enrolled = (await t.caller.post('/v1/enrollments', t.form())).body;
});
afterAll(() => t?.stop());

const send = (
  body: string | Buffer | undefined,
  path = '/v1/enrollments',
  headers?: Record<string, string>,
) =>
  sendRaw(t.service.apiUrl + path, {
    method: 'POST',
    ...(body !== undefined && { body }),
    ...(headers && { headers }),
  });
const post = (body: unknown, path?: string) => send(JSON.stringify(body), path);

test('When a form has several faults, then all of them are named at once', async () => {
  const form = t.form();
  const refused = await post({
    ...form,
    brand: { ...form.brand, name: '  ', status: 'paid' },
    contact: { name: 5, email: 'nobody' },
    advertiserId: '70123x',
    dataSharing: { authorized: 'yes' },
    amount: 1,
    'odd/name~': 1,
  });
  expectProblem(refused, 400, 'INVALID_REQUEST');
  expect(pointers(refused)).toEqual(
    [
      '/brand/name',
      '/brand/status',
      '/contact/name',
      '/contact/email',
      '/advertiserId',
      '/dataSharing/authorized',
      '/dataSharing/textVersion',
      '/amount',
      '/odd~1name~0',
    ].sort(),
  );
});

test('When the advertiser id is a JSON number, then it is refused, since its last digits are lost already', async () => {
  const body = JSON.stringify(t.form()).replace('"7012345678901234567"', '7012345678901234567');
  const refused = await send(body);
  expectProblem(refused, 400, 'INVALID_REQUEST');
  expect(refused.body.errors).toEqual([
    { pointer: '/advertiserId', message: expect.stringContaining('must be a string') as string },
  ]);
});

test.each(['status', 'role', 'owner', 'id', 'credit', '__proto__', 'constructor'])(
  'When a body holds the unknown field %s, then it is 400 on every write',
  async (field) => {
    const extended = (body: object) => `${JSON.stringify(body).slice(0, -1)},"${field}":{"a":1}}`;
    const path = `/v1/enrollments/${enrolled.id}`;
    for (const [at, body] of [
      ['/v1/enrollments', t.form()],
      [`${path}/resubmission`, { ...t.form(), programId: undefined }],
      [`${path}/partner-confirmation`, { advertiserId: enrolled.advertiserId }],
      [`${path}/deferral`, { month: '2023-12' }],
      [`${path}/questionnaire`, { answers: t.answers }],
      [`/v1/programs/${t.programId}/clock`, { speed: 0 }],
    ] as const) {
      const refused = await send(extended(body), at);
      expectProblem(refused, 400, 'INVALID_REQUEST');
      expect(pointers(refused)).toEqual([`/${field}`]);
    }
  },
);

test('When a program does not accept parts of a form, then all of them are named at once', async () => {
  const { dataSharing } = t.form();
  const refused = await post({
    ...t.form({ storePlatform: 'carts', surveyPartner: 'nobody' }),
    brand: { name: 'B', storeUrl: 'https://127.0.0.9' },
    dataSharing: { ...dataSharing, textVersion: '1999-01' },
  });
  expect(refused.status).toBe(422);
  expect(pointers(refused)).toEqual([
    '/brand/storeUrl',
    '/dataSharing/textVersion',
    '/storePlatform',
    '/surveyPartner',
  ]);
});

test('When answers do not fit the questionnaire, then all of them are named at once', async () => {
  const refused = await post(
    { answers: { 'monthly-orders': 'many', 'main-use': 'Fun', 'of/ours~': 1, constructor: true } },
    `/v1/enrollments/${enrolled.id}/questionnaire`,
  );
  expect(refused.status).toBe(422);
  expect(pointers(refused)).toEqual(
    [
      '/answers/monthly-orders',
      '/answers/main-use',
      '/answers/of~1ours~0',
      '/answers/constructor',
      '/answers/survey-live-since',
      '/answers/attribution-question',
    ].sort(),
  );
});

test.each([
  ['a NUL', 'North\0wind'],
  ['half a character', 'North\ud83dwind'],
])('When a text holds %s, then it is 400 and not an internal error', async (_what, name) => {
  const { brand, contact } = t.form();
  expectProblem(await post(t.form({ brand: { ...brand, name } })), 400, 'INVALID_REQUEST');
  expectProblem(await post(t.form({ contact: { ...contact, name } })), 400, 'INVALID_REQUEST');
  for (const answers of [
    { ...t.answers, remarks: name },
    { ...t.answers, [name]: 1 },
  ]) {
    const refused = await post({ answers }, `/v1/enrollments/${enrolled.id}/questionnaire`);
    expectProblem(refused, 400, 'INVALID_REQUEST');
  }
});

test('When a text holds SQL or HTML, then it is stored literally', async () => {
  /** Another text for each field, so that none can stand for another. */
  const hostile = (field: string) =>
    `${field}'); drop table enrollment; -- <script>alert("${field}")</script> &amp; $1 %s \\' 🎉`;
  const form = t.form();
  const { status, body } = await t.caller.post<Enrollment>('/v1/enrollments', {
    ...form,
    brand: { name: hostile('brand'), storeUrl: `${form.brand.storeUrl}/${hostile('path')}` },
    contact: { ...form.contact, name: hostile('contact') },
    externalId: hostile('external'),
  });
  expect(status).toBe(201);
  await t.untilEvent(body.id, 'advertiser_located');
  const answers = { ...t.answers, remarks: hostile('remarks') };
  const reason = { reasonCode: 'FRAUD_REVIEW' };
  const waived = { criterion: 'subscription', reasonCode: 'SUBSCRIPTION_NOT_CONFIRMED' };
  const writes: [TestService['caller'], string, object][] = [
    [t.caller, 'questionnaire', { answers }],
    [t.admin, 'questionnaire/reopening', { note: hostile('reopening') }],
    [t.admin, 'hold', { ...reason, note: hostile('hold') }],
    [t.admin, 'release', { note: hostile('release') }],
    [t.admin, 'waiver', { ...waived, note: hostile('waiver') }],
    [t.caller, 'withdrawal', { note: hostile('withdrawal') }],
  ];
  for (const [by, path, content] of writes)
    expect([path, await by.post(`/v1/enrollments/${body.id}/${path}`, content)]).toMatchObject([
      path,
      { status: 200 },
    ]);

  const shown = { brand: { name: hostile('brand') }, externalId: hostile('external') };
  expect(body).toMatchObject(shown);
  expect(await t.get(body.id)).toMatchObject(shown);
  const stored = async (columns: string, table: string, order: string) =>
    (
      await t.db.query<Record<string, unknown>>(
        `select ${columns} from ${table} where enrollment_id = $1 order by ${order}`,
        [body.id],
      )
    ).rows;
  expect(
    await stored('brand_name, store_url, contact_name, external_id', 'submission', 'submitted_at'),
  ).toEqual([
    {
      brand_name: hostile('brand'),
      store_url: `${form.brand.storeUrl}/${hostile('path')}`,
      contact_name: hostile('contact'),
      external_id: hostile('external'),
    },
  ]);
  expect(await stored('answers', 'questionnaire_answers', 'received_at')).toEqual([{ answers }]);
  const notes = await stored('body', 'note', 'written_at');
  expect(notes.map((note) => note['body'])).toEqual(
    ['reopening', 'hold', 'release', 'waiver', 'withdrawal'].map(hostile),
  );
});

test('When a definition holds SQL or HTML, then it is published and answered literally', async () => {
  const { id, ...definition } = await publishProgram(t);
  const hostile = `'); drop table program; -- <script>alert(1)</script> &amp; $1 🎉`;
  const [question, ...others] = definition.questionnaire.questions;
  const path = `/v1/programs/${id}`;
  const changed = {
    ...definition,
    id,
    name: hostile,
    notice: hostile,
    dataSharing: { textVersion: 'hostile', text: hostile },
    questionnaire: { questions: [{ ...question!, text: hostile }, ...others] },
  };
  expect(await t.admin.post(`${path}/revisions`, changed)).toMatchObject({ status: 201 });
  expect((await t.admin.get(path)).body).toMatchObject({ name: hostile });
  const { rows } = await t.db.query(
    'select definition from program_revision where program_id = $1 and revision = 2',
    [id],
  );
  expect(rows).toMatchObject([
    {
      definition: {
        name: hostile,
        notice: hostile,
        dataSharing: { text: hostile },
        questionnaire: { questions: [{ text: hostile }, ...others] },
      },
    },
  ]);
});

const LARGE = JSON.stringify({ programId: 'x'.repeat(70_000) });
const JSON_TYPE = { 'content-type': 'application/json' };
test.each<[string, string | Buffer, Record<string, string>, number, string]>([
  ['too large', LARGE, JSON_TYPE, 413, 'BODY_TOO_LARGE'],
  [
    'small, but large when unpacked',
    gzipSync('['.repeat(5_000_000)),
    { ...JSON_TYPE, 'content-encoding': 'gzip' },
    413,
    'BODY_TOO_LARGE',
  ],
  [
    'packed in an unknown way',
    '{}',
    { ...JSON_TYPE, 'content-encoding': 'zstd9' },
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ],
  [
    'a form of a page',
    'a=1',
    { 'content-type': 'application/x-www-form-urlencoded' },
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ],
  ['of no type', Buffer.from('{}'), {}, 415, 'UNSUPPORTED_MEDIA_TYPE'],
  [
    'of another charset',
    '{}',
    { 'content-type': 'application/json; charset=latin1' },
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ],
  ['no JSON', '{"programId":', JSON_TYPE, 400, 'INVALID_REQUEST'],
  ['no UTF-8', Buffer.from('{"programId":"M\xfcller"}', 'latin1'), JSON_TYPE, 400, 'INVALID_REQUEST'],
  ['a list', '[]', JSON_TYPE, 400, 'INVALID_REQUEST'],
  ['null', 'null', JSON_TYPE, 400, 'INVALID_REQUEST'],
  ['a text', '"text"', JSON_TYPE, 400, 'INVALID_REQUEST'],
  ['deeply nested', '['.repeat(30_000) + ']'.repeat(30_000), JSON_TYPE, 400, 'INVALID_REQUEST'],
  [
    'deeply nested where a text belongs',
    `{"programId":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
    JSON_TYPE,
    400,
    'INVALID_REQUEST',
  ],
  [
    'full of unknown fields',
    JSON.stringify(Object.fromEntries(Array.from({ length: 7_000 }, (_, i) => [i, 1]))),
    JSON_TYPE,
    400,
    'INVALID_REQUEST',
  ],
])('When a body is %s, then the answer is a problem', async (_what, body, headers, status, code) => {
  const refused = await send(body, '/v1/enrollments', headers);
  expectProblem(refused, status, code);
  expect(refused.text.length).toBeLessThan(20_000);
});

test.each([
  ['{\n  "programId": "pps-demo",\n}', 'The body is not well-formed JSON. Look at line 3, column 1.'],
  ['{"programId":', 'The body is not well-formed JSON.'],
  ['null', 'The body must be a JSON object.'],
])(
  'When the body %j cannot be read, then the sentence says where, and repeats none of it',
  async (body, detail) => {
    const refused = await send(body, '/v1/enrollments', JSON_TYPE);
    expect(refused.body).toMatchObject({ status: 400, detail });
  },
);

test('When a text is as long as it may be, then each of its characters counts once', async () => {
  const { contact } = t.form();
  const post = (name: string) => t.caller.post('/v1/enrollments', t.form({ contact: { ...contact, name } }));
  expect((await post('🎉'.repeat(200))).status).toBe(201);
  expect((await post('🎉'.repeat(201))).status).toBe(400);
});

test('When answers have a name that JavaScript gives a meaning to, then it is refused and not left out', async () => {
  const answers = `{"__proto__":1,${JSON.stringify(t.answers).slice(1)}`;
  const refused = await send(`{"answers":${answers}}`, `/v1/enrollments/${enrolled.id}/questionnaire`);
  expectProblem(refused, 400, 'INVALID_REQUEST');
  expect(pointers(refused)).toEqual(['/answers/__proto__']);
});

test('When an id is as long as a path may be, then there is no such enrollment, for a write as for a read', async () => {
  const path = `/v1/enrollments/${randomBytes(3_000).toString('hex')}`;
  expectProblem(await sendRaw(t.service.apiUrl + path), 404, 'NOT_FOUND');
  expectProblem(await send('{}', `${path}/withdrawal`), 404, 'NOT_FOUND');
});

test('When a reader names a version of the answer, then it gets the answer, since there are no versions', async () => {
  const answer = await sendRaw(`${t.service.apiUrl}/v1/enrollments/${enrolled.id}`, {
    headers: { 'if-none-match': '*' },
  });
  expect(answer).toMatchObject({ status: 200, body: { id: enrolled.id } });
});

test('When a body is missing, then every required field is named', async () => {
  expect(pointers(await send(undefined))).toHaveLength(7);
});
