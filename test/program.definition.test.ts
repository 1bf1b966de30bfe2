/** Definitions on their way in: what ships, what is read, and how errors are reported. */
import fc from 'fast-check';
import { planFor } from '../program/calendar';
import { MAXIMUM_SPEED } from '../program/clock';
import { DefinitionError, parseDefinition } from '../program/parseDefinition';
import {
  loose,
  pointers,
  problems,
  problemsOf,
  sentences,
  shipped,
  type Case,
  type Change,
} from './support/definitions';
import { leavesOf, replaced, valueAt } from './support/documents';

const SENTENCE = /^[A-Z"].*\.$/;

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
    expect(table?.bonuses).toEqual({ 'non-shopify-kno': { amount: '500.00' } });
    expect(table?.cap).toBe('5500.00');
  });

  test('When the example of a sibling program is read, then it is valid and has rolling periods', () => {
    const example = parseDefinition(shipped('examples/woocommerce-spend-and-get'));
    expect(example).toMatchObject({ calendar: [], rollingPeriod: { days: 60 }, lookBackDays: 90 });
    expect(example.notice).toMatch(/^Illustrative: /);
  });
});

describe('reading', () => {
  test('When optional parts are left out, then the defaults stand', () => {
    const defaults = {
      notice: null,
      rollingPeriod: null,
      lookBackDays: null,
      settlementDelayHours: 48,
      budgets: [],
      creditExpiryDays: null,
      testClock: null,
      sharedStoreHosts: [],
    };
    const definition = loose(shipped('tiktok-pps-2023'));
    for (const key of Object.keys(defaults)) delete definition[key];
    for (const table of definition['credit'] as object[]) loose(table)['cap'] = undefined;
    const parsed = parseDefinition(JSON.parse(JSON.stringify(definition)));
    expect(parsed).toMatchObject(defaults);
    expect(parsed.credit[0]).toMatchObject({ cap: null, approvalThreshold: '5000.00' });
  });

  test('When every optional part is stated, then it is kept as written', () => {
    const stated = {
      lookBackDays: 366,
      creditExpiryDays: 90,
      rounding: 'half_even' as const,
      budgets: [
        { currency: 'USD', amount: '250000.00', regions: null },
        { currency: 'USD', amount: '1000.00', regions: ['US'] },
      ],
      testClock: { startsAt: '2023-10-12T16:00:00Z', speed: MAXIMUM_SPEED },
    };
    expect(parseDefinition({ ...shipped('pps-demo'), ...stated })).toMatchObject(stated);
  });

  test('When a document names its schema, then the name is left out', () => {
    const document = { ...shipped('pps-demo'), $schema: './elsewhere.json' };
    expect(parseDefinition(document)).not.toHaveProperty('$schema');
  });

  test('When a parsed definition is parsed again, then it is the same', () => {
    const once = parseDefinition(shipped('pps-demo'));
    expect(parseDefinition(JSON.parse(JSON.stringify(once)))).toEqual(once);
  });

  test.each([[null], [[]], ['x'], [undefined], [7]])(
    'When the document is %j, then one error points at the whole',
    (document) => {
      expect(problemsOf(document)).toEqual([
        { pointer: '', message: expect.stringMatching(SENTENCE) as string },
      ]);
    },
  );
});

describe('the errors', () => {
  test('When several things are wrong, then all are reported at once, with pointers and sentences', () => {
    const found = problems((definition) => {
      delete loose(definition)['name'];
      delete loose(definition)['rounding'];
      loose(definition)['nam/e'] = 'x';
      loose(definition)['supportMail'] = 'nobody';
      loose(definition.partners[0])['verification'] = 'oath';
      loose(definition.partners[1])['id'] = 7;
      definition.calendar[2]!.periodTo = '2024-02-30';
      definition.credit[0]!.tiers[1]!.from = '999.00';
      definition.credit[5]!.tiers[0]!.amount = '60000.00';
      definition.questionnaire.questions[1]!.id = 'survey-live-since';
    });
    expect(found).toEqual([
      { pointer: '/name', message: 'This is missing; add it.' },
      { pointer: '/supportMail', message: 'Write a mail address.' },
      { pointer: '/partners/0/verification', message: 'Write one of: "attested", "machine".' },
      { pointer: '/partners/1/id', message: 'Write a text in quotation marks here.' },
      { pointer: '/calendar/2/periodTo', message: 'Write an existing date as YYYY-MM-DD.' },
      { pointer: '/rounding', message: 'Write one of: "half_up", "half_even", "down".' },
      { pointer: '/nam~1e', message: 'Unknown key; remove it.' },
      {
        pointer: '/questionnaire/questions/1/id',
        message: '"survey-live-since" is listed twice; name each once.',
      },
      { pointer: '/credit/5/tiers/0/amount', message: 'Write no decimals in JPY; "60000.00" has more.' },
      {
        pointer: '/credit/0/tiers/1/from',
        message: 'List the tiers in ascending order of "from"; this one follows 1000.00.',
      },
    ]);
    expect(new DefinitionError(found).message).toContain('10 errors: /name: This is missing; add it.');
  });

  test('When a member is missing, then it alone is reported', () => {
    const optional = ['notice', 'settlementDelayHours', 'sharedStoreHosts', 'testClock', '$schema'];
    const required = Object.keys(shipped('pps-demo')).filter((key) => !optional.includes(key));
    expect(required.length).toBeGreaterThan(15);
    for (const key of required) {
      if (key === 'calendar' || key === 'bonuses') continue; // without them there is something else to say
      expect(sentences((definition) => delete loose(definition)[key])).toEqual([
        expect.stringMatching(
          new RegExp(`^/${key}: (This is missing; add it|Write (1|one of|a mail).*)\\.$`),
        ),
      ]);
    }
    expect(sentences((definition) => delete loose(definition)['calendar'])).toEqual([
      '/calendar: Add at least one month, or state a rollingPeriod.',
    ]);
  });

  test('When one table or row has a typing error, then it hides no error of the other tables and rows', () => {
    const wrong: Change = ({ credit, calendar }) => {
      loose(credit[1])['currency'] = 'cad';
      credit[0]!.tiers[4]!.amount = '3999.99';
      credit[2]!.cap = '1.234';
      loose(calendar[3])['payoutDate'] = 'soon';
      calendar[1]!.periodFrom = '2023-11-30';
      calendar[5]!.payoutDate = '2024-05-01';
    };
    expect(pointers(wrong)).toEqual([
      '/calendar/3/payoutDate',
      '/credit/1/currency',
      '/calendar/1/periodFrom',
      '/calendar/5/payoutDate',
      '/credit/2/cap',
      '/credit/0/tiers/4/amount',
    ]);
  });

  test('When one member has a typing error, then it hides no error that can be seen without it', () => {
    const wrong: Change = (definition) => {
      const { calendar, credit, regions, bonuses, questionnaire, partners } = definition;
      calendar.splice(4, 1);
      calendar[1]!.periodFrom = '2023-11-30';
      calendar[0]!.payoutDate = '2023-12-03';
      definition.deferral.maximum = 8;
      definition.policies.noSpend = { then: 'roll_on', atMost: 8 };
      regions['GB']!.push('US');
      regions['MX'] = ['MX'];
      credit[0]!.tiers[4]!.amount = '3999.99';
      bonuses[0]!.when = { surveyPartner: ['acme'], storePlatformNot: definition.storePlatforms };
      definition.budgets = [{ currency: 'SEK', amount: '1.00', regions: null }];
      questionnaire.questions[1]!.id = questionnaire.questions[0]!.id;
      partners.push({ ...partners[0]!, name: 'Again' });
      definition.rail = 'manual';
    };
    /** Each error with the members that it can be seen in. */
    const errors: Record<string, string[]> = {
      '/partners/3/id': ['partners'],
      '/questionnaire/questions/1/id': ['questionnaire'],
      '/regions/GB/1': ['regions'],
      '/calendar/1/periodFrom': ['calendar'],
      '/calendar': ['calendar', 'window'],
      '/calendar/0/payoutDate': ['calendar', 'timeZone'],
      '/deferral/maximum': ['deferral', 'calendar'],
      '/policies/noSpend/atMost': ['policies', 'calendar'],
      '/credit': ['credit', 'regions'],
      '/credit/0/tiers/4/amount': ['credit'],
      '/bonuses/0/when/surveyPartner/0': ['bonuses', 'partners'],
      '/bonuses/0/when/storePlatformNot': ['bonuses', 'storePlatforms'],
      '/budgets/0': ['budgets', 'credit'],
      '/rail': ['rail', 'testClock'],
    };
    expect(pointers(wrong)).toEqual(Object.keys(errors));
    for (const broken of Object.keys(parseDefinition(shipped('pps-demo')))) {
      const found = pointers((definition) => {
        wrong(definition);
        loose(definition)[broken] = false;
      });
      const visible = Object.keys(errors).filter((pointer) => !errors[pointer]!.includes(broken));
      expect([broken, ...found.toSorted()]).toEqual([broken, ...[`/${broken}`, ...visible].toSorted()]);
    }
  });

  test('When any value is replaced by any other, then every message is a sentence about a place in the document', () => {
    const places = leavesOf(shipped('pps-demo'));
    const value = fc.oneof(
      fc.constantFrom<unknown>(null, true, '', 'x', 'US', '1.00', '2024-01-01', [], {}, 0, -1, 0.5, 1e20),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(fc.constantFrom(...places), value, fc.nat(9), (path, replacement, above) => {
        const place = path.slice(0, Math.max(1, path.length - (above % 3)));
        const document = replaced(shipped('pps-demo'), place, replacement);
        for (const { pointer, message } of problemsOf(document)) {
          expect(message).toMatch(SENTENCE);
          // What is missing or is to be removed is a member of what is there.
          const steps = pointer.split('/').slice(1, -1).map(unescaped);
          expect(valueAt(document, steps)).toEqual(expect.any(Object));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the rest', () => {
  test.each<Case>([
    [
      'a program on a test clock pays by another rail',
      (definition) => (definition.rail = 'manual'),
      ['/rail: A program on a test clock pays by the rail "sandbox" only.'],
    ],
    [
      'a clock runs backwards',
      ({ testClock }) => (testClock!.speed = -1),
      ['/testClock/speed: A clock never goes backwards: write 0 or more.'],
    ],
    [
      'a clock is too fast',
      ({ testClock }) => (testClock!.speed = MAXIMUM_SPEED + 1),
      ['/testClock/speed: Write at most 1000000.'],
    ],
    [
      'a clock starts at a local time',
      ({ testClock }) => (testClock!.startsAt = '2023-10-12T16:00'),
      ['/testClock/startsAt: Write an instant in UTC such as "2023-10-12T16:00:00Z".'],
    ],
    [
      'ids are listed twice',
      ({ partners, storePlatforms, sharedStoreHosts }) => {
        partners.push({ ...partners[0]!, name: 'Fairing again' });
        storePlatforms.push('shopify');
        sharedStoreHosts.push('etsy.com');
      },
      [
        '/partners/3/id: "fairing" is listed twice; name each once.',
        '/storePlatforms/5: "shopify" is listed twice; name each once.',
        '/sharedStoreHosts/8: "etsy.com" is listed twice; name each once.',
      ],
    ],
    [
      'a question is listed twice',
      ({ questionnaire }) => (questionnaire.questions[2]!.id = 'survey-live-since'),
      ['/questionnaire/questions/2/id: "survey-live-since" is listed twice; name each once.'],
    ],
    [
      'a choice has one answer',
      ({ questionnaire }) => (loose(questionnaire.questions[3])['choices'] = ['Yes']),
      ['/questionnaire/questions/3/choices: Give at least two answers to choose from.'],
    ],
    [
      'a choice has an answer twice',
      ({ questionnaire }) => (loose(questionnaire.questions[3])['choices'] = ['Yes', 'No', 'Yes']),
      ['/questionnaire/questions/3/choices: List each answer once.'],
    ],
    [
      'a text question has choices',
      ({ questionnaire }) => (loose(questionnaire.questions[0])['choices'] = ['a', 'b']),
      ['/questionnaire/questions/0/choices: Unknown key; remove it.'],
    ],
    [
      'a question has an unknown type',
      ({ questionnaire }) => (loose(questionnaire.questions[0])['type'] = 'essay'),
      ['/questionnaire/questions/0/type: Write one of: "text", "number", "boolean", "choice".'],
    ],
    [
      'a shared host is an address',
      ({ sharedStoreHosts }) => sharedStoreHosts.push('https://etsy.com', 'www.ebay.com'),
      [8, 9].map(
        (host) =>
          `/sharedStoreHosts/${host}: Write the host in lower-case ASCII, without scheme, path or "www.", such as "etsy.com".`,
      ),
    ],
    [
      'reminders are out of order, or on no day',
      ({ reminders }) => Object.assign(reminders, { partnerDays: [7, 3], approverDays: [0] }),
      [
        '/reminders/partnerDays: Put the days in ascending order, each once.',
        '/reminders/approverDays/0: Count the days from 1.',
      ],
    ],
    [
      'the schema version is another',
      (definition) => (loose(definition)['schemaVersion'] = 2),
      ['/schemaVersion: Write 1, the only schemaVersion that this version reads.'],
    ],
    [
      'the id is no kebab',
      (definition) => (definition.id = 'PPS_demo'),
      ['/id: Use lower-case letters, digits and hyphens, such as "pps-demo".'],
    ],
    [
      'unknown keys stand in many places',
      (definition) => {
        for (const place of [
          definition,
          definition.window,
          definition.credit[0]!.tiers[1]!,
          definition.policies,
        ])
          loose(place)['spare'] = 1;
      },
      ['/window/spare', '/credit/0/tiers/1/spare', '/policies/spare', '/spare'].map(
        (pointer) => `${pointer}: Unknown key; remove it.`,
      ),
    ],
  ])('When %s, then it is reported at the right place', (_, change, expected) => {
    expect(sentences(change)).toEqual(expected);
  });
});

/** RFC 6901. */
function unescaped(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}
