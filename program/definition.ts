/**
 * The program definition: what an admin writes to get an incentive program. Validated on the way in (parseDefinition.ts),
 * stored as immutable revisions, trusted afterwards. Needs zod, so never imported by workflow code, except for its types.
 *
 * Amounts are decimal strings of the currency that stands beside them, dates are calendar dates `YYYY-MM-DD`, months
 * `YYYY-MM`. Quotations are from the program page of October 2023.
 */
import { z } from 'zod';
import { isTimeZone } from './timeZone';

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

export const definitionSchema = z.strictObject({
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
