/** What is said of one enrollment in sentences: what it waits for, and to which months it may be deferred. */
import type { ApiClient } from '../dev/apiClient';
import { ownProgram, shownDetails, type Enrolled, type OwnProgram } from './support/ownProgram';
import { startTestService, type TestService } from './support/testService';

interface Offer {
  month: string;
  deferralsLeft: number;
  mayDefer: boolean;
  open: {
    month: string;
    periodFrom: string;
    periodTo: string;
    calculationDate: string;
    payoutDate: string;
  }[];
  closed: { month: string; reasonCode: string; reason: string }[];
}

let t: TestService;
let program: OwnProgram;
let brand: Enrolled;
beforeAll(async () => {
  t = await startTestService();
});
beforeEach(async () => {
  program = await ownProgram(t);
  brand = await program.enroll();
  await brand.untilEvent('advertiser_located');
});
afterAll(() => t?.stop());

const offer = async (by: ApiClient = t.partner) => (await by.get<Offer>(`${brand.path}/deferral`)).body;
const openMonths = async (by?: ApiClient) => (await offer(by)).open.map(({ month }) => month);

/** Months of the calendar that are closed, with the reason code that a deferral to them is refused with. */
async function expectRefusedAsSaid(by: ApiClient): Promise<void> {
  for (const { month, reasonCode, reason } of (await offer(by)).closed) {
    const refused = await brand.defer(month, by);
    expect([month, refused.status, refused.body.code, refused.body.detail]).toEqual([
      month,
      409,
      reasonCode,
      reason,
    ]);
  }
}

test('When an explanation is asked for, then it is what the enrollment and Temporal UI show', async () => {
  const { status, body } = await t.caller.get<{ status: string; text: string; markdown: string }>(
    `${brand.path}/explanation`,
  );
  expect(status).toBe(200);
  const { statusText } = await brand.now();
  expect(body).toEqual({ status: 'verifying', text: statusText, markdown: await shownDetails(brand) });
  expect(body.text).toContain('the advertiser must complete the questionnaire');
});

test('When the months of a deferral are asked for, then they have their dates, and each of them can be moved to', async () => {
  const asked = await offer();
  expect(asked).toMatchObject({ month: '2023-11', deferralsLeft: 3, mayDefer: true });
  expect(asked.open[0]).toEqual({
    month: '2023-12',
    periodFrom: '2023-12-01',
    periodTo: '2023-12-31',
    calculationDate: '2024-01-03T05:00:00.000Z',
    payoutDate: '2024-01-15T08:00:00.000Z',
  });
  expect(asked.open.at(-1)!.month).toBe('2024-07');
  const moved = await brand.defer(asked.open[0]!.month);
  expect(moved.body).toMatchObject({
    calculationMonth: asked.open[0]!.month,
    calculationDate: asked.open[0]!.calculationDate,
    payoutDate: asked.open[0]!.payoutDate,
  });
});

test('When an enrollment was deferred, then an admin alone may go back, and others read why not', async () => {
  await brand.defer('2024-01');
  expect((await offer()).closed).toEqual([
    {
      month: '2023-11',
      reasonCode: 'MONTH_NOT_LATER',
      reason: 'A deferral goes to a later month only, and 2023-11 is not later than 2024-01.',
    },
    {
      month: '2023-12',
      reasonCode: 'MONTH_NOT_LATER',
      reason: 'A deferral goes to a later month only, and 2023-12 is not later than 2024-01.',
    },
  ]);
  await expectRefusedAsSaid(t.partner);
  expect((await offer(t.admin)).closed.map(({ month, reasonCode }) => [month, reasonCode])).toEqual([
    ['2023-12', 'NO_SUCH_DEFERRAL'],
  ]);
  await expectRefusedAsSaid(t.admin);
  expect((await openMonths(t.admin))[0]).toBe('2023-11');
  expect((await brand.defer('2023-11', t.admin)).body.calculationMonth).toBe('2023-11');
});

test('When a month is past or not in the calendar, then the refusal names it', async () => {
  await brand.defer('2024-01');
  const { readClock = 0 } = await brand.activities();
  await program.advanceTo('2023-12-20T00:00:00Z');
  await brand.untilClockRead(readClock + 1);
  expect((await offer(t.admin)).closed).toContainEqual({
    month: '2023-11',
    reasonCode: 'MONTH_PAST',
    reason: 'The calculation date of 2023-11 has passed.',
  });
  expect((await brand.defer('2023-11', t.admin)).body).toMatchObject({ code: 'MONTH_PAST' });
  const beyond = await brand.defer('2025-01');
  expect(beyond.body).toMatchObject({
    code: 'MONTH_NOT_IN_CALENDAR',
    detail: "The month 2025-01 is not in the program's calendar.",
  });
});

test('When no deferral is left, then the refusal names the limit', async () => {
  for (const month of ['2023-12', '2024-01', '2024-02']) expect((await brand.defer(month)).status).toBe(200);
  const asked = await offer();
  expect([asked.deferralsLeft, asked.open]).toEqual([0, []]);
  expect(asked.closed).toContainEqual({
    month: '2024-03',
    reasonCode: 'DEFERRAL_LIMIT_REACHED',
    reason: 'The program allows an enrollment 3 deferrals, and none is left to move to 2024-03.',
  });
  await expectRefusedAsSaid(t.partner);
  // Going back needs none.
  expect(await openMonths(t.admin)).toEqual(['2023-11', '2023-12', '2024-01']);
});

test('When the calendar has changed since the enrollment, then the months of the latest are offered', async () => {
  const calendar = program.definition.calendar.filter(({ periodTo }) => !periodTo.startsWith('2023-12'));
  await program.revise({ calendar });
  expect((await offer()).closed).toEqual([
    {
      month: '2023-12',
      reasonCode: 'MONTH_NOT_IN_CALENDAR',
      reason: "The month 2023-12 is not in the program's calendar.",
    },
  ]);
  await expectRefusedAsSaid(t.partner);
});

test('When the program lets another side defer, then the months are shown and it says so', async () => {
  program = await ownProgram(t, { deferral: { maximum: 1, by: ['admin'] } });
  brand = await program.enroll();
  expect((await offer()).mayDefer).toBe(false);
  expect((await offer(t.caller)).mayDefer).toBe(false);
  expect((await offer(t.admin)).mayDefer).toBe(true);
  expect((await offer()).open.length).toBeGreaterThan(3);
});

test('When the enrollment has ended, then no month is open', async () => {
  expect((await brand.withdraw()).status).toBe(200);
  const asked = await offer();
  expect(asked.open).toEqual([]);
  expect(new Set(asked.closed.map(({ reasonCode }) => reasonCode))).toEqual(new Set(['CALCULATION_BEGUN']));
});
