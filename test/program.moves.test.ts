/** Moves to other months: by deferral, by rolling on, and the months that are offered. */
import fc from 'fast-check';
import {
  calendarFor,
  deferralMonths,
  firstPlan,
  nextMonth,
  planDeferral,
  planFor,
  type DeferralMonth,
} from '../program/calendar';
import { mayDefer, mayMove } from '../program/deferralRights';
import type { CalendarRow } from '../program/definition';
import { parseDefinition } from '../program/parseDefinition';
import { shipped } from './support/definitions';
import { dayAfter, monthsFrom, plusMonths, startOfDay, ZONES } from './support/naiveCalendar';

const demo = parseDefinition(shipped('pps-demo'));
const at = (instant: string) => Date.parse(instant);
const NEW_YORK = 'America/New_York';
const HOUR = 3_600_000;

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
    const passed = { currentMonth: '2023-11', toMonth: '2023-12', at: at('2024-02-01T00:00:00Z') };
    expect(planDeferral(demo, { ...request, ...passed })).toEqual({ ok: false, reasonCode: 'MONTH_PAST' });
  });

  test('When the last calculation date has come, then the reason is PROGRAM_CLOSED for every month', () => {
    // 31 July 2024 ends at 04:00Z in New York.
    const last = at('2024-08-03T04:00:00Z');
    const situation = { ...request, currentMonth: '2024-07', deferralsLeft: 1, calculationBegun: false };
    const reasons = (instant: number) =>
      deferralMonths(demo, { ...situation, at: instant }).map((month) =>
        month.open ? 'open' : month.reasonCode,
      );
    expect(new Set(reasons(last))).toEqual(new Set(['PROGRAM_CLOSED']));
    expect(reasons(last - 1)).toEqual([...Array<string>(8).fill('MONTH_PAST'), 'MONTH_NOT_LATER']);
  });

  test('When somebody may go back to some months, then these are open, and others before have no deferral to take back', () => {
    const situation = { ...request, currentMonth: '2024-02', deferralsLeft: 0, calculationBegun: false };
    const offered = (mayGoBackTo?: string[]) =>
      deferralMonths(demo, { ...situation, ...(mayGoBackTo && { mayGoBackTo }) })
        .slice(0, 5)
        .map((month) => (month.open ? 'open' : month.reasonCode));
    expect(offered(['2023-12'])).toEqual([
      ...['NO_SUCH_DEFERRAL', 'open', 'NO_SUCH_DEFERRAL'],
      ...['MONTH_NOT_LATER', 'DEFERRAL_LIMIT_REACHED'],
    ]);
    expect(offered([])[1]).toBe('NO_SUCH_DEFERRAL');
    expect(offered()[1]).toBe('MONTH_NOT_LATER');
  });

  test('When a program says who may defer, then nobody else may, but an admin may go back in every program', () => {
    const later = { from: '2023-11', to: '2023-12' };
    const back = { from: '2023-12', to: '2023-11' };
    const roles = ['partner', 'admin', 'caller', 'approver'] as const;
    const may = (by: ('partner' | 'admin')[], move: typeof later) =>
      roles.filter((role) => mayMove({ by }, role, move));
    expect([may(['partner'], later), may(['admin'], later), may([], later)]).toEqual([
      ['partner'],
      ['admin'],
      [],
    ]);
    // Of a partner it is the calendar that refuses to go back, with a reason.
    expect([may(['partner'], back), may(['admin'], back), may([], back)]).toEqual([
      ['partner', 'admin'],
      ['admin'],
      ['admin'],
    ]);
    expect(mayDefer({ by: ['partner'] }, 'admin')).toBe(false);
    // A retry of a move back finds it made.
    expect(may([], { from: '2023-12', to: '2023-12' })).toEqual(['admin']);
  });

  test('When an enrollment rolls on, then the next month of the calendar follows, over the year end, until the last', () => {
    expect(nextMonth(demo, '2023-12')).toBe('2024-01');
    expect(nextMonth(demo, '2024-06')).toBe('2024-07');
    expect(nextMonth(demo, '2024-07')).toBeUndefined();
  });
});

describe('moves of rolling periods', () => {
  const rolling = (lastMonth: string) => ({
    ...demo,
    calendar: [],
    rollingPeriod: { days: 60, payoutAfterDays: 14, lastMonth },
  });

  test('When a rolling enrollment moves, then the months after its first are open, up to the last', () => {
    const terms = calendarFor(rolling('2024-02'), '2023-10-12');
    const situation = {
      currentMonth: '2023-12',
      at: at('2023-11-01T00:00:00Z'),
      accountTimeZone: null,
      deferralsLeft: 1,
      calculationBegun: false,
    };
    expect(terms.calendar).toHaveLength(3);
    expect(deferralMonths(terms, situation).map(({ month, open }) => [month, open])).toEqual([
      ['2023-12', false],
      ['2024-01', true],
      ['2024-02', true],
    ]);
    expect(nextMonth(terms, '2023-12')).toBe('2024-01');
    expect(nextMonth(terms, '2024-02')).toBeUndefined();
  });

  test('When a later revision ends before the first period, then there is no month to move to', () => {
    const terms = calendarFor(rolling('2023-11'), '2023-10-12');
    const situation = { currentMonth: '2023-12', at: at('2023-11-01T00:00:00Z'), accountTimeZone: null };
    expect(deferralMonths(terms, { ...situation, deferralsLeft: 1, calculationBegun: false })).toEqual([]);
    expect(planDeferral(terms, { ...situation, toMonth: '2024-01', allowEarlier: true })).toEqual({
      ok: false,
      reasonCode: 'MONTH_NOT_IN_CALENDAR',
    });
    expect(firstPlan(rolling('2023-11'), at('2023-10-12T16:00:00Z'), null)).toEqual({
      ok: false,
      reasonCode: 'MONTH_NOT_IN_CALENDAR',
    });
  });
});

describe('the months that are offered', () => {
  type Reason = Extract<DeferralMonth, { open: false }>['reasonCode'];

  /** Calculation months in order, with gaps, each with the day on which its period ends. */
  const calendars = fc
    .array(fc.record({ gap: fc.constantFrom(1, 1, 1, 2, 3), day: fc.integer({ min: 1, max: 28 }) }), {
      minLength: 1,
      maxLength: 8,
    })
    .map((steps) => {
      let month = '2023-01';
      return steps.map(({ gap, day }) => {
        month = plusMonths(month, gap);
        const periodTo = `${month}-${String(day).padStart(2, '0')}`;
        return { enrollmentMonth: month, periodFrom: `${month}-01`, periodTo, payoutDate: '2025-12-31' };
      });
    });
  const situations = fc.record({
    calendar: calendars,
    current: fc.nat(24),
    elapsedDays: fc.integer({ min: -40, max: 400 }),
    accountTimeZone: fc.constantFrom(null, ...ZONES),
    deferralsLeft: fc.nat(2),
    calculationBegun: fc.boolean(),
  });

  test('When months are listed, then what is open can be deferred to, and each reason of the others is true', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(situations, ({ calendar, current, elapsedDays, ...situation }) => {
        const terms = { timeZone: 'America/Los_Angeles', settlementDelayHours: 48, calendar };
        const months = monthsFrom(calendar[0]!.periodTo.slice(0, 7), calendar.at(-1)!.periodTo.slice(0, 7));
        const asked = {
          ...situation,
          currentMonth: months[current % months.length]!,
          at: at('2023-02-01T12:34:56Z') + elapsedDays * 24 * HOUR,
        };
        const comesAt = ({ periodTo }: CalendarRow) =>
          startOfDay(dayAfter(periodTo), asked.accountTimeZone ?? terms.timeZone) + 48 * HOUR;
        const rowOf = (month: string) => calendar.find(({ periodTo }) => periodTo.startsWith(month));
        const isTrue: Record<Reason, (month: string) => boolean> = {
          PROGRAM_CLOSED: () => calendar.every((row) => comesAt(row) <= asked.at),
          MONTH_NOT_IN_CALENDAR: (month) => rowOf(month) === undefined,
          MONTH_PAST: (month) => rowOf(month) !== undefined && comesAt(rowOf(month)!) <= asked.at,
          CALCULATION_BEGUN: () => asked.calculationBegun,
          MONTH_NOT_LATER: (month) => month <= asked.currentMonth,
          // Of who may go back; nobody here may.
          NO_SUCH_DEFERRAL: () => false,
          DEFERRAL_LIMIT_REACHED: () => asked.deferralsLeft === 0,
        };
        const listed = deferralMonths(terms, asked);
        expect(listed.map(({ month }) => month)).toEqual(months);
        for (const offered of listed) {
          seen.add(offered.open ? 'open' : offered.reasonCode);
          const reasons = Object.keys(isTrue).filter((reason) => isTrue[reason as Reason](offered.month));
          if (!offered.open) {
            expect(reasons).toContain(offered.reasonCode);
            continue;
          }
          expect(reasons).toEqual([]);
          expect(offered.plan.calculationAt).toBe(comesAt(rowOf(offered.month)!));
          expect(planDeferral(terms, { ...asked, toMonth: offered.month, allowEarlier: false })).toEqual({
            ok: true,
            change: 'later',
            plan: offered.plan,
          });
        }
      }),
      { numRuns: 500 },
    );
    expect([...seen].sort()).toEqual([
      'CALCULATION_BEGUN',
      'DEFERRAL_LIMIT_REACHED',
      'MONTH_NOT_IN_CALENDAR',
      'MONTH_NOT_LATER',
      'MONTH_PAST',
      'PROGRAM_CLOSED',
      'open',
    ]);
  });
});
