import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { planFor } from '../program/calendar';
import type { ProgramDefinition } from '../program/definition';
import { DefinitionError, parseDefinition, type DefinitionProblem } from '../program/parseDefinition';

function shipped(name: string): unknown {
  return JSON.parse(readFileSync(join(__dirname, `../program/definitions/${name}.json`), 'utf8'));
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** What is wrong with the demo program after a change. */
function problems(change: (definition: ProgramDefinition) => void): readonly DefinitionProblem[] {
  const definition = shipped('pps-demo') as ProgramDefinition;
  change(definition);
  try {
    parseDefinition(definition);
    return [];
  } catch (error) {
    if (error instanceof DefinitionError) return error.errors;
    throw error;
  }
}
const pointers = (change: (definition: ProgramDefinition) => void) =>
  problems(change).map(({ pointer }) => pointer);
/** To write what the types forbid. */
const loose = (value: unknown) => value as Record<string, unknown>;

describe('shipped programs', () => {
  test.each(['pps-demo', 'tiktok-pps-2023'])(
    'When %s is read, then it is valid, named like its file and says that it is illustrative',
    (name) => {
      const definition = parseDefinition(shipped(name));
      expect(definition.id).toBe(name);
      expect(definition.notice).toMatch(/^Illustrative: .* only as pictures/);
      expect(definition.partners.map((partner) => partner.name)).toEqual([
        'Fairing',
        'KnoCommerce',
        'Okendo',
      ]);
      for (const row of definition.calendar)
        expect(planFor(definition, row.periodTo.slice(0, 7), null)).toBeDefined();
    },
  );

  test('When the programs are compared, then only the demo runs on a test clock, and neither pays by a live rail', () => {
    const demo = parseDefinition(shipped('pps-demo'));
    const real = parseDefinition(shipped('tiktok-pps-2023'));
    expect([demo.testClock, demo.rail]).toEqual([{ startsAt: '2023-10-12T16:00:00Z', speed: 0 }, 'sandbox']);
    expect([real.testClock, real.rail]).toEqual([null, 'manual']);
  });

  test('When the US table is read, then the credit is up to 5,000 dollars, and 500 more with the bonus', () => {
    const table = parseDefinition(shipped('tiktok-pps-2023')).credit.find(({ region }) => region === 'US');
    expect(table?.tiers.at(-1)?.amount).toBe('5000.00');
    expect(table?.bonuses).toEqual({ 'non-shopify-kno': '500.00' });
    expect(table?.cap).toBe('5500.00');
  });
});

describe('reading', () => {
  test('When optional parts are left out, then the defaults stand', () => {
    const definition = shipped('tiktok-pps-2023') as Record<string, unknown>;
    for (const key of ['notice', 'settlementDelayHours', 'testClock', 'sharedStoreHosts'])
      delete definition[key];
    expect(parseDefinition(definition)).toMatchObject({
      notice: null,
      settlementDelayHours: 48,
      testClock: null,
      sharedStoreHosts: [],
    });
  });

  test('When a parsed definition is parsed again, then it is the same', () => {
    const once = parseDefinition(shipped('pps-demo'));
    expect(parseDefinition(JSON.parse(JSON.stringify(once)))).toEqual(once);
  });

  test.each([[null], [[]], ['x'], [undefined], [7]])(
    'When the document is %j, then one error points at the whole',
    (json) => {
      expect(thrownBy(() => parseDefinition(json))).toMatchObject({
        code: 'DEFINITION_INVALID',
        errors: [{ pointer: '', message: expect.any(String) as string }],
      });
    },
  );
});

test('When several things are wrong, then all are reported at once, with pointers and sentences', () => {
  const found = problems((definition) => {
    delete loose(definition)['name'];
    loose(definition)['nam/e'] = 'x';
    loose(definition)['supportMail'] = 'nobody';
    loose(definition.partners[0])['verification'] = 'oath';
    loose(definition.partners[1])['id'] = 7;
    definition.calendar[1]!.payoutDate = '2024-01-01';
    definition.calendar[2]!.periodTo = '2024-02-30';
    definition.credit[0]!.tiers[1]!.from = '999.00';
    definition.credit[5]!.tiers[0]!.amount = '60000.00';
    definition.questionnaire.questions[1]!.id = 'survey-live-since';
  });
  expect(found).toEqual([
    { pointer: '/name', message: 'This is missing; add it.' },
    { pointer: '/supportMail', message: 'Write a mail address.' },
    { pointer: '/partners/0/verification', message: 'Write one of: "attested", "machine".' },
    { pointer: '/partners/1/id', message: 'This must be of type string.' },
    { pointer: '/calendar/2/periodTo', message: 'Write an existing date as YYYY-MM-DD.' },
    { pointer: '/nam~1e', message: 'Unknown key; remove it.' },
    {
      pointer: '/questionnaire/questions/1/id',
      message: '"survey-live-since" is listed twice; name each once.',
    },
    { pointer: '/credit/0/tiers/1/from', message: 'Tiers are listed in ascending order of spend.' },
    { pointer: '/credit/5/tiers/0/amount', message: 'JPY has 0 decimals; "60000.00" has more.' },
  ]);
  expect(new DefinitionError(found).message).toContain('9 errors: /name: This is missing; add it.');
});

describe('the calendar', () => {
  test.each<[string, (definition: ProgramDefinition) => void, string[]]>([
    [
      'a period ends before it begins',
      ({ calendar }) => (calendar[0]!.periodFrom = '2023-12-01'),
      ['/calendar/0/periodTo'],
    ],
    [
      'periods overlap',
      ({ calendar }) => (calendar[1]!.periodFrom = '2023-11-30'),
      ['/calendar/1/periodFrom'],
    ],
    [
      'two periods end in one month',
      ({ calendar }) => {
        calendar[0]!.periodTo = '2023-11-15';
        calendar[1]!.periodFrom = '2023-11-16';
        calendar[1]!.periodTo = '2023-11-30';
      },
      ['/calendar/1/periodTo'],
    ],
    [
      'a month is listed twice',
      ({ calendar }) => (calendar[1]!.enrollmentMonth = '2023-10'),
      ['/calendar/1/enrollmentMonth', '/calendar'],
    ],
    ['a month of the window is missing', ({ calendar }) => calendar.splice(3, 1), ['/calendar']],
    [
      'the window begins before the calendar',
      ({ window }) => (window.from = '2023-08-31'),
      ['/calendar', '/calendar'],
    ],
    ['the window ends in another century', ({ window }) => (window.to = '9999-12-31'), ['/window/to']],
    ['the window ends before it begins', ({ window }) => (window.to = '2023-09-30'), ['/window/to']],
    [
      'the period is over before the month of enrollment',
      ({ calendar }) => {
        calendar[0]!.periodFrom = '2023-09-01';
        calendar[0]!.periodTo = '2023-09-30';
      },
      ['/calendar/0/periodTo'],
    ],
    [
      'the payout comes before the calculation',
      ({ calendar }) => (calendar[0]!.payoutDate = '2023-12-03'),
      ['/calendar/0/payoutDate'],
    ],
    [
      'the payout comes right after the last calculation on earth',
      ({ calendar }) => (calendar[0]!.payoutDate = '2023-12-04'),
      [],
    ],
    [
      'a longer settlement delay passes the payout date',
      (definition) => (definition.settlementDelayHours = 15 * 24),
      [0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => `/calendar/${n}/payoutDate`),
    ],
    ['the time zone is unknown', (definition) => (definition.timeZone = 'Mars/Olympus'), ['/timeZone']],
    [
      'the settlement delay is too short',
      (definition) => (definition.settlementDelayHours = 47),
      ['/settlementDelayHours'],
    ],
    ['deferrals reach past the calendar', ({ deferral }) => (deferral.maximum = 9), ['/deferral/maximum']],
    ['nobody may defer', ({ deferral }) => (deferral.by = []), ['/deferral/by']],
    [
      'a roll-on reaches past the calendar',
      ({ policies }) => (policies.noSpend = { then: 'roll_on', atMost: 9 }),
      ['/policies/noSpend/atMost'],
    ],
  ])('When %s, then the errors are at the right places', (_, change, expected) => {
    expect(pointers(change)).toEqual(expected);
  });
});

describe('amounts', () => {
  test.each<[string, (definition: ProgramDefinition) => void, string[]]>([
    ['a region has no table', ({ credit }) => credit.splice(2, 1), ['/credit']],
    [
      'a table names an unknown region',
      ({ credit }) => (credit[0]!.region = 'MX'),
      ['/credit/0/region', '/credit'],
    ],
    ['a region has two tables in one currency', ({ credit }) => credit.push(credit[0]!), ['/credit/6']],
    ['a region has a second currency', ({ credit }) => credit.push({ ...credit[0]!, currency: 'EUR' }), []],
    ['a country is in two regions', ({ regions }) => regions['GB']!.push('US'), ['/regions/GB/1']],
    ['a region is named in small letters', ({ regions }) => (regions['eu2'] = ['PL']), ['/regions/eu2']],
    [
      'tiers are out of order',
      ({ credit }) => credit[0]!.tiers.reverse(),
      [
        '/credit/0/tiers/0/from',
        ...[1, 2, 3, 4].flatMap((n) => [`/credit/0/tiers/${n}/from`, `/credit/0/tiers/${n}/amount`]),
      ],
    ],
    [
      'a higher tier pays less',
      ({ credit }) => (credit[0]!.tiers[4]!.amount = '3999.99'),
      ['/credit/0/tiers/4/amount'],
    ],
    [
      'the minimum is below the first tier',
      ({ credit }) => (credit[0]!.minimumSpend = '999.99'),
      ['/credit/0/tiers/0/from'],
    ],
    [
      'the minimum skips a tier',
      ({ credit }) => (credit[0]!.minimumSpend = '2500.00'),
      ['/credit/0/tiers/1/from'],
    ],
    ['dollars have three decimals', ({ credit }) => (credit[0]!.cap = '5500.000'), ['/credit/0/cap']],
    ['an amount is negative', ({ credit }) => (credit[0]!.cap = '-1.00'), ['/credit/0/cap']],
    ['an amount is a number', ({ credit }) => (loose(credit[0])['cap'] = 5500), ['/credit/0/cap']],
    [
      'an amount cannot be counted exactly',
      ({ credit }) => (credit[0]!.cap = '90071992547409.92'),
      ['/credit/0/cap'],
    ],
    ['a bonus has no amount in a table', ({ credit }) => (credit[0]!.bonuses = {}), ['/credit/0/bonuses']],
    [
      'a table states an unknown bonus',
      ({ credit }) => (credit[0]!.bonuses['constructor'] = '1.00'),
      ['/credit/0/bonuses/constructor'],
    ],
    [
      'a bonus excludes every platform',
      ({ bonuses, storePlatforms }) => (bonuses[0]!.when.storePlatformNot = storePlatforms),
      ['/bonuses/0/when/storePlatformNot'],
    ],
    [
      'a bonus names nobody we know',
      ({ bonuses }) => (bonuses[0]!.when = { surveyPartner: ['kno', 'acme'], storePlatformNot: ['wix'] }),
      ['/bonuses/0/when/surveyPartner/1', '/bonuses/0/when/storePlatformNot/0'],
    ],
    ['a bonus has no condition', ({ bonuses }) => (bonuses[0]!.when = {}), ['/bonuses/0/when']],
  ])('When %s, then the errors are at the right places', (_, change, expected) => {
    expect(pointers(change)).toEqual(expected);
  });
});

describe('the rest', () => {
  test.each<[string, (definition: ProgramDefinition) => void, string[]]>([
    [
      'a program on a test clock pays by another rail',
      (definition) => (definition.rail = 'manual'),
      ['/rail'],
    ],
    ['a clock runs backwards', ({ testClock }) => (testClock!.speed = -1), ['/testClock/speed']],
    [
      'a clock starts at a local time',
      ({ testClock }) => (testClock!.startsAt = '2023-10-12T16:00'),
      ['/testClock/startsAt'],
    ],
    ['a partner is listed twice', ({ partners }) => partners.push(partners[0]!), ['/partners/3/id']],
    [
      'a choice has one answer',
      ({ questionnaire }) => (loose(questionnaire.questions[3])['choices'] = ['Yes']),
      ['/questionnaire/questions/3/choices'],
    ],
    [
      'a text question has choices',
      ({ questionnaire }) => (loose(questionnaire.questions[0])['choices'] = ['a', 'b']),
      ['/questionnaire/questions/0/choices'],
    ],
    [
      'a question has an unknown type',
      ({ questionnaire }) => (loose(questionnaire.questions[0])['type'] = 'essay'),
      ['/questionnaire/questions/0/type'],
    ],
    [
      'a shared host is an address',
      ({ sharedStoreHosts }) => sharedStoreHosts.push('https://etsy.com', 'www.ebay.com'),
      ['/sharedStoreHosts/8', '/sharedStoreHosts/9'],
    ],
    [
      'reminders are out of order',
      ({ reminders }) => (reminders.partnerDays = [7, 3]),
      ['/reminders/partnerDays'],
    ],
    [
      'a policy is unknown',
      ({ policies }) => (loose(policies)['missedFacts'] = { then: 'wait' }),
      ['/policies/missedFacts/then'],
    ],
    [
      'the schema version is another',
      (definition) => (loose(definition)['schemaVersion'] = 2),
      ['/schemaVersion'],
    ],
    ['the id is no kebab', (definition) => (definition.id = 'PPS_demo'), ['/id']],
  ])('When %s, then the errors are at the right places', (_, change, expected) => {
    expect(pointers(change)).toEqual(expected);
  });

  test('When anything is wrong, then every message is a sentence', () => {
    const found = problems((definition) => {
      for (const key of Object.keys(definition)) loose(definition)[key] = 17n;
      loose(definition)['policies'] = {
        missedFacts: { then: 'roll_on', atMost: 0.5 },
        noSpend: {},
        latePayoutDate: null,
      };
      loose(definition)['regions'] = { x: [] };
      loose(definition)['storePlatforms'] = [];
    });
    expect(found.length).toBeGreaterThan(20);
    for (const { message } of found) expect(message).toMatch(/^[A-Z"].*\.$/);
  });
});
