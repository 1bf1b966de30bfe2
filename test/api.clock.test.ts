/** The test clock over HTTP: forward only, by an admin only, for programs that have one. */
import { untilAnswered } from './support/comeAgain';
import { publishProgram } from './support/programs';
import { startTestService, type TestService } from './support/testService';

interface Clock {
  now: string;
  speed: number;
  woken: number;
  code?: string;
}

const START = '2023-10-12T16:00:00.000Z';

let t: TestService;
beforeAll(async () => {
  t = await startTestService();
});
afterAll(() => t?.stop());

const adjust = (programId: string, body: unknown, client = t.admin) =>
  client.post<Clock>(`/v1/programs/${programId}/clock`, body);

test('When an admin advances the clock, then it shows the instant and tells open enrollments, which act on it', async () => {
  const { id: programId } = await publishProgram(t);
  const open = (await t.caller.post('/v1/enrollments', { ...t.form(), programId })).body;
  await t.untilEvent(open.id, 'advertiser_located');
  const advanced = await adjust(programId, { advanceTo: '2023-12-10T00:00:00Z' });
  expect(advanced).toMatchObject({
    status: 200,
    body: { now: '2023-12-10T00:00:00.000Z', speed: 0, woken: 1 },
  });
  const moved = await t.until(open.id, ({ calculationMonth }) => calculationMonth === '2023-12');
  expect(moved.calculationDate > '2023-12-10').toBe(true);
  expect(Date.parse((await t.untilEvent(open.id, 'rolled_on')).at)).toBe(Date.parse('2023-12-10T00:00:00Z'));
});

test('When one program is advanced, then another one stands still', async () => {
  const [one, other] = [await publishProgram(t), await publishProgram(t)];
  await adjust(one.id, { advanceTo: '2023-11-01T00:00:00Z' });
  expect((await adjust(other.id, { speed: 0 })).body).toMatchObject({ now: START, woken: 0 });
});

test('When the clock is to go backwards, then it is 409 and stays where it is', async () => {
  const { id } = await publishProgram(t);
  await adjust(id, { advanceTo: '2023-11-01T00:00:00Z' });
  const back = await adjust(id, { advanceTo: '2023-10-31T23:59:59.999Z' });
  expect(back).toMatchObject({ status: 409, body: { code: 'CLOCK_NOT_ADJUSTABLE' } });
  expect((await adjust(id, { speed: 0 })).body.now).toBe('2023-11-01T00:00:00.000Z');
});

test('When two admins adjust the clock at once, then it never goes backwards and no adjustment is lost', async () => {
  const { id } = await publishProgram(t);
  const days = Array.from(
    { length: 20 },
    (_, index) => `2023-11-${String(index + 1).padStart(2, '0')}T00:00:00Z`,
  );
  const answers = await Promise.all(days.map((advanceTo) => untilAnswered(() => adjust(id, { advanceTo }))));
  for (const { status } of answers) expect([200, 409]).toContain(status);
  expect((await adjust(id, { speed: 0 })).body.now).toBe('2023-11-20T00:00:00.000Z');
});

test('When the clock runs, then program time passes by its speed until it stands still again', async () => {
  const { id } = await publishProgram(t);
  const running = await adjust(id, { speed: 1_000_000 });
  expect(running.body).toMatchObject({ now: START, speed: 1_000_000 });
  const stopped = await adjust(id, { speed: 0 });
  expect(Date.parse(stopped.body.now)).toBeGreaterThan(Date.parse(START));
  expect((await adjust(id, { speed: 0 })).body.now).toBe(stopped.body.now);
});

test('When a program runs on real time, then its clock cannot be adjusted', async () => {
  const { id } = await publishProgram(t, {}, []);
  const refused = await adjust(id, { advanceTo: '2099-01-01T00:00:00Z' });
  expect(refused).toMatchObject({ status: 409, body: { code: 'NO_TEST_CLOCK' } });
  const { rows } = await t.db.query('select clock from program where program_id = $1', [id]);
  expect(rows).toEqual([{ clock: [] }]);
});

test('When anybody but an admin adjusts a clock, then it is 403 and the clock stands', async () => {
  const { id } = await publishProgram(t);
  for (const client of [t.caller, t.partner, t.approver]) {
    expect((await adjust(id, { advanceTo: '2023-12-01T00:00:00Z' }, client)).status).toBe(403);
  }
  expect((await adjust(id, { speed: 0 })).body.now).toBe(START);
});

test('When the program is unknown, then it is 404', async () => {
  for (const id of ['no-such-program', '%00', "'; drop table program; --"]) {
    expect(await adjust(encodeURI(id), { speed: 0 })).toMatchObject({ status: 404 });
  }
});

test.each([
  {},
  { advanceTo: 'tomorrow' },
  { advanceTo: '2023-12-01' },
  { advanceTo: '2023-12-01T00:00:00' },
  { advanceTo: '2023-13-01T00:00:00Z' },
  { advanceTo: 1_700_000_000_000 },
  { speed: -1 },
  { speed: '1' },
  { speed: 0, force: true },
])('When a clock is adjusted with %j, then it is 400 and the clock stands', async (body) => {
  expect((await adjust(t.programId, body)).status).toBe(400);
  expect((await adjust(t.programId, { speed: 0 })).body.now).toBe(START);
});
