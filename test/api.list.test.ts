/** Lists of enrollments over HTTP: pages that stay whole while enrollments come in and change, filters, order, counts. */
import type { ApiAnswer, Enrollment } from '../dev/apiClient';
import { untilAnswered } from './support/comeAgain';
import { ownProgram } from './support/ownProgram';
import { publishStrictProgram, endEnrollment } from './support/programs';
import { startTestService, UNKNOWN_ADVERTISER, type TestService } from './support/testService';

interface Page {
  items: (Enrollment & { createdAt: string; updatedAt: string })[];
  next: string | null;
  total?: number;
}

let t: TestService;
let existing: string[];
beforeAll(async () => {
  t = await startTestService();
  const created = await Promise.all(
    Array.from({ length: 12 }, (_, index) => {
      const form = t.form();
      return untilAnswered(() => t.caller.post('/v1/enrollments', form, `existing-${index}`));
    }),
  );
  existing = created.map(({ body }) => body.id);
});
afterAll(() => t?.stop());

const ask = (query: string, by = t.caller): Promise<ApiAnswer<Page>> =>
  by.get<Page>(`/v1/enrollments${query}`);
const page = async (query: string, by = t.caller) => (await ask(query, by)).body;
const ids = ({ items }: Page) => items.map(({ id }) => id);

test('When new enrollments come in between the pages, then every earlier one is listed exactly once', async () => {
  const seen: string[] = [];
  for (let after: string | null = ''; after !== null;) {
    const read: Page = await page(`?limit=5${after && `&after=${after}`}`);
    expect(read.items.length).toBeLessThanOrEqual(5);
    seen.push(...ids(read));
    after = read.next;
    expect((await t.caller.post('/v1/enrollments', t.form())).status).toBe(201);
  }
  expect(seen.sort()).toEqual([...existing].sort());
});

test('When enrollments change between the pages of an order by update, then none is missed', async () => {
  const { programId } = await ownProgram(t);
  const forms = Array.from({ length: 6 }, () => ({ ...t.form(), programId }));
  for (const form of forms) expect((await t.caller.post('/v1/enrollments', form)).status).toBe(201);
  const all = ids(await page(`?program=${programId}`));
  for (const id of all) await t.untilEvent(id, 'advertiser_located');
  const seen: string[] = [];
  let after: string | null = '';
  for (let changed = all.pop(); after !== null; changed = all.pop()) {
    const read: Page = await page(
      `?program=${programId}&sort=updatedAt&limit=2${after && `&after=${after}`}`,
    );
    seen.push(...ids(read));
    after = read.next;
    if (changed)
      await t.admin.post(`/v1/enrollments/${changed}/hold`, {
        reasonCode: 'FRAUD_REVIEW',
        note: 'Two shops.',
      });
  }
  expect(new Set(seen).size).toBe(6);
});

test('When a list is read, then the newest comes first, and the last page says so', async () => {
  const newest = (await t.caller.post('/v1/enrollments', t.form())).body.id;
  const whole = await page('?limit=200');
  expect(whole.items[0]!.id).toBe(newest);
  expect(whole.next).toBeNull();
  expect(whole).not.toHaveProperty('total');
  const exactly = await page(`?limit=${whole.items.length}&total=true`);
  expect([exactly.next, exactly.total]).toEqual([null, whole.items.length]);
  expect(ids(await page('?limit=200&sort=createdAt'))).toEqual(ids(whole).reverse());
  expect((await page('?limit=1&total=true')).total).toBe(whole.items.length);
});

test('When the list is filtered, then it holds those that fit, and counts say the same', async () => {
  const strict = await publishStrictProgram(t);
  const enroll = async (changes: object) =>
    (await t.caller.post('/v1/enrollments', { ...t.form(), programId: strict.id, ...changes })).body.id;
  const ended = await enroll({});
  await endEnrollment(t, strict.id, ended);
  const program = await ownProgram(t);
  const { programId } = program;
  const wrong = await program.enroll({ advertiserId: UNKNOWN_ADVERTISER });
  await wrong.untilStatus('action_required');
  const held = await program.enroll({ surveyPartner: 'fairing' });
  await held.untilEvent('advertiser_located');
  await held.hold('POSSIBLE_DUPLICATE');
  const later = await program.enroll();
  await later.untilEvent('advertiser_located');
  const before = (await later.now()) as Page['items'][number];
  expect((await later.defer('2023-12')).status).toBe(200);
  const brand = new URL(held.form.brand.storeUrl).hostname;

  const found = async (query: string) => ids(await page(`?${query}&total=true`)).sort();
  const sorted = (...members: { id: string }[]) => members.map(({ id }) => id).sort();
  const of = `program=${programId}`;
  expect(await found(of)).toEqual(sorted(wrong, held, later));
  expect(await found(`program=${strict.id}&status=ineligible`)).toEqual([ended]);
  expect(await found(`${of}&status=action_required`)).toEqual(sorted(wrong));
  expect(await found(`${of}&status=action_required&status=verifying`)).toEqual(sorted(wrong, held, later));
  expect(await found(`${of}&waitingFor=advertiser_id_correction`)).toEqual(sorted(wrong));
  expect(await found(`${of}&waitingFor=admin`)).toEqual(sorted(held));
  expect(await found(`${of}&waitingFor=partner`)).toEqual(sorted(wrong, held, later));
  expect(await found(`${of}&waitingFor=approver`)).toEqual([]);
  expect(await found(`${of}&waitingFor=approver&status=verifying`)).toEqual([]);
  expect(await found(`${of}&partner=fairing`)).toEqual(sorted(held));
  expect(await found(`${of}&month=2023-12`)).toEqual(sorted(later));
  expect(await found(`brandDomain=${brand.toUpperCase()}`)).toEqual(sorted(held));
  expect(await found(`${of}&reasonCode=POSSIBLE_DUPLICATE`)).toEqual(sorted(held));
  expect(await found(`${of}&reasonCode=ADVERTISER_NOT_LOCATABLE`)).toEqual(sorted(wrong));
  expect(await found(`program=${strict.id}&reasonCode=QUESTIONNAIRE_OVERDUE`)).toEqual([ended]);
  const after = (await later.now()) as Page['items'][number];
  expect(Date.parse(after.updatedAt)).toBeGreaterThan(Date.parse(before.updatedAt));
  expect(await found(`${of}&updatedSince=${after.updatedAt}`)).toEqual(sorted(later));
  expect(await found(`${of}&updatedSince=2100-01-01T00:00:00Z`)).toEqual([]);

  const counts = (program: string, by = t.caller) =>
    by.get<{ total: number; statuses: Record<string, number> }>(`/v1/enrollments/counts?program=${program}`);
  const { body } = await counts(programId);
  expect(body).toMatchObject({ total: 3, statuses: { action_required: 1, verifying: 2, paid: 0 } });
  expect((await counts(strict.id)).body).toMatchObject({ total: 1, statuses: { ineligible: 1 } });
  expect((await counts(programId, t.otherPartner)).body).toMatchObject({
    total: 1,
    statuses: { verifying: 1 },
  });
  expect((await counts(programId, t.otherCaller)).body.total).toBe(0);
});

test('When a cursor is used for another list, then it is 400', async () => {
  const { next } = await page('?limit=2');
  expect((await ask(`?limit=3&after=${next}`)).status).toBe(200);
  const forged = (text: string) => Buffer.from(text).toString('base64url');
  const [hash, at, id] = Buffer.from(next!, 'base64url').toString().split(' ') as [string, string, string];
  for (const query of [
    `?after=${next}&sort=createdAt`,
    `?after=${next}&status=verifying`,
    `?after=${next}x`,
    `?after=${existing[0]}`,
    `?after=${forged(`${hash} 1e9 ${id}`)}`,
    `?after=${forged(`${hash} ${at} '`)}`,
    `?after=${forged(`0000000000000000 ${at} ${id}`)}`,
  ]) {
    const { status, body } = await ask(query);
    expect([query, status]).toEqual([query, 400]);
    expect(body).toMatchObject({ errors: [{ pointer: '/after' }] });
  }
  expect((await ask(`?after=${next}`, t.admin)).status).toBe(400);
  // As far as a position can be made up, it is one.
  expect((await ask(`?after=${forged(`${hash} 9999999999999999 ${id}`)}`)).status).toBe(200);
  expect((await page(`?after=${forged(`${hash} -9999999999999999 ${id}`)}`)).items).toEqual([]);
});

test.each([
  'limit=0',
  'limit=201',
  'limit=ten',
  'limit=',
  'limit=1&limit=2',
  'after=',
  'after=%00',
  "after='",
  'sort=name',
  'sort=createdAt&sort=updatedAt',
  'status=open',
  'status=',
  'waitingFor=nobody',
  'month=2023-13',
  'reasonCode=BAD_LUCK',
  'updatedSince=yesterday',
  'brandDomain=%00',
  'program=',
  'total=1',
  'owner=other-app',
])('When a list is asked for with %s, then it is 400', async (query) => {
  const { status, body } = await t.caller.get<{ errors: { pointer: string }[] }>(`/v1/enrollments?${query}`);
  expect(status).toBe(400);
  expect(body.errors[0]!.pointer.split('/')[1]).toBe(query.split('=')[0]);
});
