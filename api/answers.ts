/**
 * Answers as callers get them: what presentation.ts returns has these types, and the OpenAPI document is made of them. A
 * schema with an id is a component of its own there.
 */
import { z } from 'zod';
import { STATEMENT_FORMAT } from '../program/creditStatement';
import { APPROVAL_OUTCOMES } from '../program/decision';
import { REASONS, type ReasonCode } from '../program/reasonCodes';
import { AWAITED, STATUSES, WAITEES, type EnrollmentStatus } from '../program/status';
import { PROBLEM_CODES } from './problemCodes';

const CALLING_ROLES = ['caller', 'partner', 'admin', 'approver', 'operator', 'auditor'] as const;
export const instant = z.iso.datetime();
export const month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/);
export const day = z.iso.date();
export const role = z.enum([...CALLING_ROLES, 'service']);

export const reasonCode = z
  .enum(Object.keys(REASONS) as ReasonCode[])
  .meta({ id: 'ReasonCode', description: 'Why something was refused or closed.' });

export const money = z
  .object({
    amountMinor: z.int().describe('In the minor units of the currency.'),
    currency: z.string().describe('ISO 4217.'),
    display: z.string().describe('For people.'),
  })
  .meta({ id: 'Money', examples: [{ amountMinor: 450_000, currency: 'USD', display: '4,500.00 USD' }] });

const actor = z
  .object({ role, id: z.string().optional().describe('Of staff, others learn the role only.') })
  .meta({ id: 'Actor' });

const waiting = z
  .object({
    who: z.enum(WAITEES),
    what: z.enum(AWAITED),
    by: instant.nullable().describe("On the program's clock; null if there is no date."),
  })
  .meta({ id: 'Waiting', description: 'Who must do what by when.' });

const criterion = z
  .object({
    criterion: z.enum([
      'subscription',
      'survey_template',
      'data_sharing',
      'questionnaire',
      'advertiser_located',
      'ad_account_active',
      'region_eligible',
      'active_advertising',
    ]),
    status: z
      .enum(['pending', 'verified', 'attested', 'failed', 'waived'])
      .describe('verified: by a machine; attested: a named party said so.'),
    reasonCode: reasonCode
      .nullable()
      .describe('Why it failed; while it is pending, with which the enrollment would be closed.'),
    evidence: z
      .object({
        source: z.enum([
          'survey_partner',
          'api_key',
          'form',
          'answers',
          'ad_platform',
          'spend_report',
          'decision',
        ]),
        by: actor.nullable(),
        at: instant.nullable(),
        details: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
      })
      .nullable(),
  })
  .meta({ id: 'Criterion' });

export const enrollment = z
  .object({
    id: z.string(),
    programId: z.string(),
    brand: z.object({ name: z.string(), domain: z.string() }),
    surveyPartner: z.string(),
    advertiserId: z.string().describe('Up to 20 digits, so always a string.'),
    externalId: z.string().nullable(),
    partnerApiKey: z.object({ lastFour: z.string() }).nullable(),
    createdAt: instant.describe('Real time.'),
    updatedAt: instant.describe('Real time; the last change of any kind.'),
    status: z.enum(STATUSES).meta({ id: 'EnrollmentStatus' }),
    statusText: z.string().describe('Who must do what by when, and what happens otherwise.'),
    reasonCodes: z.array(reasonCode).describe('Of the ending.'),
    waitingFor: z.array(waiting),
    criteria: z.array(criterion),
    calculationMonth: month,
    calculationDate: instant,
    payoutDate: instant,
    credit: money
      .extend({
        spend: money.extend({ asOf: instant }).nullable().optional(),
        lines: z
          .array(z.object({ text: z.string(), amount: money }))
          .optional()
          .describe('They add up to the credit. Only when one enrollment is read.'),
      })
      .nullable(),
    onHold: z.object({ since: instant, reasonCode }).nullable(),
    approval: z
      .object({
        statementId: z.string(),
        causes: z.array(z.enum(['above_threshold', 'changed_after_confirmation'])),
        since: instant,
        decided: z
          .object({
            outcome: z.enum(APPROVAL_OUTCOMES),
            by: actor,
            reasonCode: reasonCode.nullable(),
          })
          .nullable(),
      })
      .nullable(),
    supersededBy: z.string().nullable().describe("The brand's later enrollment."),
    erasedAt: instant.nullable().describe('When its personal data were erased, in real time.'),
    workflowId: z.string(),
    temporalUiUrl: z.url().optional().describe('For staff.'),
  })
  .meta({ id: 'Enrollment' });

export const enrollmentPage = z.object({
  items: z.array(enrollment),
  next: z.string().nullable().describe('`after` of the next page; null on the last.'),
  total: z.int().optional().describe('Of all pages; with `total=true`.'),
});

export const enrollmentCounts = z
  .object({
    total: z.int(),
    statuses: z.object(
      Object.fromEntries(STATUSES.map((status) => [status, z.int()])) as Record<EnrollmentStatus, z.ZodInt>,
    ),
  })
  .meta({ id: 'EnrollmentCounts' });

const timelineEvent = z
  .object({
    at: instant.describe("On the program's clock."),
    recordedAt: instant.describe('Real time.'),
    type: z.string(),
    actor,
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'TimelineEvent' });
export const timeline = z.object({ items: z.array(timelineEvent) });

export const explanation = z
  .object({
    status: z.enum(STATUSES),
    text: z.string().describe('Who must do what by when, and what happens otherwise.'),
    markdown: z.string().describe('The same with its details.'),
  })
  .meta({ id: 'Explanation' });

export const period = z
  .object({
    month: month.describe('Calculation month: that of the last day on which spend counts.'),
    periodFrom: day,
    periodTo: day.describe("Spend counts to the end of this day in the ad account's time zone."),
    calculationDate: instant,
    payoutDate: instant,
  })
  .meta({ id: 'Period' });

export const closedMonth = z
  .object({ month, reasonCode, reason: z.string() })
  .meta({ id: 'ClosedMonth', description: 'A month that is not open, and why.' });

export const deferralOffer = z
  .object({
    month: month.describe("The enrollment's month as it is."),
    deferralsLeft: z.int(),
    mayDefer: z
      .boolean()
      .describe('Whether the program lets this key defer; the months are shown all the same.'),
    open: z.array(period).describe('To an admin also those that it may go back to.'),
    closed: z.array(closedMonth),
  })
  .meta({ id: 'DeferralOffer' });

export const creditStatement = z
  .looseObject({ format: z.literal(STATEMENT_FORMAT), statementId: z.string(), hash: z.string() })
  .meta({ id: 'CreditStatement', description: 'Verified offline by `pps credit verify`.' });

export const attentionList = z.object({
  items: z.array(
    z
      .object({
        reason: z.string(),
        since: instant,
        enrollmentId: z.string(),
        subject: z.string().nullable(),
        whatToDo: z.string(),
        runbookUrl: z.string(),
        temporalUiUrl: z.url(),
      })
      .meta({ id: 'Attention' }),
  ),
  total: z.int(),
});

export const contactErasure = z.object({
  items: z.array(
    z.object({
      enrollmentId: z.string(),
      outcome: z.enum(['erased', 'open']).describe('What is open stays as it is.'),
      whatToDo: z.string().nullable(),
    }),
  ),
  more: z.boolean().describe('There are others: send a new request.'),
});

export const dismissal = z.object({ dismissed: z.int().describe('Refused messages.') });

export const apiKey = z
  .object({
    keyId: z.string(),
    role: z.enum(CALLING_ROLES),
    id: z.string().describe('The person or system that holds it: the actor of all that is done with it.'),
    surveyPartner: z.string().nullable(),
    test: z.boolean().describe('For programs on test clocks only.'),
    createdAt: instant,
    createdBy: z.object({ role, id: z.string(), keyId: z.string() }),
    expiresAt: instant.nullable(),
    lastUsedAt: instant.nullable().describe('To the minute.'),
    revokedAt: instant.nullable(),
    replacedBy: z.string().nullable().describe('The key that took its place.'),
  })
  .meta({ id: 'ApiKey' });
export const apiKeyPage = z.object({
  items: z.array(apiKey),
  next: z.string().nullable().describe('`after` of the next page; null on the last.'),
});
export const newApiKey = apiKey.extend({
  key: z.string().nullable().describe('Told once; null when an equal request is answered again.'),
});

export const batch = z
  .object({
    batchId: z.string(),
    kind: z.enum(['enrollments', 'partner_confirmations', 'deferrals']),
    state: z
      .enum(['receiving', 'accepted'])
      .describe('Of a file: while it has not arrived in full, nothing of it is carried out.'),
    createdAt: instant.describe('Real time.'),
    total: z.int(),
    pending: z.int(),
    standing: z.int(),
    done: z.int(),
    failed: z.int(),
  })
  .meta({ id: 'Batch' });

const batchItem = z
  .object({
    position: z.int().describe('In the batch, from 1.'),
    status: z.enum(['pending', 'standing', 'done', 'failed']),
    result: z
      .object({
        status: z.int().describe('Of the answer that it would have had by itself.'),
        code: z.string().optional(),
        detail: z.string().optional(),
        errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
        enrollmentId: z.string().optional(),
        standsUntil: instant.optional().describe('Real time.'),
        row: z
          .int()
          .optional()
          .describe('Of a file: its line; where cells hold line ends, as a spreadsheet counts.'),
      })
      .nullable(),
  })
  .meta({ id: 'BatchItem' });
export const batchItemPage = z.object({
  items: z.array(batchItem),
  next: z.int().nullable().describe('`after` of the next page; null on the last.'),
});

const auditEntry = z
  .object({
    position: z.int().describe('In its chain, from 1.'),
    at: instant.describe('Real time.'),
    event: z
      .enum(['requested', 'answered', 'refused'])
      .describe('Before anything is done; with what came of it; or nothing was begun.'),
    actor: z.object({ role, id: z.string() }),
    keyId: z.string(),
    operation: z.string(),
    params: z.record(z.string(), z.string()),
    status: z.int().nullable(),
    code: z.string().nullable(),
    about: z.record(z.string(), z.string()),
    address: z.string(),
    requestId: z.string(),
    messageId: z.string().nullable().describe('Joins request and answer.'),
    hash: z.string().describe('Of this entry and all before it in the chain.'),
  })
  .meta({ id: 'AuditEntry' });
export const auditPage = z.object({
  items: z.array(auditEntry),
  next: z.int().nullable().describe('`after` of the next page; null on the last.'),
});

export const problem = z
  .looseObject({
    type: z.string().describe('Stable; the code in another form.'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable.'),
    detail: z.string().describe('One sentence that says what to do.'),
    requestId: z.string().describe('Under which the request is logged; also the header X-Request-Id.'),
    errors: z
      .array(
        z.object({
          pointer: z
            .string()
            .describe('JSON pointer into the body; of a parameter `/` and its name; of a header its name.'),
          message: z.string(),
        }),
      )
      .optional(),
  })
  .meta({
    id: 'Problem',
    description: [
      'RFC 9457.',
      ...Object.entries(PROBLEM_CODES).map(([code, { status, remedy }]) => `${code} (${status}): ${remedy}`),
    ].join('\n\n'),
  });
