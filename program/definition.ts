/**
 * The program definition: what an admin writes to get an incentive program. Validated on the way in (parseDefinition.ts),
 * stored as immutable revisions, trusted afterwards. Needs zod, so never imported by workflow code, except for its types.
 * The descriptions below are also those of the published JSON Schema (jsonSchema.ts).
 *
 * Amounts are decimal strings of the currency that stands beside them, dates are calendar dates `YYYY-MM-DD`, months
 * `YYYY-MM`. Quotations are from the program page of October 2023.
 */
import { z } from 'zod';
import { MAXIMUM_SPEED } from './clock';
import { isTimeZone } from './timeZone';

// Neither can be stored: a NUL, and half of a surrogate pair.
const text = z
  .string()
  .trim()
  .min(1, 'Write a text here.')
  .regex(/^[^\0\p{Surrogate}]*$/u, 'Write the text without NUL and broken characters.');
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
  .date({ error: 'Write an existing date as YYYY-MM-DD.', abort: true })
  .regex(/^20/, 'Write a year from 2000 to 2099.');
const month = z.string().regex(/^20\d{2}-(0[1-9]|1[0-2])$/, 'Write the month as YYYY-MM.');
const amount = z
  .string()
  .regex(
    /^(0|[1-9]\d*)(\.\d+)?$/,
    'Write the amount as a decimal string such as "5000.00", without separators or sign.',
  );
const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'Write the currency as its three-letter ISO 4217 code, such as "USD".');
const percent = z
  .string()
  .regex(/^(0|[1-9]\d{0,2})(\.\d{1,4})?$/, {
    error:
      'Write the percentage as a decimal string with at most three digits and four decimals, such as "12.5".',
    abort: true,
  })
  .refine((text) => Number(text) > 0, 'Write a percentage above 0.');
const region = z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'Write the region in capitals, such as "US" or "EU".');
const days = z
  .array(z.int().min(1, 'Count the days from 1.'))
  .refine(
    (list) => list.every((day, index) => index === 0 || day > list[index - 1]!),
    'Put the days in ascending order, each once.',
  );
const rollOnOrClose = z.discriminatedUnion('then', [
  z.strictObject({
    then: z.literal('roll_on'),
    atMost: z
      .int()
      .min(1, 'Allow at least one move, or use {"then": "close"}.')
      .describe('How many times one enrollment may be moved to the next calculation month.'),
  }),
  z.strictObject({ then: z.literal('close') }),
]);

const question = z.discriminatedUnion('type', [
  z.strictObject({
    id,
    text,
    type: z.enum(['text', 'number', 'boolean']),
    required: z.boolean().describe('Whether the questionnaire is complete only with an answer to it.'),
  }),
  z.strictObject({
    id,
    text,
    type: z.literal('choice'),
    required: z.boolean(),
    choices: z
      .array(text)
      .min(2, 'Give at least two answers to choose from.')
      .refine((list) => new Set(list).size === list.length, 'List each answer once.')
      .describe('The permitted answers, as shown.'),
  }),
]);

/** Either `amount`, or `percent` with `upTo` (checked in definitionChecks/amounts.ts). */
const pay = z.strictObject({
  amount: amount.optional().describe('A fixed amount.'),
  percent: percent.optional().describe('Instead of an amount: per cent of the spend in the period.'),
  upTo: amount.optional().describe('The most that the percentage gives.'),
});

const tier = pay.extend({
  from: amount.describe('Spend in the calculation period from which this tier holds (inclusive).'),
});

export const amountTable = z
  .strictObject({
    region,
    currency: currency.describe(
      'ISO 4217; the currency of every amount in this table, and the one that the ad account must have.',
    ),
    tiers: z
      .array(tier)
      .min(1, 'Add at least one tier.')
      .describe(
        'Ascending by "from"; only the highest tier reached is paid. The first one states the minimum spend from which the brand counts as "actively advertising". One tier alone is a fixed amount, or a share of the spend.',
      ),
    bonuses: z
      .record(z.string(), pay)
      .default({})
      .describe(
        'What each bonus of the program adds here, by bonus id; {"amount": "0"} where it adds nothing.',
      ),
    cap: amount
      .nullable()
      .default(null)
      .describe('The most that one enrollment gets, bonuses included; null for no cap.'),
    approvalThreshold: amount
      .nullable()
      .default(null)
      .describe('A credit above this amount waits for an approver; null for never.'),
  })
  .describe('All amounts of one region in one currency. "The amount varies by region."');

export const calendarRow = z.strictObject({
  enrollmentMonth: month,
  periodFrom: date,
  periodTo: date,
  payoutDate: date,
});

export const definitionSchema = z.strictObject({
  schemaVersion: z.literal(1, 'Write 1, the only schemaVersion that this version reads.'),
  id: kebabId.describe('Names the program in URLs and workflow ids; never changes.'),
  name: text,
  notice: text
    .nullable()
    .default(null)
    .describe("Shown wherever the program's amounts are shown, e.g. that they are illustrative."),
  window: z
    .strictObject({ from: date, to: date })
    .describe(
      'First and last day, in the program\'s time zone, on which one may enroll. "For a limited time."',
    ),
  timeZone: z
    .string()
    .refine(isTimeZone, 'Write an IANA time zone such as "America/Los_Angeles".')
    .describe('IANA name; the zone of the window, the month of enrollment and the payout dates.'),
  supportMail: z.email('Write a mail address.'),
  partners: z
    .array(
      z.strictObject({
        id,
        name: text,
        verification: z
          .enum(['attested', 'machine'])
          .describe(
            'Who says that criteria 1 to 3 hold: the partner, or a check with the submitted API key.',
          ),
        attributionPrompts: z
          .array(text)
          .optional()
          .describe(
            'For "machine": texts of the template\'s attribution questions. One of them must be contained in a published question of the survey, in capitals or not.',
          ),
      }),
    )
    .min(1, 'Approve at least one survey partner.')
    .describe('The approved survey partners: "Fairing, KnoCommerce or Okendo".'),
  storePlatforms: z
    .array(id)
    .min(1, 'List at least one store platform.')
    .describe('Ids that the form offers, e.g. "shopify".'),
  regions: z
    .record(
      region,
      z
        .array(
          z.string().regex(/^[A-Z]{2}$/, 'Write the country as its two-letter ISO 3166 code, such as "GB".'),
        )
        .min(1, 'List at least one country.'),
    )
    .describe(
      'Region to ISO 3166-1 alpha-2 countries: "as TikTok categorises the region of the ad account".',
    ),
  calendar: z
    .array(calendarRow)
    .default([])
    .describe(
      '"Ad Credit Payout Dates": the period that follows from each month of enrollment, in order. The calculation month, to which deferrals refer, is the month of "periodTo".',
    ),
  rollingPeriod: z
    .strictObject({
      days: z
        .int()
        .min(1, 'Write at least one day.')
        .max(366, 'Write at most 366 days.')
        .describe('Length of the period, which begins on the day of enrollment.'),
      payoutAfterDays: z
        .int()
        .min(1, 'Pay at least one day after the period.')
        .max(366, 'Pay within 366 days after the period.')
        .describe('Days from the last day of the period to the payout date.'),
      lastMonth: month.describe('The last calculation month to which an enrollment can be moved.'),
    })
    .nullable()
    .default(null)
    .describe(
      'Instead of the calendar: so many days from the day of enrollment. A move to a later month keeps the length and the last day of the month.',
    ),
  spendBasis: z
    .enum(['spend', 'billed_cost', 'cash_spend'])
    .describe('Which figure of the spend report counts.'),
  lookBackDays: z
    .int()
    .min(1, 'Look back at least one day, or write null.')
    .max(366, 'Look back at most 366 days.')
    .nullable()
    .default(null)
    .describe(
      'An ad account that spent in so many days before the day of enrollment gets no credit; null: any may.',
    ),
  settlementDelayHours: z
    .int()
    .min(48, 'Spend settles late: wait at least 48 hours.')
    .max(24 * 60, 'Wait at most 60 days.')
    .default(48)
    .describe('Hours between the end of a period and its calculation, because spend settles late.'),
  credit: z
    .array(amountTable)
    .min(1, 'Add at least one table of amounts.')
    .describe('"Ad Credit Incentive Amounts": one table for each region and currency.'),
  rounding: z
    .enum(['half_up', 'half_even', 'down'])
    .describe('How a percentage is rounded to the minor unit of its currency; nothing else is ever rounded.'),
  bonuses: z
    .array(
      z.strictObject({
        id,
        name: text.describe("The condition in words, as printed in the credit's explanation."),
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
          )
          .describe('All conditions given must hold. "Non-Shopify and KnoCommerce."'),
      }),
    )
    .default([])
    .describe(
      'Amounts on top of the tier; what each adds stands in the tables of "credit". "Up to $500 more."',
    ),
  budgets: z
    .array(
      z.strictObject({
        currency,
        amount,
        regions: z
          .array(region)
          .min(1, 'Name a region, or write null for all.')
          .nullable()
          .default(null)
          .describe('The regions that share it; null for the whole program.'),
      }),
    )
    .default([])
    .describe(
      'The most that all credits in one currency may come to, for the program or some of its regions.',
    ),
  creditExpiryDays: z
    .int()
    .min(1, 'Write at least one day, or null.')
    .nullable()
    .default(null)
    .describe('Days after the payout in which the credit can be used; null if it does not say.'),
  payoutSpreadMinutes: z
    .int()
    .min(0, 'Write 0 to begin all payouts of a date at once.')
    .max(24 * 60, 'Spread the payouts over a day at most.')
    .default(0)
    .describe('The payouts of one date begin within so many minutes, each at a moment of its own.'),
  deferral: z
    .strictObject({
      maximum: z.int().min(0, 'Write 0 for no deferral.').describe('Deferrals per enrollment; 0 for none.'),
      by: z
        .array(z.enum(['partner', 'admin']))
        .refine((list) => new Set(list).size === list.length, 'Name each once.'),
    })
    .describe('"An advertiser that expects to spend more later defers its period to a future month."'),
  policies: z.strictObject({
    missedFacts: rollOnOrClose.describe('A criterion is still open on the calculation date.'),
    noSpend: rollOnOrClose.describe('No spend in the period, or less than the minimum.'),
    latePayoutDate: z
      .strictObject({ then: z.enum(['pay_at_once', 'next_in_calendar']) })
      .describe('The payout date has passed when the credit is ready.'),
  }),
  reminders: z
    .strictObject({ advertiserDays: days, partnerDays: days, approverDays: days })
    .describe('Days after the start of a wait on which each party is reminded.'),
  questionnaire: z
    .strictObject({ questions: z.array(question).min(1, 'Ask at least one question.') })
    .describe('"Must fill out the questionnaire."'),
  sharedStoreHosts: z
    .array(
      z
        .string()
        .regex(
          /^(?!www\.)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/,
          'Write the host in lower-case ASCII, without scheme, path or "www.", such as "etsy.com".',
        ),
    )
    .default([])
    .describe(
      "Hosts that many brands share; a store there is refused with the request for the brand's own domain.",
    ),
  dataSharing: z
    .strictObject({ textVersion: text, text })
    .describe(
      '"Authorizes data sharing to TikTok": the text agreed to, and the version that submissions name.',
    ),
  rail: z
    .enum(['sandbox', 'manual'])
    .describe(
      'How credits are transferred: "sandbox" moves nothing real, by "manual" no worker pays yet, so its payouts wait.',
    ),
  testClock: z
    .strictObject({
      startsAt: z.iso
        .datetime('Write an instant in UTC such as "2023-10-12T16:00:00Z".')
        .describe('What the clock shows when the program is published.'),
      speed: z
        .number()
        .min(0, 'A clock never goes backwards: write 0 or more.')
        .max(MAXIMUM_SPEED, `Write at most ${MAXIMUM_SPEED}.`)
        .describe('Program time passing per real time; 0 stands still.'),
    })
    .nullable()
    .default(null)
    .describe('The program\'s own clock, for demos and tests; null for real time. Needs the rail "sandbox".'),
});

export type ProgramDefinition = z.infer<typeof definitionSchema>;
export type CalendarRow = ProgramDefinition['calendar'][number];
export type AmountTable = ProgramDefinition['credit'][number];
export type Pay = z.infer<typeof pay>;
export type Bonus = ProgramDefinition['bonuses'][number];
export type Question = ProgramDefinition['questionnaire']['questions'][number];
