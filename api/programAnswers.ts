/** Answers about programs, as those in answers.ts. */
import { z } from 'zod';
import { closedMonth, day, instant, money, month, period, reasonCode, role } from './answers';

export const programRevision = z
  .looseObject({ id: z.string() })
  .meta({ id: 'ProgramDefinition', description: 'As docs/program-definition.md describes it.' });

export const programSummary = z.object({
  id: z.string(),
  name: z.string(),
  notice: z.string().nullable().describe('To be shown wherever its amounts are.'),
  revision: z.int().describe('The latest.'),
  window: z.object({ from: day, to: day }).describe('First and last day to enroll.'),
  testClock: z.boolean().describe('Whether it runs on a clock of its own.'),
});
export const programList = z.object({ items: z.array(programSummary.meta({ id: 'ProgramSummary' })) });

export const programClock = z
  .object({
    now: instant.describe("What the program's clock shows."),
    speed: z.number().describe('Program time per real time; 0 stands still.'),
    testClock: z.boolean().describe('Whether it can be adjusted.'),
  })
  .meta({ id: 'ProgramClock' });

export const program = programSummary
  .extend({
    timeZone: z.string(),
    supportMail: z.string(),
    partners: z.array(
      z.object({ id: z.string(), name: z.string(), verification: z.enum(['attested', 'machine']) }),
    ),
    storePlatforms: z.array(z.string()),
    regions: z.record(z.string(), z.array(z.string())).describe('Countries of each.'),
    dataSharing: z.object({ textVersion: z.string(), text: z.string() }),
    deferral: z.object({ maximum: z.int(), by: z.array(role) }),
    questions: z.array(
      z.object({
        id: z.string(),
        text: z.string(),
        type: z.enum(['text', 'number', 'boolean', 'choice']),
        required: z.boolean(),
        choices: z.array(z.string()).optional(),
      }),
    ),
    clock: programClock,
    definition: programRevision.optional().describe('The latest revision as it was published. For staff.'),
  })
  .meta({ id: 'Program' });

export const revisionList = z.object({
  items: z.array(
    z
      .object({ revision: z.int(), publishedAt: instant.describe('Real time.'), publishedBy: z.string() })
      .meta({ id: 'ProgramRevision' }),
  ),
});

export const publication = z
  .object({
    programId: z.string(),
    revision: z.int().describe('The one that holds the definition, or would hold it.'),
    published: z.boolean().describe('False for a dry run, and if the latest revision is the same.'),
    changes: z.array(z.string()).describe('In words, from the revision before; none for the first.'),
  })
  .meta({ id: 'Publication' });

export const calendar = z
  .object({
    revision: z.int(),
    timeZone: z
      .string()
      .describe('In which the calculation dates are shown: an ad account has those of its own.'),
    enrolledOn: day,
    firstMonth: month.nullable().describe('Of who enrolls on that day; null if nobody can.'),
    months: z.array(period),
  })
  .meta({ id: 'Calendar' });

const line = z.object({ text: z.string(), amount: money });

export const estimate = z
  .object({
    revision: z.int(),
    notice: z.string().nullable(),
    expectedSpend: money,
    months: z
      .array(
        period.extend({
          current: z.boolean().describe('The month as it is; the others need a deferral.'),
          credit: money.nullable(),
          reasonCode: reasonCode.nullable().describe('Why there is no credit.'),
          lines: z.array(line).describe('They add up to the credit.'),
          nextTier: z
            .object({ from: money, missing: money })
            .nullable()
            .describe('The spend from which the next tier holds, and how much is missing.'),
        }),
      )
      .describe('An estimate: what counts is the spend that is reported, and all criteria are taken as met.'),
    closed: z.array(closedMonth),
  })
  .meta({ id: 'Estimate' });

export const clock = z
  .object({
    now: instant.describe("What the program's clock shows."),
    speed: z.number().describe('Program time per real time.'),
    woken: z.int().describe('Open enrollments that are being told.'),
  })
  .meta({ id: 'AdjustedClock' });
