/** What a definition says of amounts, bonuses and budgets: each check, with its place and sentence. */
import type { ProgramDefinition } from '../program/definition';
import { loose, sentences, type Case, type Change } from './support/definitions';

const STATE_ONE = 'State either an amount, or a percent together with upTo, the most that it gives.';

describe('tables of amounts', () => {
  const tooMany = (decimals: string, text: string) => `Write ${decimals}; "${text}" has more.`;
  test.each<Case>([
    [
      'a region has no table',
      ({ credit }) => credit.splice(2, 1),
      ['/credit: Region GB has no amounts; add a table for it.'],
    ],
    [
      'a table names an unknown region',
      ({ credit }) => (credit[0]!.region = 'MX'),
      [
        '/credit/0/region: Region MX is not listed under "regions"; add it there, or correct it here.',
        '/credit: Region US has no amounts; add a table for it.',
      ],
    ],
    [
      'a region has two tables in one currency',
      ({ credit }) => credit.push(credit[0]!),
      ['/credit/6: Region US has a table in USD already; remove one.'],
    ],
    ['a region has a second currency', ({ credit }) => credit.push({ ...credit[0]!, currency: 'EUR' }), []],
    [
      'there is no table',
      (definition) => (definition.credit = []),
      ['/credit: Add at least one table of amounts.'],
    ],
    [
      'a country is in two regions',
      ({ regions }) => regions['GB']!.push('US'),
      ['/regions/GB/1: US is in region US already; list it once.'],
    ],
    [
      'a region is named in small letters',
      ({ regions }) => (regions['eu2'] = ['PL']),
      ['/regions/eu2: Write the region in capitals, such as "US" or "EU".'],
    ],
    [
      'a region has no country, or no code',
      ({ regions }) => Object.assign(regions, { GB: [], JP: ['Japan'] }),
      [
        '/regions/GB: List at least one country.',
        '/regions/JP/0: Write the country as its two-letter ISO 3166 code, such as "GB".',
      ],
    ],
    [
      'dollars have three decimals',
      ({ credit }) => (credit[0]!.cap = '5500.000'),
      [`/credit/0/cap: ${tooMany('at most 2 decimals in USD', '5500.000')}`],
    ],
    [
      'yen have decimals',
      ({ credit }) => {
        credit[5]!.tiers[0]!.from = '150000.0';
        credit[5]!.bonuses['non-shopify-kno'] = { percent: '1', upTo: '75000.50' };
        credit[5]!.approvalThreshold = '750000.00';
      },
      [
        `/credit/5/approvalThreshold: ${tooMany('no decimals in JPY', '750000.00')}`,
        `/credit/5/bonuses/non-shopify-kno/upTo: ${tooMany('no decimals in JPY', '75000.50')}`,
        `/credit/5/tiers/0/from: ${tooMany('no decimals in JPY', '150000.0')}`,
      ],
    ],
    [
      'dinars have three decimals, and one amount has four',
      ({ credit }) => {
        credit[0]!.currency = 'KWD';
        credit[0]!.tiers = [
          { from: '300.125', amount: '100.125' },
          { from: '600.125', percent: '50', upTo: '400.1255' },
        ];
      },
      [`/credit/0/tiers/1/upTo: ${tooMany('at most 3 decimals in KWD', '400.1255')}`],
    ],
    ...['-1.00', '5,500.00', '05500', '.5', '1e3', ''].map((text): Case => [
      `an amount is written "${text}"`,
      ({ credit }) => (credit[0]!.cap = text),
      ['/credit/0/cap: Write the amount as a decimal string such as "5000.00", without separators or sign.'],
    ]),
    [
      'an amount is a number',
      ({ credit }) => (loose(credit[0])['cap'] = 5500),
      ['/credit/0/cap: Write a text in quotation marks here.'],
    ],
    [
      'an amount cannot be counted exactly',
      ({ credit }) => (credit[0]!.cap = '90071992547409.92'),
      ['/credit/0/cap: This amount is too large to be counted exactly; write a smaller one.'],
    ],
    [
      'a table pays nothing, or nothing above its cap',
      ({ credit }) => {
        credit[0]!.tiers = [
          { from: '1.00', amount: '0' },
          { from: '2.00', percent: '5', upTo: '0.00' },
        ];
        credit[0]!.bonuses['non-shopify-kno'] = { amount: '0.00' };
        credit[1]!.bonuses['non-shopify-kno'] = { amount: '0.00' };
        credit[1]!.cap = '0';
      },
      [
        '/credit/0: This table never pays anything; state an amount above 0.',
        '/credit/1/cap: With a cap of 0 nothing is ever paid; raise it, or write null for none.',
      ],
    ],
    [
      'a table pays by its bonus alone',
      ({ credit }) => (credit[0]!.tiers = [{ from: '1.00', amount: '0' }]),
      [],
    ],
    [
      'a currency is no code',
      ({ credit }) => (credit[0]!.currency = 'usd'),
      ['/credit/0/currency: Write the currency as its three-letter ISO 4217 code, such as "USD".'],
    ],
    [
      'the old minimum is stated',
      ({ credit }) => (loose(credit[0])['minimumSpend'] = '1000.00'),
      ['/credit/0/minimumSpend: Unknown key; remove it.'],
    ],
    [
      'the rounding is unknown',
      (definition) => (loose(definition)['rounding'] = 'up'),
      ['/rounding: Write one of: "half_up", "half_even", "down".'],
    ],
  ])('When %s, then it is reported at the right place', (_, change, expected) => {
    expect(sentences(change)).toEqual(expected);
  });
});

describe('tiers', () => {
  const percentFrom = (from: string, percent: string, upTo: string) => ({ from, percent, upTo });
  /** The US table with these tiers alone, and nothing else to say. */
  const tiers =
    (...tiers: ProgramDefinition['credit'][number]['tiers']): Change =>
    ({ credit }) =>
      Object.assign(credit[0]!, { tiers, cap: null });
  const gives = (from: string, here: string, below: string) =>
    `A spend of ${from} gives ${here} here, but ${below} just below it; a higher tier must not give less.`;

  test.each<Case>([
    ['there is one fixed amount', tiers({ from: '0', amount: '100.00' }), []],
    ['there is one share of the spend', tiers(percentFrom('0.01', '12.5', '1000.00')), []],
    ['there is no tier', tiers(), ['/credit/0/tiers: Add at least one tier.']],
    [
      'tiers are out of order, or equal',
      tiers(
        { from: '1000.00', amount: '1.00' },
        { from: '500', amount: '2.00' },
        { from: '500.00', amount: '3.00' },
      ),
      [
        '/credit/0/tiers/1/from: List the tiers in ascending order of "from"; this one follows 1000.00.',
        '/credit/0/tiers/2/from: List the tiers in ascending order of "from"; this one follows 500.',
      ],
    ],
    [
      'a higher tier pays less',
      ({ credit }) => (credit[0]!.tiers[4]!.amount = '3999.99'),
      [`/credit/0/tiers/4/amount: ${gives('20000.00', '3999.99', '4000.00')}`],
    ],
    ['a higher tier pays the same', ({ credit }) => (credit[0]!.tiers[4]!.amount = '4000.00'), []],
    [
      'a percentage begins above the fixed amount below it',
      tiers({ from: '100.00', amount: '100.00' }, percentFrom('1000.00', '10', '500.00')),
      [],
    ],
    [
      'a percentage begins below the fixed amount below it',
      tiers({ from: '100.00', amount: '100.01' }, percentFrom('1000.00', '10', '500.00')),
      [`/credit/0/tiers/1/percent: ${gives('1000.00', '100.00', '100.01')}`],
    ],
    [
      'a limit keeps a percentage below the fixed amount below it',
      tiers({ from: '100.00', amount: '100.00' }, percentFrom('1000.00', '50', '99.00')),
      [`/credit/0/tiers/1/percent: ${gives('1000.00', '99.00', '100.00')}`],
    ],
    [
      'a fixed amount is what the percentage has come to',
      tiers(percentFrom('100.00', '10', '500.00'), { from: '1000.00', amount: '100.00' }),
      [],
    ],
    [
      'a fixed amount is less than the percentage has come to',
      tiers(percentFrom('100.00', '10', '500.00'), { from: '1000.00', amount: '99.99' }),
      // 10 % of 999.99, rounded half up
      [`/credit/0/tiers/1/amount: ${gives('1000.00', '99.99', '100.00')}`],
    ],
    [
      'a fixed amount is a cent less than all of the spend just below it',
      tiers(percentFrom('100.00', '100', '5000.00'), { from: '1000.00', amount: '999.98' }),
      [`/credit/0/tiers/1/amount: ${gives('1000.00', '999.98', '999.99')}`],
    ],
    [
      'a tier begins at more than can be counted',
      tiers({ from: '100.00', amount: '10.00' }, { from: '90071992547409.92', amount: '9.00' }),
      ['/credit/0/tiers/1/from: This amount is too large to be counted exactly; write a smaller one.'],
    ],
    [
      'a percentage follows a higher one',
      tiers(percentFrom('100.00', '10', '500.00'), percentFrom('1000.00', '9', '500.00')),
      [`/credit/0/tiers/1/percent: ${gives('1000.00', '90.00', '100.00')}`],
    ],
    [
      'a percentage follows a higher one that its limit has stopped',
      tiers(percentFrom('100.00', '10', '50.00'), percentFrom('1000.00', '9', '500.00')),
      [],
    ],
    [
      'a tier states both, neither, or half of it',
      tiers(
        { from: '1.00', amount: '1.00', percent: '1', upTo: '1.00' },
        { from: '2.00' },
        { from: '3.00', percent: '1' },
        { from: '4.00', upTo: '1.00' },
        { from: '5.00', amount: '1.00', upTo: '1.00' },
      ),
      [0, 1, 2, 3, 4].map((tier) => `/credit/0/tiers/${tier}: ${STATE_ONE}`),
    ],
    [
      'percentages are written in other ways',
      tiers(
        percentFrom('1.00', '10 %', '1.00'),
        percentFrom('2.00', '0.00', '1.00'),
        percentFrom('3.00', '1000', '1.00'),
        percentFrom('4.00', '1.00001', '1.00'),
      ),
      [0, 1, 2, 3].map(
        (tier) =>
          `/credit/0/tiers/${tier}/percent: ` +
          (tier === 1
            ? 'Write a percentage above 0.'
            : 'Write the percentage as a decimal string with at most three digits and four decimals, such as "12.5".'),
      ),
    ],
  ])('When %s, then it is reported at the right place', (_, change, expected) => {
    expect(sentences(change)).toEqual(expected);
  });
});

describe('bonuses', () => {
  const BONUS = 'non-shopify-kno';
  const inUs =
    (bonus: ProgramDefinition['credit'][number]['bonuses'][string], changes = {}): Change =>
    ({ credit }) =>
      Object.assign(credit[0]!, { bonuses: { [BONUS]: bonus }, ...changes });
  const EATEN =
    'The cap is reached without this bonus whatever is spent, so it can never apply here; raise the cap or state {"amount": "0"}.';

  test.each<Case>([
    [
      'a bonus has no amount in a table',
      ({ credit }) => (credit[0]!.bonuses = {}),
      [`/credit/0/bonuses: State what bonus "${BONUS}" adds here ({"amount": "0"} for nothing).`],
    ],
    [
      'no table states what a bonus adds',
      ({ credit }) => {
        for (const table of credit) table.bonuses = {};
      },
      [0, 1, 2, 3, 4, 5].map(
        (table) =>
          `/credit/${table}/bonuses: State what bonus "${BONUS}" adds here ({"amount": "0"} for nothing).`,
      ),
    ],
    [
      'there are two bonuses, each stated everywhere',
      ({ bonuses, credit }) => {
        bonuses.push({ ...bonuses[0]!, id: 'second' });
        for (const table of credit) table.bonuses['second'] = table.bonuses[BONUS]!;
      },
      [],
    ],
    [
      'a table states an unknown bonus',
      ({ credit }) => (credit[0]!.bonuses['constructor'] = { amount: '1.00' }),
      [
        '/credit/0/bonuses/constructor: Bonus "constructor" is not listed under "bonuses"; add it there, or correct it here.',
      ],
    ],
    [
      'a bonus excludes every platform',
      ({ bonuses, storePlatforms }) => (bonuses[0]!.when.storePlatformNot = storePlatforms),
      [
        '/bonuses/0/when/storePlatformNot: Every store platform is excluded, so the bonus can never apply; exclude fewer.',
      ],
    ],
    [
      'a bonus names nobody we know',
      ({ bonuses }) => (bonuses[0]!.when = { surveyPartner: ['kno', 'acme'], storePlatformNot: ['wix'] }),
      [
        '/bonuses/0/when/surveyPartner/1: "acme" is not listed under "partners"; add it there, or correct it here.',
        '/bonuses/0/when/storePlatformNot/0: "wix" is not listed under "storePlatforms"; add it there, or correct it here.',
      ],
    ],
    [
      'a bonus has no condition',
      ({ bonuses }) => (bonuses[0]!.when = {}),
      ['/bonuses/0/when: State at least one condition.'],
    ],
    [
      'a condition names nobody',
      ({ bonuses }) => (bonuses[0]!.when = { surveyPartner: [], storePlatformNot: [] }),
      [
        '/bonuses/0/when/storePlatformNot: Name a store platform, or leave the condition out.',
        '/bonuses/0/when/surveyPartner: Name a survey partner, or leave the condition out.',
      ],
    ],
    [
      'a bonus is listed twice',
      ({ bonuses }) => bonuses.push(bonuses[0]!),
      [`/bonuses/1/id: "${BONUS}" is listed twice; name each once.`],
    ],
    [
      'a bonus is worth nothing everywhere',
      ({ credit }) => {
        for (const table of credit) table.bonuses[BONUS] = { amount: '0' };
        credit[0]!.bonuses[BONUS] = { percent: '5', upTo: '0.00' };
      },
      ['/bonuses/0: No table gives this bonus an amount, so it can never apply; remove it.'],
    ],
    [
      'a bonus is worth nothing in all tables but one',
      ({ credit }) => {
        for (const table of credit.slice(1)) table.bonuses[BONUS] = { amount: '0' };
      },
      [],
    ],
    ['a bonus is a share of the spend', inUs({ percent: '1.25', upTo: '500.00' }), []],
    [
      'a bonus states both, or nothing',
      ({ credit }) => {
        credit[0]!.bonuses[BONUS] = { amount: '1.00', percent: '1', upTo: '1.00' };
        credit[1]!.bonuses[BONUS] = {};
      },
      [0, 1].map((table) => `/credit/${table}/bonuses/${BONUS}: ${STATE_ONE}`),
    ],
    [
      'the lowest tier alone reaches the cap',
      inUs({ amount: '1.00' }, { cap: '400.00' }),
      [`/credit/0/bonuses/${BONUS}: ${EATEN}`],
    ],
    [
      'the lowest share alone reaches the cap',
      inUs(
        { percent: '1', upTo: '1.00' },
        { cap: '50.00', tiers: [{ from: '100.00', percent: '50', upTo: '90.00' }] },
      ),
      [`/credit/0/bonuses/${BONUS}: ${EATEN}`],
    ],
    ['the lowest tier leaves a cent to the cap', inUs({ amount: '1.00' }, { cap: '400.01' }), []],
    ['the cap is reached where the bonus adds nothing anyway', inUs({ amount: '0' }, { cap: '400.00' }), []],
  ])('When %s, then it is reported at the right place', (_, change, expected) => {
    expect(sentences(change)).toEqual(expected);
  });
});

describe('budgets and expiry', () => {
  const budgets =
    (...budgets: ProgramDefinition['budgets']): Change =>
    (definition) =>
      (definition.budgets = budgets);
  const budget = (currency: string, amount: string, regions: string[] | null = null) => ({
    currency,
    amount,
    regions,
  });
  const NOTHING_DRAWS = (currency: string) =>
    `No table pays in ${currency} there, so nothing can ever draw on this budget; remove it.`;

  test.each<Case>([
    [
      'regions have budgets of their own beside that of the program',
      budgets(
        budget('USD', '1000000.00'),
        budget('USD', '5000.00', ['US']),
        budget('USD', '6000.00', ['US', 'GB']),
        budget('JPY', '100000', ['JP']),
      ),
      [],
    ],
    [
      'a budget names an unknown region, and one twice',
      budgets(budget('USD', '5000.00', ['US', 'MX', 'US'])),
      [
        '/budgets/0/regions/1: Region MX is not listed under "regions"; add it there, or correct it here.',
        '/budgets/0/regions/2: Region US is listed twice; name each once.',
      ],
    ],
    [
      'the same regions have two budgets in one currency',
      budgets(
        budget('USD', '1.00'),
        budget('USD', '2.00'),
        budget('EUR', '1.00', ['EU', 'GB']),
        budget('EUR', '1.00', ['GB', 'EU']),
      ),
      [
        '/budgets/1: These regions have a budget in USD already; remove one.',
        '/budgets/3: These regions have a budget in EUR already; remove one.',
      ],
    ],
    [
      'no table pays in the currency of a budget',
      budgets(budget('SEK', '1.00'), budget('JPY', '1', ['US'])),
      [`/budgets/0: ${NOTHING_DRAWS('SEK')}`, `/budgets/1: ${NOTHING_DRAWS('JPY')}`],
    ],
    [
      'a budget has decimals that its currency lacks',
      budgets(budget('JPY', '100000.00'), budget('USD', '1.005')),
      [
        '/budgets/0/amount: Write no decimals in JPY; "100000.00" has more.',
        '/budgets/1/amount: Write at most 2 decimals in USD; "1.005" has more.',
      ],
    ],
    [
      'a budget is for no region',
      budgets(budget('USD', '1.00', [])),
      ['/budgets/0/regions: Name a region, or write null for all.'],
    ],
    [
      'credits expire on the day of their payout',
      (definition) => (definition.creditExpiryDays = 0),
      ['/creditExpiryDays: Write at least one day, or null.'],
    ],
    [
      'payouts are spread over more than a day',
      (definition) => (definition.payoutSpreadMinutes = 1_441),
      ['/payoutSpreadMinutes: Spread the payouts over a day at most.'],
    ],
    [
      'credits expire after more days than can be counted',
      (definition) => (definition.creditExpiryDays = 1e20),
      ['/creditExpiryDays: Write at most 9007199254740991.'],
    ],
  ])('When %s, then it is reported at the right place', (_, change, expected) => {
    expect(sentences(change)).toEqual(expected);
  });
});
