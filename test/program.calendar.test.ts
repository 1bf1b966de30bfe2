/** From dates to instants: the month of enrollment, calculation and payout, rolling periods, the look-back. */
import fc from 'fast-check';
import {
  calendarFor,
  enrollmentMonth,
  firstPlan,
  lookBackSpan,
  planFor,
  planRow,
  type CalendarTerms,
} from '../program/calendar';
import type { CalendarRow } from '../program/definition';
import { parseDefinition } from '../program/parseDefinition';
import { isTimeZone, TimeZoneError } from '../program/timeZone';
import { shipped } from './support/definitions';
import { dayAfter, plusDays, plusMonths, startOfDay, ZONES } from './support/naiveCalendar';

const demo = parseDefinition(shipped('pps-demo'));
const at = (instant: string) => Date.parse(instant);
const iso = (instant: number | undefined) =>
  instant === undefined ? undefined : new Date(instant).toISOString();
const NEW_YORK = 'America/New_York';
const HOUR = 3_600_000;

/** A row of which only the last day, or the payout date, matters. */
const rowTo = (periodTo: string, payoutDate = '2024-12-31'): CalendarRow => ({
  enrollmentMonth: periodTo.slice(0, 7),
  periodFrom: `${periodTo.slice(0, 7)}-01`,
  periodTo,
  payoutDate,
});

describe('month of enrollment', () => {
  test.each([
    ['America/Los_Angeles', '2023-11-01T07:00:00.000Z', '2023-10', '2023-11'],
    ['America/Los_Angeles', '2024-01-01T08:00:00.000Z', '2023-12', '2024-01'],
    ['Pacific/Kiritimati', '2023-12-31T10:00:00.000Z', '2023-12', '2024-01'],
    ['Pacific/Pago_Pago', '2024-01-01T11:00:00.000Z', '2023-12', '2024-01'],
    ['Asia/Kolkata', '2024-01-31T18:30:00.000Z', '2024-01', '2024-02'],
    ['Europe/London', '2024-03-01T00:00:00.000Z', '2024-02', '2024-03'],
    // London is an hour ahead of UTC in summer.
    ['Europe/London', '2024-03-31T23:00:00.000Z', '2024-03', '2024-04'],
    // The clocks of Asunción went from 24:00 on 30 September to 01:00.
    ['America/Asuncion', '2023-10-01T04:00:00.000Z', '2023-09', '2023-10'],
    // Morocco is an hour behind its standard time in Ramadan.
    ['Africa/Casablanca', '2020-05-01T00:00:00.000Z', '2020-04', '2020-05'],
    ['Europe/London', '2099-06-30T23:00:00.000Z', '2099-06', '2099-07'],
  ])('When the zone is %s, then %s is the first millisecond after %s', (timeZone, border, before, after) => {
    expect(enrollmentMonth({ timeZone }, at(border) - 1)).toBe(before);
    expect(enrollmentMonth({ timeZone }, at(border))).toBe(after);
  });

  test('When one enrolls on 12 October 2023, then the period is November', () => {
    expect(firstPlan(demo, at('2023-10-12T16:00:00Z'), null)).toEqual({
      ok: true,
      enrolledOn: '2023-10-12',
      plan: {
        month: '2023-11',
        periodFrom: '2023-11-01',
        periodTo: '2023-11-30',
        calculationAt: at('2023-12-03T08:00:00Z'),
        payoutDate: '2023-12-15',
        payoutAt: at('2023-12-15T08:00:00Z'),
      },
    });
  });

  test.each([
    ['2023-10-01T06:59:59Z', false],
    ['2023-10-01T07:00:00Z', true],
    ['2024-07-01T06:59:59Z', true],
    ['2024-07-01T07:00:00Z', false],
  ])('When one enrolls at %s, then the window being open is %s', (instant, open) => {
    const plan = firstPlan(demo, at(instant), null);
    expect(plan.ok ? true : plan.reasonCode).toBe(open || 'PROGRAM_CLOSED');
  });

  test('When the calendar has no row for the month of enrollment, then the reason says so', () => {
    const terms = { ...demo, calendar: demo.calendar.slice(1) };
    expect(firstPlan(terms, at('2023-10-12T16:00:00Z'), null)).toEqual({
      ok: false,
      reasonCode: 'MONTH_NOT_IN_CALENDAR',
    });
  });
});

describe('calculation and payout instants', () => {
  test('When the demo defers to December in New York, then it is computed at 2024-01-03T05:00Z and paid on 15 January', () => {
    const plan = planFor(demo, '2023-12', NEW_YORK);
    expect(iso(plan?.calculationAt)).toBe('2024-01-03T05:00:00.000Z');
    expect(iso(plan?.payoutAt)).toBe('2024-01-15T08:00:00.000Z');
  });

  // The zone of the ad account, the last day, and its end there + 48 h; worked out by hand.
  test.each([
    // from one end of the world to the other
    ['Pacific/Pago_Pago', '2023-11-30', '2023-12-03T11:00:00.000Z'],
    ['Etc/GMT+12', '2023-11-30', '2023-12-03T12:00:00.000Z'],
    ['Etc/UTC', '2023-11-30', '2023-12-03T00:00:00.000Z'],
    ['Pacific/Kiritimati', '2023-11-30', '2023-12-02T10:00:00.000Z'],
    ['Etc/GMT-14', '2023-11-30', '2023-12-02T10:00:00.000Z'],
    // half hours and quarters
    ['Asia/Kolkata', '2023-11-30', '2023-12-02T18:30:00.000Z'],
    ['Asia/Kathmandu', '2023-11-30', '2023-12-02T18:15:00.000Z'],
    ['America/St_Johns', '2023-11-30', '2023-12-03T03:30:00.000Z'],
    ['Australia/Adelaide', '2023-11-30', '2023-12-02T13:30:00.000Z'],
    ['Pacific/Chatham', '2023-11-30', '2023-12-02T10:15:00.000Z'],
    // leap days and year ends
    [NEW_YORK, '2024-02-28', '2024-03-02T05:00:00.000Z'],
    [NEW_YORK, '2024-02-29', '2024-03-03T05:00:00.000Z'],
    [NEW_YORK, '2023-02-28', '2023-03-03T05:00:00.000Z'],
    ['Europe/London', '2023-12-31', '2024-01-03T00:00:00.000Z'],
    ['Pacific/Kiritimati', '2023-12-31', '2024-01-02T10:00:00.000Z'],
    // clocks go forward on the last day
    ['Europe/London', '2024-03-31', '2024-04-02T23:00:00.000Z'],
    [NEW_YORK, '2024-03-10', '2024-03-13T04:00:00.000Z'],
    ['Australia/Lord_Howe', '2023-10-01', '2023-10-03T13:00:00.000Z'],
    // clocks go back on the last day
    ['Europe/London', '2023-10-29', '2023-11-01T00:00:00.000Z'],
    [NEW_YORK, '2023-11-05', '2023-11-08T05:00:00.000Z'],
    ['Australia/Lord_Howe', '2024-04-07', '2024-04-09T13:30:00.000Z'],
    // from 24:00 back to 23:00: the last day has 25 hours
    ['Asia/Beirut', '2023-10-28', '2023-10-30T22:00:00.000Z'],
    // clocks change during the delay
    [NEW_YORK, '2023-11-04', '2023-11-07T04:00:00.000Z'],
    [NEW_YORK, '2024-03-09', '2024-03-12T05:00:00.000Z'],
    // midnight does not exist: the next day begins at 01:00
    ['America/Sao_Paulo', '2018-11-03', '2018-11-06T03:00:00.000Z'],
    ['Asia/Beirut', '2024-03-30', '2024-04-01T22:00:00.000Z'],
    ['America/Asuncion', '2023-09-30', '2023-10-03T04:00:00.000Z'],
    // midnight comes twice: the first one ends the day
    ['America/Havana', '2023-11-04', '2023-11-07T04:00:00.000Z'],
    // clocks change twice within 60 days: Ramadan in Morocco
    ['Africa/Casablanca', '2020-04-30', '2020-05-03T00:00:00.000Z'],
    ['Africa/Casablanca', '2020-06-30', '2020-07-02T23:00:00.000Z'],
    // many years from now
    [NEW_YORK, '2099-07-31', '2099-08-03T04:00:00.000Z'],
    // Samoa went from 29 December straight to 31 December
    ['Pacific/Apia', '2011-12-29', '2012-01-01T10:00:00.000Z'],
    ['Pacific/Apia', '2011-12-30', '2012-01-01T10:00:00.000Z'],
  ])(
    'When the ad account is in %s and the period ends on %s, then it may be computed at %s',
    (zone, to, expected) => {
      const terms = { timeZone: 'America/Los_Angeles', settlementDelayHours: 48 };
      expect(iso(planRow(terms, rowTo(to), zone).calculationAt)).toBe(expected);
      expect(iso(planRow({ ...terms, timeZone: zone }, rowTo(to), null).calculationAt)).toBe(expected);
    },
  );

  test('When clocks change during the settlement delay, then the delay stays 48 elapsed hours', () => {
    // Midnight after 4 November is 04:00Z; on 5 November New York goes from UTC-4 to UTC-5.
    expect(iso(planRow(demo, rowTo('2023-11-04'), NEW_YORK).calculationAt)).toBe('2023-11-07T04:00:00.000Z');
  });

  test.each([
    ['America/Los_Angeles', '2023-12-15', '2023-12-15T08:00:00.000Z'],
    ['America/Los_Angeles', '2024-04-15', '2024-04-15T07:00:00.000Z'],
    ['Pacific/Kiritimati', '2024-01-01', '2023-12-31T10:00:00.000Z'],
    ['Asia/Beirut', '2024-03-31', '2024-03-30T22:00:00.000Z'],
    ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00.000Z'],
    ['America/Havana', '2023-11-05', '2023-11-05T04:00:00.000Z'],
  ])(
    'When the program is in %s, then it pays on %s from %s, wherever the ad account is',
    (timeZone, date, expected) => {
      const terms = { timeZone, settlementDelayHours: 48 };
      for (const account of [null, 'Pacific/Pago_Pago', 'Asia/Tokyo'])
        expect(iso(planRow(terms, rowTo('2017-06-30', date), account).payoutAt)).toBe(expected);
    },
  );

  test('When the settlement delay is longer, then the calculation comes later', () => {
    const terms: CalendarTerms = { ...demo, settlementDelayHours: 72 };
    expect(iso(planFor(terms, '2023-12', NEW_YORK)?.calculationAt)).toBe('2024-01-04T05:00:00.000Z');
  });

  test('When a month is not in the calendar, then there is no plan', () => {
    expect(planFor(demo, '2023-10', null)).toBeUndefined();
    expect(planFor(demo, '2025-01', null)).toBeUndefined();
  });

  test('When the zone and the row are any, then both instants are those that the clocks on the wall show', () => {
    fc.assert(
      fc.property(
        fc.record({ account: fc.constantFrom(...ZONES), program: fc.constantFrom(...ZONES) }),
        fc.record({ to: days(), payout: days(), delay: fc.integer({ min: 48, max: 1440 }) }),
        ({ account, program }, { to, payout, delay }) => {
          const plan = planRow(
            { timeZone: program, settlementDelayHours: delay },
            rowTo(to, payout),
            account,
          );
          expect(iso(plan.calculationAt)).toBe(iso(startOfDay(dayAfter(to), account) + delay * HOUR));
          expect(iso(plan.payoutAt)).toBe(iso(startOfDay(payout, program)));
          expect(plan).toMatchObject({ month: to.slice(0, 7), periodTo: to });
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('time zones', () => {
  test.each(['America/New_York', 'Etc/GMT+8', 'Etc/GMT-14', 'Etc/UTC', 'UTC', 'Asia/Kathmandu'])(
    'When the zone is %s, then it is usable',
    (zone) => {
      expect(isTimeZone(zone)).toBe(true);
    },
  );

  test.each([
    '',
    'Mars/Olympus',
    'Etc/GMT+99',
    '+05:00',
    '2024-01-01T00:00[Europe/Berlin]',
    'America/New York',
  ])('When the zone is %j, then it is refused by name', (zone) => {
    expect(isTimeZone(zone)).toBe(false);
    expect(() => planFor(demo, '2023-12', zone)).toThrow(TimeZoneError);
    expect(new TimeZoneError(zone)).toMatchObject({ code: 'TIME_ZONE_UNUSABLE', timeZone: zone });
  });
});

describe('rolling periods', () => {
  const rolling = (length: number, lastMonth: string, payoutAfterDays = 14): CalendarTerms => ({
    ...demo,
    calendar: [],
    rollingPeriod: { days: length, payoutAfterDays, lastMonth },
  });

  test('When there is no rolling period, then the calendar holds for every day of enrollment', () => {
    expect(calendarFor(demo, '2024-01-31')).toBe(demo);
  });

  test('When one enrolls, then the first period begins that day and later ones end on the same day of their months', () => {
    const { calendar } = calendarFor(rolling(60, '2024-03'), '2023-10-12');
    expect(calendar).toEqual([
      {
        enrollmentMonth: '2023-10',
        periodFrom: '2023-10-12',
        periodTo: '2023-12-10',
        payoutDate: '2023-12-24',
      },
      {
        enrollmentMonth: '2023-10',
        periodFrom: '2023-11-12',
        periodTo: '2024-01-10',
        payoutDate: '2024-01-24',
      },
      {
        enrollmentMonth: '2023-10',
        periodFrom: '2023-12-13',
        periodTo: '2024-02-10',
        payoutDate: '2024-02-24',
      },
      {
        enrollmentMonth: '2023-10',
        periodFrom: '2024-01-11',
        periodTo: '2024-03-10',
        payoutDate: '2024-03-24',
      },
    ]);
  });

  test.each([
    // one day: 31 January itself
    ['2024-01-31', 1, ['2024-01-31', '2024-02-29', '2024-03-31', '2024-04-30']],
    ['2024-01-31', 30, ['2024-02-29', '2024-03-29', '2024-04-29']],
    ['2024-01-31', 31, ['2024-03-01', '2024-04-01']],
    ['2023-12-02', 30, ['2023-12-31', '2024-01-31', '2024-02-29', '2024-03-31', '2024-04-30']],
    ['2023-05-01', 366, ['2024-04-30']],
  ])('When one enrolls on %s for %i days, then the periods end on %j', (enrolledOn, length, ends) => {
    const { calendar } = calendarFor(rolling(length, '2024-04'), enrolledOn);
    expect(calendar.map(({ periodTo }) => periodTo)).toEqual(ends);
  });

  test('When one enrolls on any day, then each calculation month has one period of the same length, up to the last', () => {
    const lengths = fc.integer({ min: 1, max: 366 });
    fc.assert(
      fc.property(days(), lengths, fc.nat(40), fc.nat(366), (enrolledOn, length, more, payoutAfterDays) => {
        const firstTo = plusDays(enrolledOn, length - 1);
        const months = Array.from({ length: more + 1 }, (_, index) => plusMonths(firstTo.slice(0, 7), index));
        const terms = rolling(length, months.at(-1)!, payoutAfterDays);
        const { calendar } = calendarFor(terms, enrolledOn);
        expect(calendar.map(({ periodTo }) => periodTo.slice(0, 7))).toEqual(months);
        expect(calendar[0]).toMatchObject({ periodFrom: enrolledOn, periodTo: firstTo });
        for (const { enrollmentMonth, periodFrom, periodTo, payoutDate } of calendar) {
          expect(enrollmentMonth).toBe(enrolledOn.slice(0, 7));
          expect(plusDays(periodFrom, length - 1)).toBe(periodTo);
          expect(plusDays(periodTo, payoutAfterDays)).toBe(payoutDate);
          const endsEarlier = periodTo.slice(8) < firstTo.slice(8);
          const isLastOfMonth = dayAfter(periodTo).endsWith('-01');
          expect(periodTo.slice(8) === firstTo.slice(8) || (endsEarlier && isLastOfMonth)).toBe(true);
        }
      }),
    );
  });

  test("When one enrolls at a border of days, then the program's time zone says on which", () => {
    const terms = rolling(60, '2024-12');
    const planned = (instant: string) => firstPlan(terms, at(instant), NEW_YORK);
    expect(planned('2023-11-01T06:59:59.999Z')).toMatchObject({
      enrolledOn: '2023-10-31',
      plan: { month: '2023-12', periodFrom: '2023-10-31', periodTo: '2023-12-29' },
    });
    expect(planned('2023-11-01T07:00:00Z')).toEqual({
      ok: true,
      enrolledOn: '2023-11-01',
      plan: {
        month: '2023-12',
        periodFrom: '2023-11-01',
        periodTo: '2023-12-30',
        calculationAt: at('2024-01-02T05:00:00Z'),
        payoutDate: '2024-01-13',
        payoutAt: at('2024-01-13T08:00:00Z'),
      },
    });
    expect(planned('2023-10-01T06:59:59.999Z')).toEqual({ ok: false, reasonCode: 'PROGRAM_CLOSED' });
  });
});

describe('the look-back', () => {
  test.each([
    [1, '2024-03-01', { from: '2024-02-29', to: '2024-02-29' }],
    [90, '2023-10-12', { from: '2023-07-14', to: '2023-10-11' }],
    [30, '2024-01-15', { from: '2023-12-16', to: '2024-01-14' }],
    [366, '2024-12-31', { from: '2023-12-31', to: '2024-12-30' }],
  ])(
    'When a program looks back %i days from %s, then they end on the day before',
    (lookBackDays, day, span) => {
      expect(lookBackSpan({ lookBackDays }, day)).toEqual(span);
      expect(plusDays(span.from, lookBackDays)).toBe(day);
    },
  );

  test('When a program does not look back, then there is no span', () => {
    expect(lookBackSpan({ lookBackDays: null }, '2024-03-01')).toBeNull();
  });
});

/** Any day of the years that a definition may name, without 2000: the date library fails in Brazil's October of it. */
function days(): fc.Arbitrary<string> {
  return fc
    .integer({ min: Date.UTC(2001, 0, 1) / (24 * HOUR), max: Date.UTC(2099, 11, 31) / (24 * HOUR) })
    .map((day) => new Date(day * 24 * HOUR).toISOString().slice(0, 10));
}
