/** What a definition says of its window, periods and moves: each check, with its place and sentence. */
import fc from 'fast-check';
import { Temporal } from '@js-temporal/polyfill';
import { firstPlan } from '../program/calendar';
import type { ProgramDefinition } from '../program/definition';
import { parseDefinition } from '../program/parseDefinition';
import {
  loose,
  pointers,
  problemsOf,
  sentences,
  shipped,
  type Case,
  type Change,
} from './support/definitions';

/** The demo with periods of 60 days from the day of enrollment, and 13 calculation months for the first enrollment. */
const rolling =
  (
    changes: Partial<NonNullable<ProgramDefinition['rollingPeriod']>> = {},
    change: Change = () => {},
  ): Change =>
  (definition) => {
    definition.calendar = [];
    definition.rollingPeriod = { days: 60, payoutAfterDays: 5, lastMonth: '2024-11', ...changes };
    change(definition);
  };

describe('periods', () => {
  test.each<Case>([
    [
      'a period ends before it begins',
      ({ calendar }) => (calendar[0]!.periodFrom = '2023-12-01'),
      ['/calendar/0/periodTo: The period ends before it begins; let it end on 2023-12-01 or later.'],
    ],
    [
      'periods overlap',
      ({ calendar }) => (calendar[1]!.periodFrom = '2023-11-30'),
      ['/calendar/1/periodFrom: Begin the period after 2023-11-30, when the previous one ends.'],
    ],
    [
      'two periods end in one month',
      ({ calendar }) => {
        calendar[0]!.periodTo = '2023-11-15';
        calendar[1]!.periodFrom = '2023-11-16';
        calendar[1]!.periodTo = '2023-11-30';
      },
      [
        '/calendar/1/periodTo: Two periods end in 2023-11, but a calculation month names one period; end them in two months.',
      ],
    ],
    [
      'a month is listed twice',
      ({ calendar }) => (calendar[1]!.enrollmentMonth = '2023-10'),
      [
        '/calendar/1/enrollmentMonth: List the months in order, each once; this one follows 2023-10.',
        '/calendar: Add a row for the enrollment month 2023-11, which is in the window.',
      ],
    ],
    [
      'a month of the window is missing',
      ({ calendar }) => calendar.splice(3, 1),
      ['/calendar: Add a row for the enrollment month 2024-01, which is in the window.'],
    ],
    [
      'the window begins before the calendar',
      ({ window }) => (window.from = '2023-08-31'),
      [
        '/calendar: Add a row for the enrollment month 2023-08, which is in the window.',
        '/calendar: Add a row for the enrollment month 2023-09, which is in the window.',
      ],
    ],
    [
      'the window ends in another century',
      ({ window }) => (window.to = '9999-12-31'),
      ['/window/to: Write a year from 2000 to 2099.'],
    ],
    [
      'the window ends before it begins',
      ({ window }) => (window.to = '2023-09-30'),
      ['/window/to: The window ends before it begins; let it end on 2023-10-01 or later.'],
    ],
    ['the window is one day', ({ window }) => (window.to = window.from), []],
    [
      'the window is one day of no month in the calendar',
      ({ window }) => (window.from = window.to = '2024-07-01'),
      ['/calendar: Add a row for the enrollment month 2024-07, which is in the window.'],
    ],
    ['a period is one day', ({ calendar }) => (calendar[0]!.periodFrom = '2023-11-30'), []],
    [
      'the period is over before the month of enrollment',
      ({ calendar }) => {
        calendar[0]!.periodFrom = '2023-09-01';
        calendar[0]!.periodTo = '2023-09-30';
      },
      [
        '/calendar/0/periodFrom: Begin the period in 2023-10, the month of enrollment, or later.',
        '/calendar/0/periodTo: One may enroll until 2023-10-31; end the period then or later.',
      ],
    ],
    [
      'the payout comes before the calculation',
      ({ calendar }) => (calendar[0]!.payoutDate = '2023-12-03'),
      [
        '/calendar/0/payoutDate: Pay after 2023-12-03T12:00:00.000Z: only then, 48 hours after the end of 2023-11-30 in the last place on earth, every credit can be computed.',
      ],
    ],
    [
      'the payout comes right after the last calculation on earth',
      ({ calendar }) => (calendar[0]!.payoutDate = '2023-12-04'),
      [],
    ],
    [
      'the payout comes with the last calculation on earth',
      (definition) => {
        definition.timeZone = 'Etc/GMT+12';
        definition.calendar[0]!.payoutDate = '2023-12-03';
      },
      [],
    ],
    [
      'a payout date is no day of the calendar',
      ({ calendar }) => (calendar[0]!.payoutDate = '2023-12-32'),
      ['/calendar/0/payoutDate: Write an existing date as YYYY-MM-DD.'],
    ],
    [
      'the time zone is unknown',
      (definition) => (definition.timeZone = 'Mars/Olympus'),
      ['/timeZone: Write an IANA time zone such as "America/Los_Angeles".'],
    ],
    [
      'the settlement delay is too short',
      (definition) => (definition.settlementDelayHours = 47),
      ['/settlementDelayHours: Spend settles late: wait at least 48 hours.'],
    ],
    [
      'the settlement delay is too long',
      (definition) => (definition.settlementDelayHours = 60 * 24 + 1),
      ['/settlementDelayHours: Wait at most 60 days.'],
    ],
    [
      'the look-back is no day',
      (definition) => (definition.lookBackDays = 0),
      ['/lookBackDays: Look back at least one day, or write null.'],
    ],
    [
      'the look-back is too long',
      (definition) => (definition.lookBackDays = 367),
      ['/lookBackDays: Look back at most 366 days.'],
    ],
    [
      'the look-back is half a day',
      (definition) => (definition.lookBackDays = 0.5),
      ['/lookBackDays: Write a whole number without quotation marks here.'],
    ],
  ])('When %s, then it is reported at the right place', (_, change, expected) => {
    expect(sentences(change)).toEqual(expected);
  });

  test('When a longer settlement delay passes the payout dates, then each of them is reported', () => {
    expect(pointers((definition) => (definition.settlementDelayHours = 15 * 24))).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => `/calendar/${n}/payoutDate`),
    );
  });
});

describe('rolling periods', () => {
  test.each<Case>([
    ['there is a rolling period instead of the calendar', rolling(), []],
    [
      'there is neither a calendar nor a rolling period',
      (definition) => (definition.calendar = []),
      ['/calendar: Add at least one month, or state a rollingPeriod.'],
    ],
    [
      'there is a rolling period beside the calendar',
      (definition) => (definition.rollingPeriod = { days: 60, payoutAfterDays: 5, lastMonth: '2024-11' }),
      ['/rollingPeriod: State either a calendar or a rollingPeriod; remove one.'],
    ],
    [
      'it pays before every credit can be computed',
      rolling({ payoutAfterDays: 4 }),
      [
        '/rollingPeriod/payoutAfterDays: Pay at least 5 days after the period: only then every credit can be computed, wherever the ad account is.',
      ],
    ],
    [
      'a longer settlement delay passes its payout date',
      rolling({}, (definition) => (definition.settlementDelayHours = 96)),
      [
        '/rollingPeriod/payoutAfterDays: Pay at least 7 days after the period: only then every credit can be computed, wherever the ad account is.',
      ],
    ],
    // 93 hours and the 27 of the longest day on earth are 5 days after the start of the day after the period.
    [
      'it pays when every credit can just be computed',
      rolling({ payoutAfterDays: 6 }, (definition) => (definition.settlementDelayHours = 93)),
      [],
    ],
    [
      'its window cannot be read',
      rolling(
        { payoutAfterDays: 4, lastMonth: '2023-10' },
        (definition) => (loose(definition)['window'] = 1),
      ),
      [
        '/window: Write an object in braces here.',
        '/rollingPeriod/payoutAfterDays: Pay at least 5 days after the period: only then every credit can be computed, wherever the ad account is.',
      ],
    ],
    [
      'it ends before the only day of the window',
      rolling({ lastMonth: '2023-10' }, ({ window }) => (window.to = window.from)),
      [
        '/rollingPeriod/lastMonth: Whoever enrolls on 2023-10-01 has the calculation month 2023-11; name it or a later one, or end the window earlier.',
      ],
    ],
    // Whoever enrolls on 30 June has the 60 days until 28 August.
    ['its last month is that of the last enrollment', rolling({ lastMonth: '2024-08' }), []],
    [
      'it ends before the period of the last enrollment',
      rolling({ lastMonth: '2024-07' }),
      [
        '/rollingPeriod/lastMonth: Whoever enrolls on 2024-06-30 has the calculation month 2024-08; name it or a later one, or end the window earlier.',
      ],
    ],
    [
      'it would end in another century',
      rolling({ lastMonth: '2099-12' }, ({ window }) => (window.to = '2099-12-01')),
      [
        '/rollingPeriod/lastMonth: Whoever enrolls on 2099-12-01 has the calculation month 2100-01; name it or a later one, or end the window earlier.',
      ],
    ],
    [
      'it is no day long',
      rolling({ days: 0, payoutAfterDays: 0, lastMonth: '2024-13' }),
      [
        '/rollingPeriod/days: Write at least one day.',
        '/rollingPeriod/payoutAfterDays: Pay at least one day after the period.',
        '/rollingPeriod/lastMonth: Write the month as YYYY-MM.',
      ],
    ],
    [
      'it is longer than a year',
      rolling({ days: 367, payoutAfterDays: 367 }),
      [
        '/rollingPeriod/days: Write at most 366 days.',
        '/rollingPeriod/payoutAfterDays: Pay within 366 days after the period.',
      ],
    ],
  ])('When %s, then it is reported at the right place', (_, change, expected) => {
    expect(sentences(change)).toEqual(expected);
  });

  test('When a program is valid, then whoever may enroll has a period, and is paid after it can be computed', () => {
    const window = fc.record({ from: fc.integer({ min: 0, max: 700 }), days: fc.nat(400) });
    const accepted = { some: 0 };
    fc.assert(
      fc.property(
        window,
        fc.record({
          days: fc.integer({ min: 1, max: 366 }),
          payoutAfterDays: fc.integer({ min: 3, max: 9 }),
        }),
        fc.integer({ min: 48, max: 120 }),
        fc.constantFrom('Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Europe/London', 'Australia/Lord_Howe'),
        fc.nat(400),
        ({ from, days }, period, settlementDelayHours, timeZone, enrolledAfter) => {
          const definition = shipped('pps-demo');
          rolling({ ...period, lastMonth: '2027-12' })(definition);
          const day = (offset: number) => new Date(Date.UTC(2023, 0, 1 + offset)).toISOString().slice(0, 10);
          Object.assign(definition, { settlementDelayHours, timeZone });
          definition.window = { from: day(from), to: day(from + days) };
          if (problemsOf(definition).length > 0) return;
          accepted.some += 1;
          const enrolledOn = day(from + (enrolledAfter % (days + 1)));
          const noon = Temporal.PlainDate.from(enrolledOn).toZonedDateTime({ timeZone, plainTime: '12:00' });
          const first = firstPlan(parseDefinition(definition), noon.epochMilliseconds, 'Etc/GMT+12');
          expect(first).toMatchObject({ ok: true, enrolledOn });
          if (first.ok) expect(first.plan.payoutAt).toBeGreaterThanOrEqual(first.plan.calculationAt);
        },
      ),
    );
    expect(accepted.some).toBeGreaterThan(10);
  });
});

describe('moves', () => {
  const AT_MOST_8 =
    'At most 8 moves are possible, since there are no more calculation months; allow fewer, or add months.';
  test.each<Case>([
    [
      'all calculation months are reached',
      ({ deferral, policies }) => {
        deferral.maximum = 8;
        policies.noSpend = policies.missedFacts = { then: 'roll_on', atMost: 8 };
      },
      [],
    ],
    [
      'deferrals reach past the calendar',
      ({ deferral }) => (deferral.maximum = 9),
      [`/deferral/maximum: ${AT_MOST_8}`],
    ],
    [
      'roll-ons reach past the calendar',
      ({ policies }) => (policies.noSpend = policies.missedFacts = { then: 'roll_on', atMost: 9 }),
      [`/policies/missedFacts/atMost: ${AT_MOST_8}`, `/policies/noSpend/atMost: ${AT_MOST_8}`],
    ],
    // The first enrollment's 60 days end on 29 November 2023; 12 months later is the last month.
    [
      'deferrals reach the last month of a rolling period',
      rolling({}, ({ deferral }) => (deferral.maximum = 12)),
      [],
    ],
    [
      'deferrals reach past the last month of a rolling period',
      rolling({}, ({ deferral }) => (deferral.maximum = 13)),
      [`/deferral/maximum: ${AT_MOST_8.replace('8', '12')}`],
    ],
    [
      'nobody may defer',
      ({ deferral }) => (deferral.by = []),
      ['/deferral/by: Say who may defer, or set the maximum to 0.'],
    ],
    [
      'nobody may defer, and there is no deferral',
      (definition) => (definition.deferral = { maximum: 0, by: [] }),
      [],
    ],
    [
      'deferrals are fewer than none',
      ({ deferral }) => (deferral.maximum = -1),
      ['/deferral/maximum: Write 0 for no deferral.'],
    ],
    [
      'a roll-on never moves',
      ({ policies }) => (policies.noSpend = { then: 'roll_on', atMost: 0 }),
      ['/policies/noSpend/atMost: Allow at least one move, or use {"then": "close"}.'],
    ],
    [
      'a policy is unknown',
      ({ policies }) => (loose(policies)['missedFacts'] = { then: 'wait' }),
      ['/policies/missedFacts/then: Write one of: "roll_on", "close".'],
    ],
    [
      'a policy does not say what happens',
      ({ policies }) => (loose(policies)['latePayoutDate'] = {}),
      ['/policies/latePayoutDate/then: Write one of: "pay_at_once", "next_in_calendar".'],
    ],
  ])('When %s, then it is reported at the right place', (_, change, expected) => {
    expect(sentences(change)).toEqual(expected);
  });
});
