import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramDefinition } from '../program/definition';
import { describeChanges } from '../program/definitionDiff/describeChanges';
import { parseDefinition } from '../program/parseDefinition';

type Change = (definition: ProgramDefinition) => void;

function shipped(name: string): ProgramDefinition {
  const json = readFileSync(join(__dirname, `../program/definitions/${name}.json`), 'utf8');
  return parseDefinition(JSON.parse(json));
}

function changed(definition: ProgramDefinition, change: Change): ProgramDefinition {
  const copy = structuredClone(definition);
  change(copy);
  return copy;
}

const demo = shipped('pps-demo');
/** What a change of the demo program is called. */
const lines = (change: Change) => describeChanges(demo, changed(demo, change));
/** To write what the types do not know. */
const loose = (value: unknown) => value as Record<string, unknown>;

describe('amounts', () => {
  test.each<[what: string, change: Change, line: string]>([
    [
      'what a tier pays',
      (d) => (d.credit[0]!.tiers[1]!.amount = '1500.00'),
      'US tier 2: 1,000.00 → 1,500.00 USD',
    ],
    [
      'where a tier begins',
      (d) => (d.credit[0]!.tiers[1]!.from = '2750.50'),
      'US tier 2 from: 2,500.00 → 2,750.50 USD',
    ],
    [
      'an amount without decimals',
      (d) => (d.credit[5]!.tiers[4]!.amount = '800000'),
      'JP tier 5: 750,000 → 800,000 JPY',
    ],
    ['a cap that goes', (d) => (d.credit[0]!.cap = null), 'US cap: 5,500.00 USD → none'],
    [
      'an approval threshold',
      (d) => (d.credit[2]!.approvalThreshold = '3000'),
      'GB approval threshold: 4,000.00 → 3,000.00 GBP',
    ],
    [
      'what a bonus adds',
      (d) => (d.credit[0]!.bonuses['non-shopify-kno'] = { amount: '600.00' }),
      'US bonus "non-shopify-kno": 500.00 → 600.00 USD',
    ],
    [
      'a bonus that becomes a share',
      (d) => (d.credit[3]!.bonuses['non-shopify-kno'] = { percent: '2.5', upTo: '450.00' }),
      'EU bonus "non-shopify-kno": 450.00 → 2.5 % up to 450.00 EUR',
    ],
    ['only the way it is written', (d) => (d.credit[0]!.cap = '5500'), 'US cap: "5500.00" → "5500"'],
  ])('When %s changes, then one line says so', (_what, change, line) => {
    expect(lines(change)).toEqual([line]);
  });

  test('When a cap is set and a percentage changes, then the line shows what it was and is', () => {
    const before = changed(demo, ({ credit: [us] }) => {
      us!.cap = null;
      us!.tiers = [{ from: '100', percent: '10', upTo: '500.00' }];
    });
    const after = changed(before, ({ credit: [us] }) => {
      us!.cap = '5500.00';
      us!.tiers[0]!.percent = '12';
    });
    expect(describeChanges(before, after)).toEqual([
      'US tier 1: 10 % up to 500.00 → 12 % up to 500.00 USD',
      'US cap: none → 5,500.00 USD',
    ]);
  });

  test('When tiers are added and removed, then the others are told by their spend, not by their position', () => {
    const after = changed(demo, ({ credit: [us, ca] }) => {
      us!.tiers.splice(0, 1);
      us!.tiers[0]!.amount = '1100.00';
      ca!.tiers.push({ from: '40000.00', percent: '25', upTo: '12000.00' });
    });
    expect(describeChanges(demo, after)).toEqual([
      'US tier 1 removed: 400.00 USD, from 1,000.00 USD',
      'US tier 1: 1,000.00 → 1,100.00 USD',
      'CA tier 6 added: 25 % up to 12,000.00 CAD, from 40,000.00 CAD',
    ]);
  });

  test('When a region has tables in two currencies, then its lines name the currency, those of others do not', () => {
    const table = { ...demo.credit[0]!, currency: 'EUR', tiers: [{ from: '900.00', amount: '360.00' }] };
    const before = changed(demo, (d) => d.credit.splice(1, 0, table));
    const after = changed(before, (d) => {
      d.credit[0]!.tiers[1]!.amount = '1500.00';
      d.credit[1]!.tiers[0]!.amount = '370.00';
      d.credit[2]!.cap = null;
    });
    expect(describeChanges(before, after)).toEqual([
      'US USD tier 2: 1,000.00 → 1,500.00 USD',
      'US EUR tier 1: 360.00 → 370.00 EUR',
      'CA cap: 7,150.00 CAD → none',
    ]);
  });

  test('When a table changes its currency, then it is another table', () => {
    const after = changed(demo, ({ credit }) => {
      credit[0] = {
        region: 'US',
        currency: 'EUR',
        tiers: [
          { from: '100.00', amount: '10.00' },
          { from: '200.00', amount: '20.00' },
        ],
        bonuses: {},
        cap: null,
        approvalThreshold: null,
      };
    });
    expect(describeChanges(demo, after)).toEqual([
      'US USD table removed: tier 1 (400.00 USD, from 1,000.00 USD), tier 2 (1,000.00 USD, from 2,500.00 USD), ' +
        'tier 3 (2,000.00 USD, from 5,000.00 USD), tier 4 (4,000.00 USD, from 10,000.00 USD), ' +
        'tier 5 (5,000.00 USD, from 20,000.00 USD), bonus "non-shopify-kno" 500.00 USD, ' +
        'cap 5,500.00 USD, approval threshold 5,000.00 USD',
      'US EUR table added: tier 1 (10.00 EUR, from 100.00 EUR), tier 2 (20.00 EUR, from 200.00 EUR), ' +
        'cap none, approval threshold none',
    ]);
  });

  test('When budgets change, then each is told by its currency and regions', () => {
    const before = changed(demo, (d) => {
      d.budgets = [
        { currency: 'USD', amount: '100000.00', regions: null },
        { currency: 'CAD', amount: '5000.00', regions: ['CA'] },
        { currency: 'EUR', amount: '5000.00', regions: ['EU', 'GB'] },
      ];
    });
    const after = changed(before, (d) => {
      d.budgets = [
        { currency: 'EUR', amount: '6000.00', regions: ['GB', 'EU'] },
        { currency: 'USD', amount: '200000.00', regions: null },
        { currency: 'USD', amount: '7000.00', regions: ['US'] },
      ];
    });
    expect(describeChanges(before, after)).toEqual([
      'USD budget: 100,000.00 → 200,000.00 USD',
      'CAD budget of CA removed: 5,000.00 CAD',
      'EUR budget of EU, GB: 5,000.00 → 6,000.00 EUR',
      'EUR budget of EU, GB regions in another order: region GB, region EU',
      'USD budget of US added: 7,000.00 USD',
      'budgets in another order: EUR budget of EU, GB, USD budget',
    ]);
  });
});

describe('dates and scalars', () => {
  test.each<[what: string, change: Change, line: string]>([
    [
      'a payout date',
      (d) => (d.calendar[1]!.payoutDate = '2024-01-20'),
      'calendar 2023-11: payout date 2024-01-15 → 2024-01-20',
    ],
    [
      'a calendar that loses a row',
      (d) => d.calendar.pop(),
      'calendar 2024-06 removed: period from 2024-07-01, period to 2024-07-31, payout date 2024-08-15',
    ],
    [
      'a calendar that gets a row',
      (d) =>
        d.calendar.push({
          enrollmentMonth: '2024-07',
          periodFrom: '2024-08-01',
          periodTo: '2024-08-31',
          payoutDate: '2024-09-15',
        }),
      'calendar 2024-07 added: period from 2024-08-01, period to 2024-08-31, payout date 2024-09-15',
    ],
    ['the window', (d) => (d.window.to = '2024-05-31'), 'window to: 2024-06-30 → 2024-05-31'],
    ['the settlement delay', (d) => (d.settlementDelayHours = 72), 'settlement delay: 48 → 72 hours'],
    ['the look-back', (d) => (d.lookBackDays = 1), 'look-back: none → 1 day'],
    ['the expiry', (d) => (d.creditExpiryDays = 90), 'credit expiry: none → 90 days'],
    ['the payout spread', (d) => (d.payoutSpreadMinutes = 60), 'payout spread: 0 → 60 minutes'],
    ['how often one may defer', (d) => (d.deferral.maximum = 4), 'deferral limit: 3 → 4'],
    ['who may defer', (d) => (d.deferral.by = ['admin']), 'deferral by: partner, admin → admin'],
    ['the name', (d) => (d.name = 'PPS demo 2'), 'name: "PPS demo" → "PPS demo 2"'],
    [
      'a list of reminders',
      (d) => (d.reminders.partnerDays = [3, 7]),
      'partner reminders: 3, 7, 14 → 3, 7 days',
    ],
    [
      'a policy',
      (d) => (d.policies.missedFacts = { then: 'roll_on', atMost: 2 }),
      'on missed facts moves at most: 1 → 2',
    ],
    [
      'the rolling period',
      (d) => (d.rollingPeriod = { days: 30, payoutAfterDays: 14, lastMonth: '2024-06' }),
      'rolling period: none → length 30 days, payout after 14 days, last month 2024-06',
    ],
    [
      'the test clock',
      (d) => (d.testClock = null),
      'test clock: starts at 2023-10-12T16:00:00Z, speed 0 → none',
    ],
  ])('When %s changes, then one line says so', (_what, change, line) => {
    expect(lines(change)).toEqual([line]);
  });
});

describe('lists', () => {
  test('When a list is in another order, then the members have no lines and the order has one', () => {
    const after = changed(demo, ({ partners, questionnaire: { questions } }) => {
      partners.reverse();
      partners[1]!.verification = 'machine';
      questions.push(questions.shift()!);
    });
    expect(describeChanges(demo, after)).toEqual([
      'partner "kno" verification: attested → machine',
      'partners in another order: partner "okendo", partner "kno", partner "fairing"',
      'questions in another order: question "attribution-question", question "monthly-orders", ' +
        'question "main-use", question "remarks", question "survey-live-since"',
    ]);
  });

  test('When members come and go, then each has one line, whatever its position', () => {
    const after = changed(demo, (d) => {
      d.partners.splice(0, 1, { id: 'zig', name: 'Zig Poll', verification: 'attested' });
      d.storePlatforms.unshift('wix');
      d.regions['EU'] = d.regions['EU']!.filter((country) => country !== 'FR');
      delete d.regions['JP'];
      d.regions['CH'] = ['CH', 'LI'];
      d.questionnaire.questions.splice(1, 1);
      d.sharedStoreHosts.splice(1, 1, 'temu.com');
    });
    expect(describeChanges(demo, after)).toEqual([
      'partner "fairing" removed: attribution prompts "How did you hear about us?", name Fairing, verification machine',
      'partner "zig" added: name "Zig Poll", verification attested',
      'store platform wix added',
      'region EU country FR removed',
      'region JP removed: JP',
      'region CH added: CH, LI',
      'question "attribution-question" removed: ' +
        'text "Does your survey ask customers how they heard about you?", type boolean, required yes',
      'shared store host ebay.com removed',
      'shared store host temu.com added',
    ]);
  });

  test('When a bonus and a question change, then their parts have names', () => {
    const after = changed(demo, (d) => {
      d.bonuses[0]!.when = { surveyPartner: ['kno', 'okendo'] };
      const question = d.questionnaire.questions[3]!;
      if (question.type === 'choice') question.choices = ['Yes', 'Not yet'];
      d.questionnaire.questions[4]!.required = true;
    });
    expect(describeChanges(demo, after)).toEqual([
      'bonus "non-shopify-kno" when store platform is not: shopify → none',
      'bonus "non-shopify-kno" when survey partner is: kno → kno, okendo',
      'question "main-use" choices: "Budget decisions", "Creative decisions", "Reporting only", "Not used yet" → Yes, "Not yet"',
      'question "remarks" required: no → yes',
    ]);
  });
});

test('When a value has no words of its own, then its path and both values are shown', () => {
  const before = changed(demo, (d) => {
    loose(d)['payoutLimits'] = { perDay: 3, tags: ['a'] };
  });
  const after = changed(before, (d) => {
    loose(d)['payoutLimits'] = { perDay: 4, tags: ['a', { b: true }] };
    loose(d.partners[1])['tier'] = 'gold';
  });
  expect(describeChanges(before, after)).toEqual([
    'partner "kno" tier: none → gold',
    'payoutLimits perDay: 3 → 4',
    'payoutLimits tags: a → a, b yes',
  ]);
  expect(describeChanges(demo, before)).toEqual(['payoutLimits: none → perDay 3, tags a']);
});

describe.each(['pps-demo', 'tiktok-pps-2023'])('any change of %s', (name) => {
  const definition = shipped(name);
  const paths = pathsIn(definition);

  test('When the definition is the same, whatever the order of its keys, then there is no line', () => {
    expect(describeChanges(definition, structuredClone(definition))).toEqual([]);
    expect(describeChanges(definition, withKeysReversed(definition) as ProgramDefinition)).toEqual([]);
  });

  test('When any single value is another one, then there is a line, both ways', () => {
    const values = paths.filter((path) => typeof at(definition, path) !== 'object');
    const anotherValue = fc
      .constantFrom(...values)
      .chain((path) => fc.tuple(fc.constant(path), otherThan(at(definition, path))));
    fc.assert(
      fc.property(anotherValue, ([path, value]) => {
        expectLines(definition, (copy) => (loose(at(copy, path.slice(0, -1)))[path.at(-1)!] = value));
      }),
      { numRuns: 500 },
    );
  });

  test('When any member of a list or record goes or comes, then there is a line, both ways', () => {
    const lists = paths.filter((path) => Array.isArray(at(definition, path)));
    expect(lists.length).toBeGreaterThan(20);
    for (const path of lists) {
      const listIn = (copy: unknown) => at(copy, path) as unknown[];
      listIn(definition).forEach((member, index) => {
        expectLines(definition, (copy) => listIn(copy).splice(index, 1));
        expectLines(definition, (copy) => listIn(copy).splice(index, 0, member));
      });
    }
    for (const key of Object.keys(definition.regions))
      expectLines(definition, (copy) => delete copy.regions[key]);
    definition.credit.forEach((_, index) =>
      expectLines(definition, (copy) => (copy.credit[index]!.bonuses = {})),
    );
  });

  test('When any two members of a list change places, then there is a line', () => {
    for (const path of paths) {
      if (!Array.isArray(at(definition, path))) continue;
      const length = (at(definition, path) as unknown[]).length;
      for (let index = 1; index < length; index += 1) {
        expectLines(definition, (copy) => {
          const list = at(copy, path) as unknown[];
          [list[index - 1], list[index]] = [list[index], list[index - 1]];
        });
      }
    }
  });

  test('When a value that may be null gets one, then there is a line, both ways', () => {
    const nulls = paths.filter((path) => at(definition, path) === null);
    expect(nulls.map((path) => path.join('/'))).toEqual(
      expect.arrayContaining(['rollingPeriod', 'lookBackDays', 'creditExpiryDays']),
    );
    for (const path of nulls)
      expectLines(definition, (copy) => (loose(at(copy, path.slice(0, -1)))[path.at(-1)!] = 7));
  });
});

function expectLines(definition: ProgramDefinition, change: Change): void {
  const after = changed(definition, change);
  expect(describeChanges(definition, after)).not.toEqual([]);
  expect(describeChanges(after, definition)).not.toEqual([]);
}

/** Of the same kind; amounts stay readable. */
function otherThan(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value === 'boolean') return fc.constant(!value);
  if (typeof value === 'number') return fc.integer().filter((other) => other !== value);
  const isAmount = /^\d+(\.\d+)?$/.test(String(value));
  return (isAmount ? fc.nat().map(String) : fc.string()).filter((other) => other !== value);
}

function pathsIn(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, part]) => pathsIn(part, [...path, key]))];
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce((part, key) => loose(part)[key], value);
}

function withKeysReversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withKeysReversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, part]) => [key, withKeysReversed(part)]);
  return Object.fromEntries(entries.reverse()) as unknown;
}
