/**
 * The program definition: what an admin writes to get an incentive program. Validated here on the way in, stored as
 * immutable revisions, trusted afterwards. Needs zod, so never imported by workflow code, except for its types.
 *
 * Amounts are decimal strings of the currency that stands beside them, dates are calendar dates `YYYY-MM-DD`, months
 * `YYYY-MM`. Quotations are from the program page of October 2023.
 */
import { z } from 'zod';
import { calculationMonthOf, isTimeZone, planRow } from './calendar';
import { MoneyError, currencyExponent, parseDecimal } from './money';

const text = z.string().trim().min(1, 'Write a text here.');
const id = z
  .string()
  .regex(
    /^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/,
    'Use lower-case letters, digits, hyphens and underscores, such as "woocommerce".',
  );
const kebabId = z
  .string()
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'Use lower-case letters, digits and hyphens, such as "pps-demo".');
// This century only: a mistyped year is caught, and the months of a window are never too many to go through.
const date = z.iso
  .date('Write an existing date as YYYY-MM-DD.')
  .regex(/^20/, 'Write a year from 2000 to 2099.');
const month = z.string().regex(/^20\d{2}-(0[1-9]|1[0-2])$/, 'Write the month as YYYY-MM.');
const amount = z
  .string()
  .regex(
    /^(0|[1-9]\d*)(\.\d+)?$/,
    'Write the amount as a decimal string such as "5000.00", without separators or sign.',
  );
const region = z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'Write the region in capitals, such as "US" or "EU".');
const days = z
  .array(z.int().min(1, 'Days are counted from 1.'))
  .refine(
    (list) => list.every((day, index) => index === 0 || day > list[index - 1]!),
    'Put the days in ascending order, each once.',
  );
const rollOnOrClose = z.discriminatedUnion('then', [
  z.strictObject({
    then: z.literal('roll_on'),
    /** How many times one enrollment may be moved to the next calculation month. */
    atMost: z.int().min(1, 'Allow at least one move, or use {"then": "close"}.'),
  }),
  z.strictObject({ then: z.literal('close') }),
]);

const question = z.discriminatedUnion('type', [
  z.strictObject({
    id,
    text,
    type: z.enum(['text', 'number', 'boolean']),
    /** Whether the questionnaire is complete only with an answer to it. */
    required: z.boolean(),
  }),
  z.strictObject({
    id,
    text,
    type: z.literal('choice'),
    required: z.boolean(),
    /** The permitted answers, as shown. */
    choices: z
      .array(text)
      .min(2, 'A choice needs at least two answers.')
      .refine((list) => new Set(list).size === list.length, 'Each answer must be listed once.'),
  }),
]);

/** All amounts of one region in one currency. "The amount varies by region." */
const amountTable = z.strictObject({
  region,
  /** ISO 4217; the currency of every amount in this table, and the one that the ad account must have. */
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'Write the currency as its three-letter ISO 4217 code, such as "USD".'),
  /** Spend in the calculation period from which the brand counts as "actively advertising". */
  minimumSpend: amount,
  /** Ascending by `from` (spend in the period, inclusive). Only the highest tier reached is paid. */
  tiers: z.array(z.strictObject({ from: amount, amount })).min(1, 'Add at least one tier.'),
  /** What each bonus of the program adds here, by bonus id; every bonus is named ("0.00" where it adds nothing). */
  bonuses: z.record(z.string(), amount).default({}),
  /** The most that one enrollment gets, bonuses included; null for no cap. */
  cap: amount.nullable().default(null),
  /** A credit above this amount waits for an approver; null for never. */
  approvalThreshold: amount.nullable().default(null),
});

const definitionSchema = z.strictObject({
  /** For editors only. */
  $schema: z.string().optional(),
  schemaVersion: z.literal(1, 'This version reads schemaVersion 1 only.'),
  /** Names the program in URLs and workflow ids; never changes. */
  id: kebabId,
  name: text,
  /** Shown wherever the program's amounts are shown, e.g. that they are illustrative; null for none. */
  notice: text.nullable().default(null),
  /** First and last day, in the program's time zone, on which one may enroll. "For a limited time." */
  window: z.strictObject({ from: date, to: date }),
  /** IANA name; the zone of the window, the month of enrollment and the payout dates. */
  timeZone: z.string().refine(isTimeZone, 'Write an IANA time zone such as "America/Los_Angeles".'),
  supportMail: z.email('Write a mail address.'),
  /** The approved survey partners: "Fairing, KnoCommerce or Okendo". */
  partners: z
    .array(
      z.strictObject({
        id,
        name: text,
        /** Who says that criteria 1 to 3 hold: the partner (`attested`), or a check against its API (`machine`). */
        verification: z.enum(['attested', 'machine']),
      }),
    )
    .min(1, 'Approve at least one survey partner.'),
  /** Ids that the form offers, e.g. `shopify`. */
  storePlatforms: z.array(id).min(1, 'List at least one store platform.'),
  /** Region to ISO 3166-1 alpha-2 countries: "as TikTok categorises the region of the ad account". */
  regions: z.record(
    region,
    z
      .array(
        z.string().regex(/^[A-Z]{2}$/, 'Write the country as its two-letter ISO 3166 code, such as "GB".'),
      )
      .min(1, 'List at least one country.'),
  ),
  /**
   * "Ad Credit Payout Dates": the period that follows from each month of enrollment, in order. The calculation month,
   * to which deferrals refer, is the month of `periodTo`.
   */
  calendar: z
    .array(z.strictObject({ enrollmentMonth: month, periodFrom: date, periodTo: date, payoutDate: date }))
    .min(1, 'Add at least one month.'),
  /** Which figure of the spend report counts. */
  spendBasis: z.enum(['spend', 'billed_cost', 'cash_spend']),
  /** Hours between the end of a period and its calculation, because spend settles late. */
  settlementDelayHours: z
    .int()
    .min(48, 'Spend settles late: wait at least 48 hours.')
    .max(24 * 60, 'Wait at most 60 days.')
    .default(48),
  /** "Ad Credit Incentive Amounts": one table for each region and currency. */
  credit: z.array(amountTable).min(1, 'Add at least one table of amounts.'),
  /** Amounts on top of the tier; what each adds stands in the tables of `credit`. "Up to $500 more." */
  bonuses: z
    .array(
      z.strictObject({
        id,
        /** The condition in words, as printed in the credit's explanation. */
        name: text,
        /** All conditions given must hold. "Non-Shopify and KnoCommerce." */
        when: z
          .strictObject({
            storePlatformNot: z
              .array(id)
              .min(1, 'Name a store platform, or leave the condition out.')
              .optional(),
            surveyPartner: z
              .array(id)
              .min(1, 'Name a survey partner, or leave the condition out.')
              .optional(),
          })
          .refine(
            (when) => Object.values(when).some((condition) => condition !== undefined),
            'State at least one condition.',
          ),
      }),
    )
    .default([]),
  /** "An advertiser that expects to spend more later defers its period to a future month." */
  deferral: z.strictObject({
    /** Deferrals per enrollment; 0 for none. */
    maximum: z.int().min(0, 'Write 0 for no deferral.'),
    by: z.array(z.enum(['partner', 'admin'])),
  }),
  policies: z.strictObject({
    /** A criterion is still open on the calculation date. */
    missedFacts: rollOnOrClose,
    /** No spend in the period, or less than the minimum. */
    noSpend: rollOnOrClose,
    /** The payout date has passed when the credit is ready. */
    latePayoutDate: z.strictObject({ then: z.enum(['pay_at_once', 'next_in_calendar']) }),
  }),
  /** Days after the start of a wait on which each party is reminded. */
  reminders: z.strictObject({ advertiserDays: days, partnerDays: days, approverDays: days }),
  /** "Must fill out the questionnaire." */
  questionnaire: z.strictObject({ questions: z.array(question).min(1, 'Ask at least one question.') }),
  /** Hosts that many brands share; a store there is refused with the request for the brand's own domain. */
  sharedStoreHosts: z
    .array(
      z
        .string()
        .regex(
          /^(?!www\.)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/,
          'Write the host in lower-case ASCII, without scheme, path or "www.", such as "etsy.com".',
        ),
    )
    .default([]),
  /** "Authorizes data sharing to TikTok": the text agreed to, and the version that submissions name. */
  dataSharing: z.strictObject({ textVersion: text, text }),
  /** How credits are transferred. `sandbox` moves nothing real, `manual` is settled by an admin. */
  rail: z.enum(['sandbox', 'manual']),
  /** The program's own clock, for demos and tests; null for real time. Needs the rail `sandbox`. */
  testClock: z
    .strictObject({
      /** What the clock shows when the program is published. */
      startsAt: z.iso.datetime('Write an instant in UTC such as "2023-10-12T16:00:00Z".'),
      /** Program time passing per real time; 0 stands still. */
      speed: z.number().min(0, 'A clock never goes backwards: write 0 or more.'),
    })
    .nullable()
    .default(null),
});

export type ProgramDefinition = z.infer<typeof definitionSchema>;
export type CalendarRow = ProgramDefinition['calendar'][number];
export type AmountTable = ProgramDefinition['credit'][number];
export type Bonus = ProgramDefinition['bonuses'][number];
export type Question = ProgramDefinition['questionnaire']['questions'][number];

/** One thing that is wrong with a definition. */
export interface DefinitionProblem {
  /** JSON pointer (RFC 6901) to the value; empty for the whole document. */
  pointer: string;
  /** A sentence that says what to do. */
  message: string;
}

/** Everything that is wrong with a definition, at once. */
export class DefinitionError extends Error {
  override readonly name = 'DefinitionError';
  readonly code = 'DEFINITION_INVALID';
  constructor(readonly errors: readonly DefinitionProblem[]) {
    super(
      `The program definition has ${errors.length === 1 ? 'an error' : `${errors.length} errors`}: ` +
        errors.map(({ pointer, message }) => `${pointer || '(document)'}: ${message}`).join(' '),
    );
  }
}

/** Validates a definition and fills in its defaults. Throws DefinitionError with every error found. */
export function parseDefinition(json: unknown): ProgramDefinition {
  const parsed = definitionSchema.safeParse(json, { error: describeIssue });
  const errors: DefinitionProblem[] = parsed.success ? [] : parsed.error.issues.flatMap(problemsOf);
  // The checks across values run on those parts that are valid by themselves, so that one typing error hides nothing.
  const report = (path: Path, message: string) => void errors.push({ pointer: pointerTo(path), message });
  const parts = parsed.success ? parsed.data : validParts(json);
  for (const check of CHECKS) check(parts, report);
  if (!parsed.success || errors.length > 0) throw new DefinitionError(errors);
  return parsed.data;
}

type Path = readonly PropertyKey[];
type Report = (path: Path, message: string) => void;
type Parts = Partial<ProgramDefinition>;

const CHECKS: readonly ((parts: Parts, report: Report) => void)[] = [
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

/** The members of the document that are valid by themselves. */
function validParts(json: unknown): Parts {
  if (typeof json !== 'object' || json === null) return {};
  const entries = Object.entries(definitionSchema.shape).flatMap(([key, schema]) => {
    const parsed = schema.safeParse((json as Record<string, unknown>)[key]);
    return parsed.success ? [[key, parsed.data]] : [];
  });
  return Object.fromEntries(entries) as Parts;
}

/** Sentences for what the schema itself has none for. */
function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'unrecognized_keys' && issue.input === undefined) return 'This is missing; add it.';
  if (issue.code === 'invalid_union' && 'options' in issue) return oneOf(issue.options as unknown[]);
  if (issue.code === 'invalid_type') return `This must be of type ${issue.expected}.`;
  if (issue.code === 'invalid_value') return oneOf(issue.values);
  return undefined;
}

function oneOf(values: readonly unknown[]): string {
  return `Write one of: ${values.map((value) => JSON.stringify(value)).join(', ')}.`;
}

function problemsOf(issue: z.core.$ZodIssue): DefinitionProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointerTo([...issue.path, key]),
      message: 'Unknown key; remove it.',
    }));
  }
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return [{ pointer: pointerTo(issue.path), message }];
}

/** RFC 6901. */
function pointerTo(path: Path): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
