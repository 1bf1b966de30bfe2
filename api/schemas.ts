/** Requests as callers send them; unknown fields are refused. */
import { z } from 'zod';
import { MAXIMUM_SPEED } from '../program/clock';
import { PARTNER_CRITERIA } from '../program/criteria';
import { APPROVAL_OUTCOMES, REASONS_FOR, WAIVABLE } from '../program/decision';
import { REASONS, type ReasonCode } from '../program/reasonCodes';
import { AWAITED, STATUSES, WAITEES } from '../program/status';
import { IDS } from './examples/ids';

/**
 * What is wrong with a field, in words that follow its name; where a schema below says it better, that holds. For
 * `safeParse`.
 */
export function inPlainWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_key') return 'has a name that is too long or holds control characters';
  if (issue.code !== 'invalid_type') return undefined;
  if (issue.input === undefined) return 'is required';
  return TYPES[issue.expected];
}

const TYPES: Partial<Record<string, string>> = {
  string: 'must be a text',
  number: 'must be a number',
  boolean: 'must be true or false',
  object: 'must be an object',
  record: 'must be an object',
};

/** A message for what is there but wrong; what is missing "is required" (inPlainWords). */
const unlessMissing = (message: string) => ({
  error: ({ input }: { input?: unknown }) => (input === undefined ? undefined : message),
});

export const text = (max: number) => limitedText(max).trim().regex(/\S/, 'must not be empty');
/** Counts as JSON Schema does, not in units of UTF-16. PostgreSQL stores neither a NUL nor half of a surrogate pair. */
const limitedText = (max: number) =>
  z
    .string()
    .refine((value) => [...value].length <= max, `must have at most ${max} characters`)
    .regex(/^[^\0\p{Surrogate}]*$/u, 'must be a text without control characters')
    .meta({ maxLength: max });
export const advertiserId = z
  .string(unlessMissing('must be a string: an advertiser id has more digits than a JSON number can hold'))
  .regex(/^\d{1,20}$/, 'must be the digits of the Advertiser ID (in TikTok Ads Manager), as a string');

/** Goes into a header of a request to the survey partner, as it is. Its message shows nothing of it. */
const partnerApiKey = z
  .string()
  .max(500, 'must have at most 500 characters')
  .trim()
  .regex(
    /^[\x21-\x7e]+$/,
    'must be the API key as the survey partner shows it: visible ASCII characters, no spaces',
  );

const email = z
  .email(unlessMissing('must be an e-mail address'))
  .max(254, 'must have at most 254 characters');

export const createEnrollmentBody = z.strictObject({
  programId: text(64),
  brand: z.strictObject({ name: text(200), storeUrl: text(500) }),
  contact: z.strictObject({ name: text(200), email }),
  surveyPartner: text(64),
  storePlatform: text(64),
  advertiserId,
  dataSharing: z.strictObject({ authorized: z.boolean(), textVersion: text(64) }),
  externalId: text(200).optional(),
  partnerApiKey: partnerApiKey.optional(),
});
export type CreateEnrollmentBody = z.infer<typeof createEnrollmentBody>;

/** The form again, for an enrollment that is named by its id; program and brand domain stay as they are. */
export const resubmissionBody = createEnrollmentBody.omit({ programId: true });
export type FormBody = z.infer<typeof resubmissionBody>;

export const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, unlessMissing(`must be one of ${values.join(', ')}`));
const note = text(5_000);

/** The partner names the ad account that it speaks of, so that nothing is said of one that was replaced meanwhile. */
export const confirmationBody = z.strictObject({
  advertiserId,
  criteria: z
    .array(oneOf(PARTNER_CRITERIA), unlessMissing(`must be a list of some of ${PARTNER_CRITERIA.join(', ')}`))
    .min(1, 'must name a criterion, or be left out for all')
    .optional(),
});
export type ConfirmationBody = z.infer<typeof confirmationBody>;

export const rejectionBody = confirmationBody.extend({
  reasonCode: oneOf(REASONS_FOR.partner_rejection).optional(),
});
export type RejectionBody = z.infer<typeof rejectionBody>;

export const noteBody = z.strictObject({ note: note.optional() });
export type NoteBody = z.infer<typeof noteBody>;

/** For what stops an enrollment, or lets it go on against a rule: it needs a reason in words. */
export const requiredNoteBody = z.strictObject({ note });
export type RequiredNoteBody = z.infer<typeof requiredNoteBody>;

export const contactErasureBody = requiredNoteBody.extend({ contactEmail: email });
export type ContactErasureBody = z.infer<typeof contactErasureBody>;

export const restartBody = requiredNoteBody.extend({ lastKnown: z.boolean().optional() });
export type RestartBody = z.infer<typeof restartBody>;

export const holdBody = requiredNoteBody.extend({ reasonCode: oneOf(REASONS_FOR.hold) });
export type HoldBody = z.infer<typeof holdBody>;

export const waiverBody = requiredNoteBody.extend({
  criterion: oneOf(WAIVABLE),
  reasonCode: oneOf(REASONS_FOR.waiver),
});
export type WaiverBody = z.infer<typeof waiverBody>;

/** What is sent back comes to somebody who has to know why. */
export const approvalBody = noteBody
  .extend({
    outcome: oneOf(APPROVAL_OUTCOMES),
    statementId: text(64),
    reasonCode: oneOf(REASONS_FOR.approval).optional(),
  })
  .refine(({ outcome, reasonCode, note }) => outcome !== 'send_back' || (reasonCode ?? note) !== undefined, {
    path: ['reasonCode'],
    error: 'is required to send back, or a note',
  })
  .meta({
    if: { properties: { outcome: { const: 'send_back' } } },
    then: { anyOf: [{ required: ['reasonCode'] }, { required: ['note'] }] },
  });
export type ApprovalBody = z.infer<typeof approvalBody>;

export const questionnaireBody = z.strictObject({
  answers: z.record(
    // Refused in any object (bodies.ts); here the document says so.
    limitedText(100).regex(/^(?!__proto__$)/),
    z.union([limitedText(5_000), z.number(), z.boolean()], 'must be a text, a number, true or false'),
  ),
});
export type QuestionnaireBody = z.infer<typeof questionnaireBody>;

const calculationMonth = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a calculation month, YYYY-MM')
  .meta({ examples: ['2023-12'] });
export const deferralBody = z.strictObject({ month: calculationMonth });

const INSTANT = 'must be an instant in UTC such as "2023-12-01T00:00:00Z"';
const SPEED = 'must be a number from 0 to 1,000,000';
export const clockBody = z
  .strictObject({
    advanceTo: z.iso.datetime(INSTANT).optional(),
    speed: z
      .number(SPEED)
      .refine((speed) => speed >= 0 && speed <= MAXIMUM_SPEED, SPEED)
      .meta({ minimum: 0, maximum: MAXIMUM_SPEED })
      .optional(),
  })
  .refine(
    (body) => body.advanceTo !== undefined || body.speed !== undefined,
    'name advanceTo, speed, or both',
  )
  .meta({ minProperties: 1 });

const LIMIT = 'must be a whole number from 1 to 200';
export const limit = z.coerce
  .number(LIMIT)
  .refine((given) => Number.isInteger(given) && given >= 1 && given <= 200, LIMIT)
  .meta({ type: 'integer', minimum: 1, maximum: 200, examples: [20] })
  .default(50);
const after = text(300)
  .meta({
    format: 'cursor',
    description: '`next` of the page before, with the same filters and sort.',
    examples: ['MzRhN2YxMGM5ZDJlYjU2OCAxNzY4NDY5NDAwMDAwMDAwIGVucl80ZTAyZTQ1NDg4OWY0MjU1OTkzYw'],
  })
  .optional();

const programId = text(64).meta({ examples: [IDS.programId] });

const SORTS = ['createdAt', '-createdAt', 'updatedAt', '-updatedAt'] as const;

/** Of a query, where one value and a list of one look the same. */
const several = <S extends z.ZodType>(member: S, max: number) =>
  z.preprocess(
    (value): unknown => (Array.isArray(value) ? value : [value]),
    z.array(member).max(max, `must be given at most ${max} times`),
  );
const yesOrNo = z.stringbool({
  truthy: ['true'],
  falsy: ['false'],
  case: 'sensitive',
  error: 'must be true or false',
});

export const listQuery = z.strictObject({
  program: programId.optional(),
  status: several(oneOf(STATUSES), STATUSES.length)
    .optional()
    .meta({ description: 'Given several times: any of them.', examples: [['paid', 'ineligible']] }),
  waitingFor: oneOf([...WAITEES, ...AWAITED])
    .optional()
    .meta({
      description: 'A party that something is expected of, or what is expected.',
      examples: ['partner'],
    }),
  partner: text(64)
    .optional()
    .meta({ description: 'Survey partner.', examples: ['kno'] }),
  month: calculationMonth.optional().describe('Calculation month.'),
  brandDomain: text(253)
    .toLowerCase()
    .optional()
    .meta({ examples: ['southwind.example'] }),
  reasonCode: oneOf(Object.keys(REASONS) as ReasonCode[])
    .optional()
    .meta({
      description: 'Why it ended; of an open one why it is held, or a criterion has failed.',
      examples: ['NO_SPEND_IN_PERIOD'],
    }),
  updatedSince: z.iso
    .datetime(unlessMissing(INSTANT))
    .optional()
    .meta({ description: 'Real time, inclusive.', examples: ['2026-01-15T09:30:00Z'] }),
  sort: oneOf(SORTS)
    .default('-createdAt')
    .meta({ description: 'With `-` the latest first.', examples: ['updatedAt'] }),
  limit,
  after,
  total: yesOrNo.default(false).meta({ description: 'Count all pages, too.', examples: [true] }),
});
export type ListQuery = z.infer<typeof listQuery>;

export const importQuery = z.strictObject({ programId });

/** The filters of a list. */
export const exportQuery = listQuery.omit({ sort: true, limit: true, after: true, total: true });
export type ExportQuery = z.infer<typeof exportQuery>;

export const countsQuery = listQuery.pick({ program: true });

const day = z.iso
  .date(unlessMissing('must be a day such as "2023-10-20"'))
  .regex(/^20/, 'must be a day from 2000 to 2099');
export const calendarQuery = z.strictObject({
  enrolledOn: day.optional().meta({
    description: 'Day of enrollment, on which rolling periods depend; today if left out.',
    examples: ['2023-10-20'],
  }),
});

const code = (letters: number, of: string) =>
  z.string().regex(new RegExp(`^[A-Z]{${letters}}$`), `must be the ${of}, ${letters} capitals`);
export const estimateBody = z.strictObject({
  country: code(2, 'country of the ad account by ISO 3166-1'),
  currency: code(3, 'currency of the ad account by ISO 4217'),
  expectedSpend: z
    .string(unlessMissing('must be an amount as a string, such as "12480.00"'))
    .regex(/^\d{1,15}(\.\d{1,4})?$/, 'must be an amount such as "12480.00"')
    .describe('In the period.'),
  surveyPartner: text(64),
  storePlatform: text(64),
  enrolledOn: day.optional().describe('Day of enrollment; today if left out.'),
  month: calculationMonth
    .optional()
    .describe('Calculation month as it is; by the day of enrollment if left out.'),
  deferralsUsed: z
    .int('must be a whole number')
    .min(0, 'must be 0 or more')
    .max(1_000, 'must be at most 1,000')
    .default(0),
});
export type EstimateBody = z.infer<typeof estimateBody>;

export const publishQuery = z.strictObject({
  dryRun: yesOrNo
    .default(false)
    .meta({ description: 'Publish nothing, and answer what would be.', examples: [true] }),
});

/** Checked by program/parseDefinition.ts, which has better sentences for it. */
export const definitionBody = z.looseObject({}).meta({
  propertyNames: { not: { const: '__proto__' } },
  description:
    'A program definition: docs/program-definition.md has every field, `pps program schema` its JSON Schema.',
});

/** Of a list that has one order and no filters. */
export const pageQuery = z.strictObject({ limit, after });

const POSITION = 'must be the position of an entry';
const afterPosition = z.coerce
  .number(POSITION)
  .refine((after) => Number.isInteger(after) && after >= 0 && after < 2 ** 31, POSITION)
  .meta({ type: 'integer', minimum: 0, maximum: 2 ** 31 - 1, examples: [50] })
  .default(0);
export const auditQuery = z.strictObject({ limit, after: afterPosition });

export const batchItemsQuery = z.strictObject({
  status: oneOf(['pending', 'standing', 'done', 'failed'])
    .optional()
    .meta({ examples: ['failed'] }),
  limit,
  after: afterPosition,
});
export type BatchItemsQuery = z.infer<typeof batchItemsQuery>;

export const emptyBody = z.strictObject({});

const expiresAt = z.iso.datetime('must be an instant in UTC such as "2030-12-31T00:00:00Z"').optional();
export const apiKeyBody = z
  .strictObject({
    role: oneOf(['caller', 'partner', 'admin', 'approver', 'operator', 'auditor']),
    id: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 of letters, digits, dot, underscore, hyphen'),
    surveyPartner: text(64).optional(),
    test: z.boolean().default(false).describe('For programs on test clocks only.'),
    expiresAt,
  })
  .refine(({ role, surveyPartner }) => (role === 'partner') === (surveyPartner !== undefined), {
    path: ['surveyPartner'],
    error: 'belongs to keys of role partner, and each of them needs it',
  })
  .meta({
    if: { properties: { role: { const: 'partner' } } },
    then: { required: ['surveyPartner'] },
    else: { not: { required: ['surveyPartner'] } },
  });
export type ApiKeyBody = z.infer<typeof apiKeyBody>;

const OVERLAP = 'must be a number of hours from 0 to 720';
export const rotationBody = z.strictObject({
  overlapHours: z
    .number(OVERLAP)
    .refine((hours) => hours >= 0 && hours <= 720, OVERLAP)
    .meta({ minimum: 0, maximum: 720 })
    .default(24),
  expiresAt,
});
export type RotationBody = z.infer<typeof rotationBody>;
