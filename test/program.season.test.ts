import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramDefinition } from '../program/definition';
import { copyForNextSeason, SeasonError } from '../program/nextSeason';
import { DefinitionError, parseDefinition } from '../program/parseDefinition';

function shipped(name: string): ProgramDefinition {
  const json = readFileSync(join(__dirname, `../program/definitions/${name}.json`), 'utf8');
  return parseDefinition(JSON.parse(json));
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}

const demo = shipped('pps-demo');
const page = shipped('tiktok-pps-2023');

/** The demo program with a rolling period instead of its calendar. */
const rolling: ProgramDefinition = {
  ...demo,
  calendar: [],
  rollingPeriod: { days: 30, payoutAfterDays: 14, lastMonth: '2024-11' },
};

/** The demo program with other last days of its window and its last period. */
function endingOn(windowTo: string, periodTo: string, payoutDate: string): ProgramDefinition {
  const calendar = demo.calendar.map((row, index) =>
    index === demo.calendar.length - 1 ? { ...row, periodTo, payoutDate } : row,
  );
  return { ...demo, window: { from: '2023-10-01', to: windowTo }, calendar };
}

test('When the season is copied for the next year, then every date is a year later and all else is as before', () => {
  const next = copyForNextSeason(page, { id: 'tiktok-pps-2024', name: 'PPS 2024', months: 12 });
  expect([next.id, next.name]).toEqual(['tiktok-pps-2024', 'PPS 2024']);
  expect(next.window).toEqual({ from: '2024-10-01', to: '2025-03-31' });
  expect(next.calendar.map((row) => Object.values(row).join(' '))).toEqual([
    '2024-10 2024-11-01 2024-11-30 2024-12-15',
    '2024-11 2024-12-01 2024-12-31 2025-01-15',
    '2024-12 2025-01-01 2025-01-31 2025-02-15',
    '2025-01 2025-02-01 2025-02-28 2025-03-15',
    '2025-02 2025-03-01 2025-03-31 2025-04-15',
    '2025-03 2025-04-01 2025-04-30 2025-05-15',
    '2025-04 2025-05-01 2025-05-31 2025-06-15',
    '2025-05 2025-06-01 2025-06-30 2025-07-15',
    '2025-06 2025-07-01 2025-07-31 2025-08-15',
  ]);
  const { id, name, window, calendar } = page;
  expect({ ...next, id, name, window, calendar }).toEqual(page);
});

test('When no name is given, then the name stays, and the definition that is copied is untouched', () => {
  const before = structuredClone(demo);
  expect(copyForNextSeason(demo, { id: 'pps-next', months: 6 }).name).toBe('PPS demo');
  expect(demo).toEqual(before);
});

test.each<[months: number, windowTo: string, periodTo: string]>([
  // The window ends on 2024-06-30, the fourth period on 2024-02-29.
  [1, '2024-07-31', '2024-03-31'],
  [8, '2025-02-28', '2024-10-31'],
  [12, '2025-06-30', '2025-02-28'],
  [20, '2026-02-28', '2025-10-31'],
  [48, '2028-06-30', '2028-02-29'],
])(
  'When dates move by %d months, then firsts stay firsts and lasts stay lasts',
  (months, windowTo, periodTo) => {
    const next = copyForNextSeason(demo, { id: 'pps-next', months });
    expect(next.window.to).toBe(windowTo);
    expect(next.calendar[3]!.periodTo).toBe(periodTo);
    expect(next.window.from).toMatch(/-01$/);
    for (const row of next.calendar) {
      expect(row.periodFrom).toMatch(/-01$/);
      expect(row.payoutDate).toMatch(/-15$/);
    }
  },
);

test.each([
  ['2024-06-29', '2024-07-30', '2024-08-31', 6, ['2024-12-29', '2025-01-30', '2025-02-28']],
  ['2024-06-30', '2024-07-31', '2024-08-30', 6, ['2024-12-31', '2025-01-31', '2025-02-28']],
  ['2024-06-29', '2024-07-30', '2024-08-29', 18, ['2025-12-29', '2026-01-30', '2026-02-28']],
])(
  'When the last days are %s, %s and %s, then %d months later days that do not exist become the last of their month',
  (windowTo, periodTo, payoutDate, months, expected) => {
    const next = copyForNextSeason(endingOn(windowTo, periodTo, payoutDate), { id: 'pps-next', months });
    const last = next.calendar.at(-1)!;
    expect([next.window.to, last.periodTo, last.payoutDate]).toEqual(expected);
  },
);

test('When the program has a rolling period, then its last month moves and its days stay', () => {
  const next = copyForNextSeason(rolling, { id: 'pps-next', months: 3 });
  expect(next.calendar).toEqual([]);
  expect(next.rollingPeriod).toEqual({ days: 30, payoutAfterDays: 14, lastMonth: '2025-02' });
});

test.each([
  // Los Angeles: 7 hours behind UTC in summer, 8 in winter.
  ['at 9 in the morning, into summer', '2023-10-12T16:00:00Z', 6, '2024-04-12T16:00:00Z'],
  ['at 9 in the morning, into winter', '2023-10-12T16:00:00Z', 2, '2023-12-12T17:00:00Z'],
  ['at the start of the window', '2023-10-01T07:00:00Z', 4, '2024-02-01T08:00:00Z'],
  [
    'in the last hour of October, which in UTC is November',
    '2023-11-01T06:30:00Z',
    4,
    '2024-03-01T07:30:00Z',
  ],
  ['within a second', '2023-10-12T16:00:00.250Z', 12, '2024-10-12T16:00:00.25Z'],
])(
  'When the test clock starts %s, then it starts at that time of day in the zone of the program',
  (_when, startsAt, months, expected) => {
    const definition = { ...demo, testClock: { startsAt, speed: 60 } };
    const next = copyForNextSeason(definition, { id: 'pps-next', months });
    expect(next.testClock).toEqual({ startsAt: expected, speed: 60 });
  },
);

test.each([0, -12, 1.5, Number.NaN, Infinity, 1201])(
  'When the dates are to move by %d months, then that is refused with the numbers that are possible',
  (months) => {
    const thrown = thrownBy(() => copyForNextSeason(demo, { id: 'pps-next', months }));
    expect(thrown).toBeInstanceOf(SeasonError);
    expect(thrown).toMatchObject({
      code: 'MONTHS_INVALID',
      message: `Dates cannot be moved by ${months} months; state a whole number from 1 to 1200.`,
    });
  },
);

test.each([
  ['its id', { id: 'PPS 2024', months: 12 }, ['/id']],
  ['its name', { id: 'pps-next', name: ' ', months: 12 }, ['/name']],
  // 2023-10 and 76 years are 2099-10; the calendar reaches into 2100.
  [
    'its dates',
    { id: 'pps-next', months: 912 },
    ['/window/to', '/calendar/1/payoutDate', '/calendar/2/periodFrom', '/calendar/3/enrollmentMonth'],
  ],
])('When the copy is not valid because of %s, then its errors say where', (_what, season, pointers) => {
  const thrown = thrownBy(() => copyForNextSeason(demo, season));
  expect(thrown).toBeInstanceOf(DefinitionError);
  expect((thrown as DefinitionError).errors.map(({ pointer }) => pointer)).toEqual(
    expect.arrayContaining(pointers),
  );
});

test('When the copy is to have the id of the program, then it is refused: it would be its next revision', () => {
  const copy = () => copyForNextSeason(demo, { id: demo.id, months: 12 });
  expect(copy).toThrow('would be its next revision');
});
