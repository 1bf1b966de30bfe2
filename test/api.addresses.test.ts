/** Addresses that lead nowhere are problems like all others. */
import { expectProblem, sendRaw } from './support/rawRequest';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
beforeAll(async () => {
  t = await startTestService();
});
afterAll(() => t?.stop());

const get = (path: string) => sendRaw(t.service.apiUrl + path);

test.each([
  ['an unknown id', 'enr_00000000000000000000'],
  ['half an id', 'enr_'],
  ['a NUL', '%00'],
  ['SQL', "'%20or%201=1"],
  ['a way up', '..%2f..'],
  ['2,000 characters', 'x'.repeat(2_000)],
  ['an emoji', '🎉'],
])('When an enrollment is asked for by %s, then it is 404 on every route', async (_what, id) => {
  const path = `/v1/enrollments/${id}`;
  for (const at of [path, `${path}/timeline`]) expectProblem(await get(at), 404, 'NOT_FOUND');
  const writes = {
    deferral: { month: '2023-12' },
    'partner-confirmation': { advertiserId: '1' },
    questionnaire: { answers: {} },
    resubmission: { ...t.form(), programId: undefined },
  };
  for (const [name, body] of Object.entries(writes)) {
    const request = { method: 'POST', body: JSON.stringify(body) };
    expectProblem(await sendRaw(`${t.service.apiUrl}${path}/${name}`, request), 404, 'NOT_FOUND');
  }
});

test.each(['/', '/v1', '/v1/enrolments', '/v2/enrollments', '/v1/enrollments/a/b/c', '/v1/../etc'])(
  'When the route %s is asked for, then it is 404',
  async (path) => {
    expectProblem(await get(path), 404, 'NOT_FOUND');
  },
);

test('When a method is not of a route, then it is 404', async () => {
  for (const method of ['PUT', 'PATCH', 'DELETE']) {
    expectProblem(await sendRaw(`${t.service.apiUrl}/v1/enrollments`, { method }), 404, 'NOT_FOUND');
  }
});

test('When an address is not well-formed, then it is 400', async () => {
  expectProblem(await get('/v1/enrollments/%E0%A4%A'), 400, 'INVALID_REQUEST');
});
