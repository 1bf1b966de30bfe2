/** Pages of a list stay whole while enrollments come in. */
import type { Enrollment } from '../dev/apiClient';
import { untilAnswered } from './support/comeAgain';
import { startTestService, type TestService } from './support/testService';

interface Page {
  items: Enrollment[];
  next: string | null;
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

const page = async (query: string) => (await t.caller.get<Page>(`/v1/enrollments${query}`)).body;

test('When new enrollments come in between the pages, then every earlier one is listed exactly once', async () => {
  const seen: string[] = [];
  for (let after: string | null = ''; after !== null;) {
    const { items, next }: Page = await page(`?limit=5${after && `&after=${after}`}`);
    expect(items.length).toBeLessThanOrEqual(5);
    expect(next).toBe(items.length === 5 ? items.at(-1)!.id : null);
    seen.push(...items.map(({ id }) => id));
    after = next;
    expect((await t.caller.post('/v1/enrollments', t.form())).status).toBe(201);
  }
  expect(seen.sort()).toEqual([...existing].sort());
});

test('When a list is read, then the newest comes first and an end is shown', async () => {
  const newest = (await t.caller.post('/v1/enrollments', t.form())).body.id;
  const { items, next } = await page('?limit=200');
  expect(items[0]!.id).toBe(newest);
  expect(next).toBeNull();
  const last = items.at(-1)!.id;
  expect(await page(`?after=${last}`)).toEqual({ items: [], next: null });
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
])('When a list is asked for with %s, then it is 400', async (query) => {
  const { status, body } = await t.caller.get<{ errors: { pointer: string }[] }>(`/v1/enrollments?${query}`);
  expect(status).toBe(400);
  expect(body.errors[0]!.pointer).toBe(`/${query.split('=')[0]}`);
});
