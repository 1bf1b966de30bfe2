/** Deferrals: the move to a later month's period, and what refuses one. */
import { newAdvertiser, requestCounts } from './support/advertisers';
import { startGatedService, type Gate } from './support/gate';
import { ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import type { TestService } from './support/testService';

let t: TestService;
let gate: Gate;
beforeAll(async () => {
  ({ t, gate } = await startGatedService());
});
afterAll(() => t?.stop());

const NOVEMBER = { calculationMonth: '2023-11', calculationDate: '2023-12-03T05:00:00.000Z' };
const DECEMBER = { calculationMonth: '2023-12', calculationDate: '2024-01-03T05:00:00.000Z' };
const JANUARY = { calculationMonth: '2024-01', calculationDate: '2024-02-03T05:00:00.000Z' };

test('When the deferral comes before the other facts, then they count for the later month', async () => {
  const { brand, program } = await located();
  expect(await brand.defer('2023-12')).toMatchObject({ status: 200, body: DECEMBER });
  await brand.confirm();
  expect(await brand.complete()).toMatchObject({ body: { ...DECEMBER, status: 'measuring' } });

  await program.advanceTo('2024-01-03T05:00:00Z');
  const scheduled = await brand.untilStatus('scheduled');
  expect(scheduled).toMatchObject({ calculationMonth: '2023-12', payoutDate: '2024-01-15T08:00:00.000Z' });
  // The sandbox's ad account spent exactly this in December.
  expect(scheduled.credit?.spend?.amountMinor).toBe(1_248_000);
  const deferred = await brand.untilEvent('deferred');
  expect(deferred).toMatchObject({
    actor: { role: 'partner', id: 'kno' },
    details: { fromMonth: '2023-11', month: '2023-12' },
  });
});

test('When the deferral comes after all facts, then nothing is calculated on the earlier date', async () => {
  const { brand, program } = await located();
  await brand.confirm();
  await brand.complete();
  expect(await brand.defer('2023-12')).toMatchObject({
    status: 200,
    body: { ...DECEMBER, status: 'measuring' },
  });

  const { report } = await requestCounts(t);
  await program.advanceTo('2023-12-20T00:00:00Z');
  await brand.untilClockRead(1);
  expect(await brand.now()).toMatchObject({ ...DECEMBER, status: 'measuring', credit: null });
  expect((await requestCounts(t))['report']).toBe(report);

  await program.advanceTo('2024-01-03T05:00:00Z');
  await brand.untilStatus('scheduled');
  expect((await brand.untilEvent('calculation_begun')).details).toEqual({ month: '2023-12' });
});

test('When the look-up is answered after a deferral, then the later period ends in the time zone of the ad account', async () => {
  const program = await ownProgram(t);
  const advertiserId = await newAdvertiser(t);
  gate.hold(advertiserId);
  const brand = await program.enroll({ advertiserId });
  // Until the ad account is known, the program's time zone counts.
  expect(await brand.defer('2023-12')).toMatchObject({
    body: { calculationMonth: '2023-12', calculationDate: '2024-01-03T08:00:00.000Z' },
  });
  gate.release(advertiserId);
  await brand.untilEvent('advertiser_located');
  expect(await brand.now()).toMatchObject(DECEMBER);
});

test.each([
  ['2025-01', 'MONTH_NOT_IN_CALENDAR'],
  ['2023-10', 'MONTH_NOT_LATER'],
])('When a partner defers to %s, then it is refused with %s and nothing changes', async (month, code) => {
  const { brand } = await located();
  const before = await brand.happened();
  expect(await brand.defer(month)).toMatchObject({ status: 409, body: { code } });
  expect(await brand.now()).toMatchObject(NOVEMBER);
  expect(await brand.happened()).toEqual(before);
});

test('When a partner defers backwards, then it is refused with MONTH_NOT_LATER', async () => {
  const { brand } = await located();
  await brand.defer('2024-01');
  expect(await brand.defer('2023-11')).toMatchObject({ status: 409, body: { code: 'MONTH_NOT_LATER' } });
  expect(await brand.defer('2023-12')).toMatchObject({ status: 409, body: { code: 'MONTH_NOT_LATER' } });
  expect(await brand.now()).toMatchObject(JANUARY);
});

test('When an admin undoes a deferral, then the enrollment is back in the month that it came from', async () => {
  const { brand } = await located();
  await brand.defer('2023-12');
  await brand.defer('2024-01');
  expect(await brand.defer('2023-12', t.admin)).toMatchObject({ status: 200, body: DECEMBER });
  expect((await brand.state()).deferredFrom).toEqual(['2023-11']);
  expect(await brand.defer('2023-11', t.admin)).toMatchObject({ status: 200, body: NOVEMBER });
  expect((await brand.state()).deferredFrom).toEqual([]);
  expect((await brand.untilEvent('deferred', 4)).actor).toEqual({ role: 'admin', id: 'ana' });
});

test('When an admin goes back to a month that the enrollment never was in, then it is refused with NO_SUCH_DEFERRAL', async () => {
  const { brand } = await located();
  await brand.defer('2024-01');
  const skipped = await brand.defer('2023-12', t.admin);
  expect(skipped).toMatchObject({ status: 409, body: { code: 'NO_SUCH_DEFERRAL' } });
  expect(await brand.now()).toMatchObject(JANUARY);
});

test('When the earlier calculation date has come, then an admin can no longer undo the deferral', async () => {
  const { brand, program } = await located();
  await brand.defer('2023-12');
  await program.advanceTo('2023-12-03T04:59:59Z');
  await brand.untilClockRead(1);
  expect(await brand.defer('2023-11', t.admin)).toMatchObject({ status: 200, body: NOVEMBER });
  await brand.defer('2023-12');

  await program.advanceTo('2023-12-03T05:00:00Z');
  await brand.untilClockRead(2);
  expect(await brand.defer('2023-11', t.admin)).toMatchObject({ status: 409, body: { code: 'MONTH_PAST' } });
  expect(await brand.now()).toMatchObject({ ...DECEMBER, status: 'verifying' });
});

test('When the deferrals are used up, then the next is refused until one is undone', async () => {
  const { brand } = await located({ maximum: 2 });
  await brand.defer('2023-12');
  await brand.defer('2024-01');
  const refused = { status: 409, body: { code: 'DEFERRAL_LIMIT_REACHED' } };
  expect(await brand.defer('2024-02')).toMatchObject(refused);
  expect(await brand.defer('2024-02', t.admin)).toMatchObject(refused);
  expect(await brand.now()).toMatchObject(JANUARY);

  await brand.defer('2023-12', t.admin);
  expect(await brand.defer('2024-02')).toMatchObject({ status: 200, body: { calculationMonth: '2024-02' } });
});

test('When a deferral names the present month, then it changes nothing and uses up no deferral', async () => {
  const { brand } = await located({ maximum: 1 });
  const before = await brand.state();
  expect(await brand.defer('2023-11')).toMatchObject({ status: 200, body: NOVEMBER });
  expect(await brand.defer('2023-11', t.admin)).toMatchObject({ status: 200, body: NOVEMBER });
  expect(await brand.state()).toEqual(before);
  expect(await brand.happened()).toEqual(['opened', 'advertiser_located']);
  // The one deferral is still to be had, and repeating it is no second one.
  expect(await brand.defer('2023-12')).toMatchObject({ status: 200, body: DECEMBER });
  expect(await brand.defer('2023-12')).toMatchObject({ status: 200, body: DECEMBER });
  expect(await brand.happened()).toEqual(['opened', 'advertiser_located', 'deferred']);
});

test('When two deferrals are sent at the same moment, then the enrollment ends up in the later month', async () => {
  const { brand } = await located();
  const [december, january] = await Promise.all([brand.defer('2023-12'), brand.defer('2024-01', t.admin)]);
  expect(january.status).toBe(200);
  // December came first, or it was no longer a later month.
  const moves = (await brand.timeline())
    .filter(({ type }) => type === 'deferred')
    .map(({ details }) => details);
  if (december.status === 200) {
    expect(moves).toEqual([
      { fromMonth: '2023-11', month: '2023-12' },
      { fromMonth: '2023-12', month: '2024-01' },
    ]);
  } else {
    expect(december).toMatchObject({ status: 409, body: { code: 'MONTH_NOT_LATER' } });
    expect(moves).toEqual([{ fromMonth: '2023-11', month: '2024-01' }]);
  }
  expect(await brand.now()).toMatchObject(JANUARY);
});

test('When the calculation has begun, then no message changes anything any more', async () => {
  const { brand, program } = await located();
  await brand.confirm();
  await brand.complete();
  await program.advanceTo('2023-12-03T05:00:00Z');
  await brand.untilStatus('scheduled');
  const before = { timeline: await brand.timeline(), state: await brand.state() };

  const refused = { status: 409, body: { code: 'CALCULATION_BEGUN' } };
  expect(await brand.defer('2023-12')).toMatchObject(refused);
  expect(await brand.defer('2023-11')).toMatchObject(refused);
  expect(await brand.defer('2023-12', t.admin)).toMatchObject(refused);
  expect(await brand.confirm(t.admin)).toMatchObject(refused);
  expect(await brand.complete(t.admin)).toMatchObject(refused);
  expect(await brand.resubmit({ contact: { name: 'Nils', email: 'nils@northwind.example' } })).toMatchObject(
    refused,
  );
  expect({ timeline: await brand.timeline(), state: await brand.state() }).toEqual(before);
});

test('When the program gets a new calendar, then a deferral reads it while the enrollment keeps its terms', async () => {
  const { brand, program } = await located();
  const august = {
    enrollmentMonth: '2024-07',
    periodFrom: '2024-08-01',
    periodTo: '2024-08-31',
    payoutDate: '2024-09-15',
  };
  expect(await brand.defer('2024-08')).toMatchObject({ body: { code: 'MONTH_NOT_IN_CALENDAR' } });
  await program.revise({ calendar: [...program.definition.calendar, august] });
  expect(await brand.defer('2024-08')).toMatchObject({
    status: 200,
    body: { calculationMonth: '2024-08', calculationDate: '2024-09-03T04:00:00.000Z' },
  });
  expect(await brand.state()).toMatchObject({ programRevision: 1, period: { calendarRevision: 2 } });
});

async function located({ maximum = 3 } = {}): Promise<{ program: OwnProgram; brand: Enrolled }> {
  const program = await ownProgram(t, { deferral: { maximum, by: ['partner', 'admin'] } });
  const brand = await program.enroll();
  await brand.untilEvent('advertiser_located');
  return { program, brand };
}
