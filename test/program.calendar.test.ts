import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  enrollmentMonth,
  firstPlan,
  nextMonth,
  planDeferral,
  planFor,
  planRow,
  type CalendarTerms,
} from '../program/calendar';
import { parseDefinition } from '../program/parseDefinition';
import { isTimeZone, TimeZoneError } from '../program/timeZone';

const demo = parseDefinition(
  JSON.parse(readFileSync(join(__dirname, '../program/definitions/pps-demo.json'), 'utf8')),
);
const at = (instant: string) => Date.parse(instant);
const iso = (instant: number | undefined) =>
  instant === undefined ? undefined : new Date(instant).toISOString();
const NEW_YORK = 'America/New_York';

describe('month of enrollment', () => {
  test.each([
    ['2023-11-01T06:59:59.999Z', '2023-10'],
    ['2023-11-01T07:00:00Z', '2023-11'],
    ['2024-01-01T07:59:59.999Z', '2023-12'],
    ['2024-01-01T08:00:00Z', '2024-01'],
  ])("When one enrolls at %s, then the program's time zone makes it %s", (instant, month) => {
    expect(enrollmentMonth(demo, at(instant))).toBe(month);
  });

  test('When one enrolls on 12 October 2023, then the period is November', () => {
    expect(firstPlan(demo, at('2023-10-12T16:00:00Z'), null)).toEqual({
      ok: true,
      plan: {
        month: '2023-11',
        periodFrom: '2023-11-01',
        periodTo: '2023-11-30',
        calculationAt: at('2023-12-03T08:00:00Z'),
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

  test.each([
    // month, zone of the ad account, end of the last day there + 48 h
    ['2023-11', null, '2023-12-03T08:00:00.000Z'],
    ['2023-11', NEW_YORK, '2023-12-03T05:00:00.000Z'],
    ['2023-11', 'Etc/GMT+11', '2023-12-03T11:00:00.000Z'],
    ['2023-11', 'Pacific/Pago_Pago', '2023-12-03T11:00:00.000Z'],
    ['2023-11', 'Etc/GMT-14', '2023-12-02T10:00:00.000Z'],
    ['2023-11', 'Pacific/Kiritimati', '2023-12-02T10:00:00.000Z'],
    ['2023-11', 'Asia/Kolkata', '2023-12-02T18:30:00.000Z'],
    ['2023-11', 'UTC', '2023-12-03T00:00:00.000Z'],
    // leap day
    ['2024-02', NEW_YORK, '2024-03-03T05:00:00.000Z'],
    // clocks go forward on the period's last day
    ['2024-03', 'Europe/London', '2024-04-02T23:00:00.000Z'],
    ['2024-03', 'Asia/Beirut', '2024-04-02T21:00:00.000Z'],
  ])(
    'When the period is %s and the ad account is in %s, then it may be computed at %s',
    (month, timeZone, expected) => {
      expect(iso(planFor(demo, month, timeZone)?.calculationAt)).toBe(expected);
    },
  );

  test('When clocks change during the settlement delay, then the delay stays 48 elapsed hours', () => {
    const row = {
      enrollmentMonth: '2023-11',
      periodFrom: '2023-11-01',
      periodTo: '2023-11-04',
      payoutDate: '2023-11-15',
    };
    // Midnight after 4 November is 04:00Z; on 5 November New York goes from UTC-4 to UTC-5.
    expect(iso(planRow(demo, row, NEW_YORK).calculationAt)).toBe('2023-11-07T04:00:00.000Z');
  });

  test('When clocks skip midnight, then the day starts at 01:00', () => {
    const row = {
      enrollmentMonth: '2024-03',
      periodFrom: '2024-03-01',
      periodTo: '2024-03-30',
      payoutDate: '2024-03-31',
    };
    const plan = planRow({ timeZone: 'Asia/Beirut', settlementDelayHours: 48 }, row, null);
    expect(iso(plan.calculationAt)).toBe('2024-04-01T22:00:00.000Z');
    expect(iso(plan.payoutAt)).toBe('2024-03-30T22:00:00.000Z');
  });

  test('When a payout date is in summer time, then it starts at 07:00Z in Los Angeles', () => {
    expect(iso(planFor(demo, '2024-03', null)?.payoutAt)).toBe('2024-04-15T07:00:00.000Z');
  });

  test('When the settlement delay is longer, then the calculation comes later', () => {
    const terms: CalendarTerms = { ...demo, settlementDelayHours: 72 };
    expect(iso(planFor(terms, '2023-12', NEW_YORK)?.calculationAt)).toBe('2024-01-04T05:00:00.000Z');
  });

  test('When a month is not in the calendar, then there is no plan', () => {
    expect(planFor(demo, '2023-10', null)).toBeUndefined();
    expect(planFor(demo, '2025-01', null)).toBeUndefined();
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

describe('moves', () => {
  const request = {
    currentMonth: '2023-12',
    at: at('2023-10-20T12:00:00Z'),
    accountTimeZone: NEW_YORK,
    allowEarlier: false,
  };

  test('When a partner defers to a later month, then its plan comes back', () => {
    expect(planDeferral(demo, { ...request, toMonth: '2024-02' })).toEqual({
      ok: true,
      change: 'later',
      plan: planFor(demo, '2024-02', NEW_YORK),
    });
  });

  test('When the month is the current one, then nothing moves, also for an admin', () => {
    for (const allowEarlier of [false, true]) {
      expect(planDeferral(demo, { ...request, allowEarlier, toMonth: '2023-12' })).toMatchObject({
        ok: true,
        change: 'none',
      });
    }
  });

  test('When the month does not exist, then the reason is MONTH_NOT_IN_CALENDAR', () => {
    for (const toMonth of ['2023-10', '2024-08', '2023-13', 'December']) {
      expect(planDeferral(demo, { ...request, toMonth })).toEqual({
        ok: false,
        reasonCode: 'MONTH_NOT_IN_CALENDAR',
      });
    }
  });

  test('When a partner goes backwards, then the reason is MONTH_NOT_LATER, and an admin may', () => {
    expect(planDeferral(demo, { ...request, toMonth: '2023-11' })).toEqual({
      ok: false,
      reasonCode: 'MONTH_NOT_LATER',
    });
    expect(planDeferral(demo, { ...request, allowEarlier: true, toMonth: '2023-11' })).toMatchObject({
      ok: true,
      change: 'earlier',
    });
  });

  test('When the calculation date of the month has come, then the reason is MONTH_PAST, in the zone of the ad account', () => {
    const undo = { ...request, allowEarlier: true, toMonth: '2023-11' };
    const inTime = { ...undo, at: at('2023-12-03T04:59:59.999Z') };
    const late = { ...undo, at: at('2023-12-03T05:00:00Z') };
    expect(planDeferral(demo, inTime)).toMatchObject({ ok: true });
    expect(planDeferral(demo, late)).toEqual({ ok: false, reasonCode: 'MONTH_PAST' });
    expect(planDeferral(demo, { ...late, accountTimeZone: 'Pacific/Pago_Pago' })).toMatchObject({ ok: true });
    expect(
      planDeferral(demo, {
        ...request,
        currentMonth: '2023-11',
        toMonth: '2023-12',
        at: at('2024-02-01T00:00:00Z'),
      }),
    ).toEqual({
      ok: false,
      reasonCode: 'MONTH_PAST',
    });
  });

  test('When an enrollment rolls on, then the next month of the calendar follows, over the year end, until the last', () => {
    expect(nextMonth(demo, '2023-12')).toBe('2024-01');
    expect(nextMonth(demo, '2024-06')).toBe('2024-07');
    expect(nextMonth(demo, '2024-07')).toBeUndefined();
  });
});
