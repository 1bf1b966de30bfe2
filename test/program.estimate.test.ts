/** "Defer or not?": the open months side by side, with the credit itself. */
import { calendarFor, firstPlan, type DeferralSituation } from '../program/calendar';
import { computeCredit } from '../program/credit';
import type { ProgramDefinition } from '../program/definition';
import {
  estimate,
  estimateSituation,
  unknownChoices,
  type EstimateChoices,
  type EstimateRequest,
} from '../program/estimate';
import { MoneyError } from '../program/money';
import { TimeZoneError } from '../program/timeZone';
import { amountOf, demo, shippedProgram } from './support/credits';

const example = shippedProgram('examples/woocommerce-spend-and-get');

/** 12,480.00 USD with the bonus of the demo. */
const request: EstimateRequest = {
  programRevision: 1,
  country: 'US',
  currency: 'USD',
  facts: { surveyPartner: 'kno', storePlatform: 'woocommerce' },
  expectedSpendMinor: 1248000,
};
/** Enrolled in October 2023, so for November; asked in the middle of it. */
const situation: DeferralSituation = {
  currentMonth: '2023-11',
  at: Date.parse('2023-11-15T12:00:00Z'),
  accountTimeZone: null,
  deferralsLeft: 3,
  calculationBegun: false,
};
const DEMO_MONTHS = [
  '2023-11',
  '2023-12',
  '2024-01',
  '2024-02',
  '2024-03',
  '2024-04',
  '2024-05',
  '2024-06',
  '2024-07',
];
const monthsOf = (changes: Partial<DeferralSituation>) =>
  estimate(demo, request, { ...situation, ...changes }).map(({ plan }) => plan.month);
const nextTierAt = (expectedSpendMinor: number, changes: Partial<EstimateRequest> = {}) =>
  estimate(demo, { ...request, expectedSpendMinor, ...changes }, situation)[0]?.nextTier;

describe('months', () => {
  test('When months are open, then each has its period, payout date and credit, the current one first', () => {
    const estimates = estimate(demo, request, situation);
    expect(estimates.map(({ plan }) => plan.month)).toEqual(DEMO_MONTHS);
    expect(estimates.map(({ current }) => current)).toEqual(DEMO_MONTHS.map((_, index) => index === 0));
    expect(estimates[1]).toMatchObject({
      plan: {
        periodFrom: '2023-12-01',
        periodTo: '2023-12-31',
        calculationAt: Date.parse('2024-01-03T08:00:00Z'),
        payoutDate: '2024-01-15',
        payoutAt: Date.parse('2024-01-15T08:00:00Z'),
      },
      credit: { outcome: 'credit', amountMinor: 450000, currency: 'USD', spendMinor: 1248000 },
    });
  });

  test.each<[string, Partial<DeferralSituation>, string[]]>([
    ['the enrollment is in a later month', { currentMonth: '2024-05' }, ['2024-05', '2024-06', '2024-07']],
    ['the limit of deferrals is reached', { deferralsLeft: 0 }, ['2023-11']],
    ['the calculation has begun', { calculationBegun: true }, ['2023-11']],
    ['the last month is the current one', { currentMonth: '2024-07' }, ['2024-07']],
    [
      'months have passed',
      { at: Date.parse('2024-06-01T12:00:00Z') },
      ['2023-11', '2024-05', '2024-06', '2024-07'],
    ],
  ])('When %s, then only the current month and what is open is compared', (_, changes, months) => {
    expect(monthsOf(changes)).toEqual(months);
  });

  test('When the ad account lies elsewhere, then its days count, and a zone that is none is refused', () => {
    const [november] = estimate(demo, request, { ...situation, accountTimeZone: 'Asia/Tokyo' });
    expect(november?.plan.calculationAt).toBe(Date.parse('2023-12-02T15:00:00Z'));
    expect(() => estimate(demo, request, { ...situation, accountTimeZone: 'Mars/Olympus' })).toThrow(
      TimeZoneError,
    );
  });
});

describe('the credit', () => {
  test.each<[string, ProgramDefinition, Partial<EstimateRequest>]>([
    ['a tier and a bonus', demo, {}],
    ['nothing', demo, { expectedSpendMinor: 0 }],
    ['less than the minimum', demo, { expectedSpendMinor: 99999 }],
    ['yen', demo, { country: 'JP', currency: 'JPY', expectedSpendMinor: 1500000 }],
    ['a currency without a table', demo, { currency: 'EUR' }],
    ['a country without a region', demo, { country: 'BR' }],
    ['another spend basis, and a look-back', { ...demo, spendBasis: 'cash_spend', lookBackDays: 90 }, {}],
  ])('When the spend is %s, then the estimate is the credit of just that spend', (_, terms, changes) => {
    const asked = { ...request, ...changes };
    const { expectedSpendMinor, ...rest } = asked;
    const decimals = asked.currency === 'JPY' ? 0 : 2;
    const spend = (expectedSpendMinor / 10 ** decimals).toFixed(decimals);
    const row = { date: '2023-11-30', currency: asked.currency };
    const amounts = { spend, billed_cost: spend, cash_spend: spend };
    const span = { from: '2023-11-01', to: '2023-11-30' };
    const credit = computeCredit(terms, {
      ...rest,
      spend: { ...span, rows: [{ ...row, amounts }] },
      lookBack: terms.lookBackDays === null ? null : { ...span, rows: [] },
    });
    expect(estimate(terms, asked, situation)[0]?.credit).toEqual(credit);
    expect(credit.spendMinor).toBe(expectedSpendMinor);
  });

  test.each([0.5, NaN, 2 ** 53])('When the expected spend is %d minor units, then it is refused', (spend) => {
    expect(() => nextTierAt(spend)).toThrow(MoneyError);
  });
});

describe('the next tier', () => {
  test.each([
    [0, 100000, 100000],
    [99999, 100000, 1],
    [100000, 250000, 150000],
    [1248000, 2000000, 752000],
    [1999999, 2000000, 1],
  ])('When %d minor units are spent, then the tier from %d is %d away', (spend, fromMinor, missingMinor) => {
    expect(nextTierAt(spend)).toEqual({ fromMinor, missingMinor });
  });

  test('When there is no tier above, or no table, then there is no next tier', () => {
    expect([nextTierAt(2000000), nextTierAt(9000000)]).toEqual([null, null]);
    expect([nextTierAt(0, { currency: 'EUR' }), nextTierAt(0, { country: 'BR' })]).toEqual([null, null]);
  });
});

describe('what is asked', () => {
  const ASKED: EstimateChoices = { country: 'US', currency: 'USD', partner: 'kno', platform: 'shopify' };
  const unknown = (changes: Partial<EstimateChoices>) => unknownChoices(demo, { ...ASKED, ...changes });

  test('When the program knows all of it, then nothing is unknown', () => {
    expect(unknown({})).toEqual([]);
  });

  test('When the program does not know something, then all of it comes at once, with what it knows', () => {
    expect(unknown({ currency: 'JPY', partner: 'nobody', platform: 'carts' })).toEqual([
      { choice: 'currency', known: ['USD'] },
      { choice: 'partner', known: ['fairing', 'kno', 'okendo'] },
      { choice: 'platform', known: demo.storePlatforms },
    ]);
  });

  test('When the country is unknown, then nothing is said of its currency', () => {
    expect(unknown({ country: 'XX', currency: 'XXX' }).map(({ choice }) => choice)).toEqual(['country']);
  });

  const at = Date.parse('2023-10-20T12:00:00Z');

  test('When an enrollment is made on a day, then it stands in the month that follows from it, or in a later one', () => {
    const first = estimateSituation(demo, { at, deferralsUsed: 1 });
    expect(first).toMatchObject({
      ok: true,
      situation: {
        currentMonth: '2023-11',
        at,
        deferralsLeft: demo.deferral.maximum - 1,
        calculationBegun: false,
      },
    });
    const later = estimateSituation(demo, { at, month: '2024-05', deferralsUsed: 0 });
    expect(later).toMatchObject({ ok: true, situation: { currentMonth: '2024-05' } });
  });

  test('When nobody can enroll then, or not in that month, then the answer says which', () => {
    expect(estimateSituation(demo, { at: Date.parse('2022-10-20T12:00:00Z'), deferralsUsed: 0 })).toEqual({
      ok: false,
      reasonCode: 'PROGRAM_CLOSED',
    });
    expect(estimateSituation(demo, { at, month: '2023-10', deferralsUsed: 0 })).toEqual({
      ok: false,
      reasonCode: null,
      months: DEMO_MONTHS,
    });
  });
});

describe('a program with a period from enrollment', () => {
  const enrolled = firstPlan(example, Date.parse('2027-01-31T20:00:00Z'), null);
  if (!enrolled.ok) throw new Error('The example is open on that day.');
  const terms = calendarFor(
    { ...example, deferral: { maximum: 2, by: ['partner' as const] } },
    enrolled.enrolledOn,
  );
  const rolling = (changes: Partial<DeferralSituation>) =>
    estimate(
      terms,
      {
        ...request,
        facts: { surveyPartner: 'woocommerce', storePlatform: 'woocommerce' },
        expectedSpendMinor: 50000,
      },
      {
        ...situation,
        currentMonth: enrolled.plan.month,
        at: Date.parse('2027-02-10T12:00:00Z'),
        deferralsLeft: 2,
        ...changes,
      },
    );

  test('When months are open, then each has 60 days up to the day on which the first period ends', () => {
    const estimates = rolling({});
    expect(estimates.map(({ plan }) => [plan.month, plan.periodFrom, plan.periodTo])).toEqual([
      ['2027-03', '2027-01-31', '2027-03-31'],
      ['2027-04', '2027-03-02', '2027-04-30'],
      ['2027-05', '2027-04-02', '2027-05-31'],
      ['2027-06', '2027-05-02', '2027-06-30'],
      ['2027-07', '2027-06-02', '2027-07-31'],
      ['2027-08', '2027-07-03', '2027-08-31'],
      ['2027-09', '2027-08-02', '2027-09-30'],
    ]);
    expect(estimates.map(({ credit }) => amountOf(credit))).toEqual(estimates.map(() => 50000));
    expect(estimates[0]?.nextTier).toEqual({ fromMinor: 150000, missingMinor: 100000 });
  });

  test('When no deferral is left, then only the period of the enrollment is compared', () => {
    expect(rolling({ deferralsLeft: 0 }).map(({ plan, current }) => [plan.month, current])).toEqual([
      ['2027-03', true],
    ]);
  });
});
