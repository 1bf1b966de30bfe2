/** What must hold between the values of a definition; each check reports all that it finds. */
import { calculationMonthOf, planRow } from './calendar';
import type { Bonus, CalendarRow, ProgramDefinition } from './definition';
import { currencyExponent, MoneyError, parseDecimal } from './money';

/** Of a value in the document. */
export type Path = readonly PropertyKey[];
export type Report = (path: Path, message: string) => void;
/** The top-level members that are valid by themselves: one typing error hides nothing else. */
export type Parts = Partial<ProgramDefinition>;

export const CHECKS: readonly ((parts: Parts, report: Report) => void)[] = [
  checkIds,
  checkCountries,
  checkCalendar,
  checkEnrollmentMonths,
  checkPayoutDates,
  checkTables,
  checkAmounts,
  checkBonusConditions,
  checkMoves,
  checkTestClock,
];

function checkIds(
  { partners, storePlatforms, bonuses, questionnaire, sharedStoreHosts }: Parts,
  report: Report,
) {
  const lists: { path: Path; ids: string[] | undefined; key?: 'id' }[] = [
    { path: ['partners'], ids: partners?.map((partner) => partner.id), key: 'id' },
    { path: ['storePlatforms'], ids: storePlatforms },
    { path: ['bonuses'], ids: bonuses?.map((bonus) => bonus.id), key: 'id' },
    {
      path: ['questionnaire', 'questions'],
      ids: questionnaire?.questions.map((question) => question.id),
      key: 'id',
    },
    { path: ['sharedStoreHosts'], ids: sharedStoreHosts },
  ];
  for (const { path, ids, key } of lists) {
    ids?.forEach((id, index) => {
      const place = key ? [...path, index, key] : [...path, index];
      if (ids.indexOf(id) < index) report(place, `"${id}" is listed twice; name each once.`);
    });
  }
}

function checkCountries({ regions }: Parts, report: Report) {
  const regionOfCountry = new Map<string, string>();
  for (const [region, countries] of Object.entries(regions ?? {})) {
    countries.forEach((country, index) => {
      const other = regionOfCountry.get(country);
      if (other)
        report(['regions', region, index], `${country} is in region ${other} already; list it once.`);
      regionOfCountry.set(country, region);
    });
  }
}

function checkCalendar({ calendar, window }: Parts, report: Report) {
  if (window && window.from > window.to) report(['window', 'to'], 'The window ends before it begins.');
  calendar?.forEach((row, index) => {
    const at = (key: keyof CalendarRow, message: string) => report(['calendar', index, key], message);
    const month = calculationMonthOf(row);
    if (row.periodFrom > row.periodTo) at('periodTo', 'The period ends before it begins.');
    if (month < row.enrollmentMonth)
      at('periodTo', `The period ends before the month of enrollment ${row.enrollmentMonth}.`);
    const previous = calendar[index - 1];
    if (!previous) return;
    if (row.enrollmentMonth <= previous.enrollmentMonth) {
      at(
        'enrollmentMonth',
        `Months are listed in order, each once; this one follows ${previous.enrollmentMonth}.`,
      );
    }
    if (row.periodFrom <= previous.periodTo) {
      at('periodFrom', `The period must begin after the previous one ends (${previous.periodTo}).`);
    } else if (month === calculationMonthOf(previous)) {
      at('periodTo', `Two periods end in ${month}; a calculation month names one period.`);
    }
  });
}

/** Whoever may enroll must get a period. */
function checkEnrollmentMonths({ calendar, window }: Parts, report: Report) {
  if (!calendar || !window || window.from > window.to) return;
  const listed = new Set(calendar.map((row) => row.enrollmentMonth));
  for (let month = window.from.slice(0, 7); month <= window.to.slice(0, 7); month = monthAfter(month)) {
    if (!listed.has(month))
      report(['calendar'], `Add a row for the enrollment month ${month}, which is in the window.`);
  }
}

function checkPayoutDates({ calendar, timeZone, settlementDelayHours }: Parts, report: Report) {
  if (!calendar || timeZone === undefined || settlementDelayHours === undefined) return;
  calendar.forEach((row, index) => {
    // The last place on earth where the period can end.
    const latest = planRow({ timeZone, settlementDelayHours }, row, 'Etc/GMT+12');
    if (latest.payoutAt < latest.calculationAt) {
      report(
        ['calendar', index, 'payoutDate'],
        `The payout date comes before the credit can be computed everywhere: ${row.periodTo} is over by ` +
          `${new Date(latest.calculationAt).toISOString()}, with the settlement delay of ${settlementDelayHours} hours.`,
      );
    }
  });
}

function checkTables({ credit, regions, bonuses }: Parts, report: Report) {
  if (!credit) return;
  credit.forEach((table, index) => {
    if (regions && !Object.hasOwn(regions, table.region)) {
      report(['credit', index, 'region'], `Region ${table.region} is not listed under "regions".`);
    }
    const first = credit.findIndex(
      ({ region, currency }) => region === table.region && currency === table.currency,
    );
    if (first < index)
      report(['credit', index], `Region ${table.region} has a table in ${table.currency} already.`);
    if (!bonuses) return;
    for (const { id } of bonuses) {
      if (!Object.hasOwn(table.bonuses, id)) {
        report(['credit', index, 'bonuses'], `State what bonus "${id}" adds here ("0.00" for nothing).`);
      }
    }
    for (const id of Object.keys(table.bonuses)) {
      if (!bonuses.some((bonus) => bonus.id === id)) {
        report(['credit', index, 'bonuses', id], `There is no bonus "${id}" under "bonuses".`);
      }
    }
  });
  for (const region of Object.keys(regions ?? {})) {
    if (!credit.some((table) => table.region === region))
      report(['credit'], `Region ${region} has no amounts; add a table for it.`);
  }
}

function checkAmounts({ credit }: Parts, report: Report) {
  credit?.forEach((table, index) => {
    /** Minor units, or undefined after a report. */
    const minor = (text: string | null, ...path: Path): number | undefined => {
      if (text === null) return undefined;
      const decimals = currencyExponent(table.currency);
      if ((text.split('.')[1] ?? '').length > decimals) {
        return void report(
          ['credit', index, ...path],
          `${table.currency} has ${decimals} decimals; "${text}" has more.`,
        );
      }
      try {
        return parseDecimal(text, table.currency);
      } catch (error) {
        if (!(error instanceof MoneyError)) throw error;
        return void report(['credit', index, ...path], error.message);
      }
    };
    const minimum = minor(table.minimumSpend, 'minimumSpend');
    minor(table.cap, 'cap');
    minor(table.approvalThreshold, 'approvalThreshold');
    for (const [id, text] of Object.entries(table.bonuses)) minor(text, 'bonuses', id);

    const tiers = table.tiers.map((tier, position) => ({
      from: minor(tier.from, 'tiers', position, 'from'),
      amount: minor(tier.amount, 'tiers', position, 'amount'),
    }));
    tiers.forEach((tier, position) => {
      const at = (key: 'from' | 'amount', message: string) =>
        report(['credit', index, 'tiers', position, key], message);
      const previous = tiers[position - 1];
      if (!previous) {
        if (tier.from! > minimum!)
          at('from', 'The first tier begins above the minimum spend, so some spend would earn nothing.');
        return;
      }
      if (tier.from! <= previous.from!) at('from', 'Tiers are listed in ascending order of spend.');
      else if (tier.from! <= minimum!)
        at('from', 'The minimum spend skips the tier below this one; remove that tier.');
      if (tier.amount! < previous.amount!)
        at('amount', 'A higher tier must not pay less than the one below it.');
    });
  });
}

function checkBonusConditions({ bonuses, partners, storePlatforms }: Parts, report: Report) {
  bonuses?.forEach(({ when }, index) => {
    const unknown = (key: keyof Bonus['when'], known: string[] | undefined, list: string) =>
      when[key]?.forEach((id, position) => {
        if (known && !known.includes(id))
          report(['bonuses', index, 'when', key, position], `"${id}" is not listed under "${list}".`);
      });
    unknown(
      'surveyPartner',
      partners?.map((partner) => partner.id),
      'partners',
    );
    unknown('storePlatformNot', storePlatforms, 'storePlatforms');
    if (storePlatforms?.every((platform) => when.storePlatformNot?.includes(platform))) {
      report(
        ['bonuses', index, 'when', 'storePlatformNot'],
        'Every store platform is excluded, so the bonus can never apply.',
      );
    }
  });
}

/** Neither a deferral nor a roll-on may reach past the calendar. */
function checkMoves({ calendar, deferral, policies }: Parts, report: Report) {
  if (deferral && deferral.maximum > 0 && deferral.by.length === 0) {
    report(['deferral', 'by'], 'Say who may defer, or set the maximum to 0.');
  }
  if (!calendar) return;
  const most = calendar.length - 1;
  const message = `The calendar has ${calendar.length} months, so at most ${most} moves are possible.`;
  if (deferral && deferral.maximum > most) report(['deferral', 'maximum'], message);
  for (const key of ['missedFacts', 'noSpend'] as const) {
    const policy = policies?.[key];
    if (policy?.then === 'roll_on' && policy.atMost > most) report(['policies', key, 'atMost'], message);
  }
}

function checkTestClock({ testClock, rail }: Parts, report: Report) {
  if (testClock && rail && rail !== 'sandbox') {
    report(['rail'], 'A program on a test clock pays by the rail "sandbox" only.');
  }
}

function monthAfter(month: string): string {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`;
}
