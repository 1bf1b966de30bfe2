/** What a program may say instead of a calendar and a table of fixed amounts, on the real process. */
import { createDatabase, type Database } from '../database/pool';
import { latestProgram } from '../database/programs';
import { publish } from '../dev/database';
import type { SealedStatement } from '../program/creditStatement';
import { verifyStatement } from '../program/creditStatement';
import type { ProgramDefinition } from '../program/definition';
import { changeAdvertiser, newAdvertiser, unusedAdvertiserId } from './support/advertisers';
import { clearFaults } from './support/payouts';
import { ownProgram, shownDetails, type Enrolled, type OwnProgram } from './support/ownProgram';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
let database: Database;
beforeAll(async () => {
  t = await startTestService();
  database = createDatabase({ connectionString: t.plan.databaseUrl, maximumConnections: 1 });
});
afterAll(async () => {
  await database?.close();
  await t?.stop();
});

/** Enrolled on 12 October: 30 days end on 10 November. */
const ROLLING = {
  calendar: [],
  rollingPeriod: { days: 30, payoutAfterDays: 10, lastMonth: '2024-06' },
  deferral: { maximum: 2, by: ['partner', 'admin'] },
} satisfies Partial<ProgramDefinition>;

/** Two per cent of the spend up to 150 dollars. */
const TWO_PER_CENT = {
  credit: [
    {
      region: 'US',
      currency: 'USD',
      tiers: [{ from: '1000.00', percent: '2', upTo: '150.00' }],
      bonuses: {},
      cap: null,
      approvalThreshold: null,
    },
  ],
  regions: { US: ['US'] },
  bonuses: [],
} satisfies Partial<ProgramDefinition>;

test('When the period is so many days from the enrollment, then it begins that day, and a deferral keeps its length', async () => {
  const program = await ownProgram(t, ROLLING);
  const brand = await program.enroll();
  await brand.untilEvent('advertiser_located');
  expect((await brand.state()).period).toMatchObject({
    month: '2023-11',
    periodFrom: '2023-10-12',
    periodTo: '2023-11-10',
    calculationAt: Date.parse('2023-11-13T05:00:00Z'),
    payoutAt: Date.parse('2023-11-20T08:00:00Z'),
  });
  expect((await brand.defer('2024-02')).body).toMatchObject({
    calculationMonth: '2024-02',
    calculationDate: '2024-02-13T05:00:00.000Z',
    payoutDate: '2024-02-20T08:00:00.000Z',
  });
  const { periodFrom, periodTo } = (await brand.state()).period;
  expect([periodFrom, periodTo]).toEqual(['2024-01-12', '2024-02-10']);
});

test('When a share of the spend is paid, then it is rounded as the program says, capped, and its statement verifies', async () => {
  const program = await ownProgram(t, { ...TWO_PER_CENT, rounding: 'down' });
  // 2 % of 6,543.29 is 130.8658.
  const brand = await readyToMeasure(program, await newAdvertiser(t, { monthlySpend: '6543.29' }));
  await program.advanceTo('2023-12-04T00:00:00Z');
  const { credit } = await brand.untilStatus('scheduled');
  expect(credit).toMatchObject({ amountMinor: 13_086, display: '130.86 USD' });

  const statement = (await t.caller.get<SealedStatement>(`${brand.path}/credit-statement`)).body;
  expect(statement.result.lines).toMatchObject([
    {
      rule: 'percentage',
      text: 'region US, tier "1,000 and more": 2 % of 6,543.29 USD, up to 150.00 USD',
      inputs: { percent: '2', upToMinor: 15_000, rounding: 'down', spendMinor: 654_329 },
    },
  ]);
  const revision = await t.admin.get<unknown>(`/v1/programs/${program.programId}/revisions/1`);
  expect(revision.status).toBe(200);
  expect(verifyStatement(statement, revision.body)).toMatchObject({ ok: true });

  const richer = { ...statement, result: { ...statement.result, amountMinor: 15_000 } };
  expect(verifyStatement(richer, revision.body)).toMatchObject({ ok: false });
});

test('When the ad account spent before the enrollment and the program allows none, then there is no credit, with the reason', async () => {
  const program = await ownProgram(t, { lookBackDays: 90 });
  const advertiserId = await newAdvertiser(t);
  await spendInSeptember(advertiserId);
  const brand = await readyToMeasure(program, advertiserId);
  await program.advanceTo('2023-12-04T00:00:00Z');
  const ended = await brand.untilStatus('ineligible');
  expect(ended).toMatchObject({ reasonCodes: ['SPENT_BEFORE_ENROLLMENT'], credit: null });
  expect(ended.statusText).toContain('in the days before the enrollment');
});

test('When the program looks back and finds nothing, then the spend of the period is credited', async () => {
  const program = await ownProgram(t, { lookBackDays: 90 });
  const brand = await readyToMeasure(program, await newAdvertiser(t));
  await program.advanceTo('2023-12-04T00:00:00Z');
  expect((await brand.untilStatus('scheduled')).credit).toMatchObject({ amountMinor: 450_000 });
  const { input } = (await t.admin.get<SealedStatement>(`${brand.path}/credit-statement`)).body;
  expect(input.lookBack).toMatchObject({ from: '2023-07-14', to: '2023-10-11' });
});

test('When the ad account has moved west when it is measured, then the calculation waits for the later end of its period', async () => {
  const program = await ownProgram(t);
  const advertiserId = await newAdvertiser(t, { timezone: 'Asia/Tokyo' });
  const brand = await readyToMeasure(program, advertiserId);
  expect((await brand.now()).calculationDate).toBe('2023-12-02T15:00:00.000Z');
  await changeAdvertiser(t, advertiserId, { timezone: 'America/Los_Angeles' });
  await program.advanceTo('2023-12-02T16:00:00Z');
  await brand.untilEvent('advertiser_located', 2);
  expect(await brand.now()).toMatchObject({
    status: 'measuring',
    calculationDate: '2023-12-03T08:00:00.000Z',
    credit: null,
  });
  expect(await shownDetails(brand)).toContain('**Measuring**');
  await program.advanceTo('2023-12-03T08:00:00Z');
  expect((await brand.untilStatus('scheduled')).credit).toMatchObject({ amountMinor: 450_000 });
});

test('When a fact is missing on the calculation date and the ad account was suspended since, then both are told', async () => {
  const program = await ownProgram(t, {
    policies: { ...t.definition.policies, missedFacts: { then: 'close' } },
  });
  const advertiserId = await newAdvertiser(t);
  const brand = await program.enroll({ advertiserId });
  await brand.untilEvent('advertiser_located');
  await brand.confirm();
  await changeAdvertiser(t, advertiserId, { status: 'STATUS_LIMIT' });
  await program.advanceTo('2023-12-04T00:00:00Z');
  expect((await brand.untilStatus('ineligible')).reasonCodes.sort()).toEqual([
    'ADVERTISER_SUSPENDED',
    'QUESTIONNAIRE_OVERDUE',
  ]);
});

test('When the ad account is found on the calculation date, further west, then what is missing may come until the later date', async () => {
  const program = await ownProgram(t, {
    policies: { ...t.definition.policies, missedFacts: { then: 'close' } },
  });
  const advertiserId = unusedAdvertiserId();
  const brand = await program.enroll({ advertiserId });
  await brand.untilEvent('advertiser_not_located');
  await brand.confirm();
  await newAdvertiser(t, { advertiserId, timezone: 'Pacific/Honolulu' });
  await program.advanceTo('2023-12-03T08:30:00Z');
  await brand.untilEvent('advertiser_located');
  expect(await brand.now()).toMatchObject({
    status: 'verifying',
    calculationDate: '2023-12-03T10:00:00.000Z',
  });
  expect(await brand.complete()).toMatchObject({ status: 200, body: { status: 'measuring' } });
  await program.advanceTo('2023-12-03T10:00:00Z');
  await brand.untilStatus('scheduled');
});

test('When one calculation looks the ad account up twice, then the timeline keeps both', async () => {
  const program = await ownProgram(t);
  const advertiserId = await newAdvertiser(t, { timezone: 'Asia/Tokyo', status: 'STATUS_LIMIT' });
  const brand = await program.enroll({ advertiserId });
  await brand.untilEvent('advertiser_located');
  await brand.confirm();
  await brand.complete();
  await t.fault({ target: 'advertiser_info', fault: 'server_error', times: 1_000, only: advertiserId });
  await program.advanceTo('2023-12-02T16:00:00Z');
  await brand.untilEvent('calculation_begun');
  await brand.hold();
  // Active by now; and once the hold is released, further west: too early after all.
  await changeAdvertiser(t, advertiserId, { timezone: 'Asia/Tokyo' });
  await clearFaults(t);
  await brand.untilEvent('advertiser_located', 2);
  await changeAdvertiser(t, advertiserId, { timezone: 'America/Los_Angeles' });
  await brand.release();
  await brand.untilEnded('measure');
  expect(await brand.now()).toMatchObject({ status: 'measuring' });
  expect((await brand.happened()).slice(-5)).toEqual([
    'calculation_begun',
    'held',
    'advertiser_located',
    'released',
    'advertiser_located',
  ]);
});

test('When the program spreads its payouts, then each begins at its own moment after the payout date, and not before', async () => {
  const program = await ownProgram(t, { payoutSpreadMinutes: 600 });
  const brand = await readyToMeasure(program, await newAdvertiser(t));
  await program.advanceTo('2023-12-04T00:00:00Z');
  const { payoutDate, waitingFor } = await brand.untilStatus('scheduled');
  expect(payoutDate).toBe('2023-12-15T08:00:00.000Z');
  const by = waitingFor[0]!.by!;
  const offsetMs = Date.parse(by) - Date.parse(payoutDate);
  expect(offsetMs).toBeGreaterThanOrEqual(0);
  expect(offsetMs).toBeLessThan(600 * 60_000);
  await program.advanceTo(new Date(Date.parse(by) - 1).toISOString());
  await brand.untilClockRead(2);
  expect(await brand.now()).toMatchObject({ status: 'scheduled' });
  await program.advanceTo(by);
  await brand.untilStatus('paid');
});

test('When a late payout goes to the next date, then it is that of the calendar which its period is from', async () => {
  const { calendar, policies } = t.definition;
  const program = await ownProgram(t, {
    calendar: calendar.slice(0, 2),
    window: { from: '2023-10-01', to: '2023-11-30' },
    deferral: { maximum: 1, by: ['partner'] },
    policies: { ...policies, latePayoutDate: { then: 'next_in_calendar' } },
  });
  const brand = await readyToMeasure(program, await newAdvertiser(t));
  await program.revise({ calendar });
  expect((await brand.defer('2024-01')).status).toBe(200);
  await program.advanceTo('2024-02-20T00:00:00Z');
  expect(await brand.untilStatus('scheduled')).toMatchObject({ payoutDate: '2024-03-15T07:00:00.000Z' });
});

test('When the criteria are read over HTTP, then each has its status, reason and evidence', async () => {
  const program = await ownProgram(t);
  const brand = await program.enroll({ advertiserId: await newAdvertiser(t, { currency: 'CAD' }) });
  await brand.confirm();
  const { criteria } = (await brand.untilStatus('action_required')) as unknown as {
    criteria: { criterion: string; status: string; reasonCode: string | null; evidence: unknown }[];
  };
  expect(criteria.map(({ criterion, status }) => `${criterion}: ${status}`)).toEqual([
    'subscription: attested',
    'survey_template: attested',
    'data_sharing: attested',
    'questionnaire: pending',
    'advertiser_located: verified',
    'ad_account_active: verified',
    'region_eligible: failed',
    'active_advertising: pending',
  ]);
  expect(criteria[0]).toMatchObject({
    evidence: {
      source: 'survey_partner',
      by: { role: 'partner', id: 'kno' },
      at: '2023-10-12T16:00:00.000Z',
    },
  });
  expect(criteria[6]).toMatchObject({
    reasonCode: 'CURRENCY_MISMATCH',
    evidence: { details: { currency: 'CAD' } },
  });
});

describe('a next revision', () => {
  test.each([
    ['on real time leaves it', { testClock: null, rail: 'manual' }, '/testClock'],
    ['on real time, still by the sandbox', { testClock: null }, '/testClock'],
  ] as const)(
    'When a program on a test clock is to go %s, then it is refused and nothing changes',
    async (_, change, pointer) => {
      const program = await ownProgram(t);
      await expect(program.revise(change)).rejects.toMatchObject({
        code: 'DEFINITION_INVALID',
        errors: [{ pointer, message: expect.stringContaining('stays on it') as string }],
      });
      expect((await latestProgram(database.pool, program.programId))?.revision).toBe(1);
    },
  );

  test('When a program on real time is to get a test clock, then it is refused and nothing changes', async () => {
    const definition = { ...t.definition, id: `${t.programId}-real`, testClock: null };
    expect(await publish(t.plan.databaseUrl, definition, [])).toBe(1);
    const clocked = { ...definition, testClock: t.definition.testClock };
    await expect(publish(t.plan.databaseUrl, clocked, [])).rejects.toMatchObject({
      code: 'DEFINITION_INVALID',
    });
    const stored = await latestProgram(database.pool, definition.id);
    expect(stored).toMatchObject({ revision: 1, clock: [], definition: { testClock: null } });
  });

  test('When the same definition is published again, then there is no new revision, and a change is the next one', async () => {
    const definition = { ...t.definition, id: `${t.programId}-again` };
    expect(await publish(t.plan.databaseUrl, definition, [])).toBe(1);
    const otherOrder = Object.fromEntries(Object.entries(definition).reverse()) as ProgramDefinition;
    expect(await publish(t.plan.databaseUrl, otherOrder, [])).toBe(1);
    expect(await publish(t.plan.databaseUrl, { ...definition, name: 'Another name' }, [])).toBe(2);
  });
});

/** An enrollment with all facts in. */
async function readyToMeasure(program: OwnProgram, advertiserId: string): Promise<Enrolled> {
  const brand = await program.enroll({ advertiserId });
  await brand.confirm();
  await brand.complete();
  await brand.untilStatus('measuring');
  return brand;
}

async function spendInSeptember(advertiserId: string): Promise<void> {
  const response = await fetch(`${t.sandbox.url}/sandbox/advertisers/${advertiserId}/spend`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: '2023-09-01', to: '2023-09-30', total: '5.00' }),
  });
  if (!response.ok) throw new Error(`The sandbox refused the spend: ${await response.text()}`);
}
