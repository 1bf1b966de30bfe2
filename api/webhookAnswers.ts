/** Answers about webhooks; see answers.ts. */
import { z } from 'zod';
import { STATUSES } from '../program/status';
import { instant, role } from './answers';

const next = z.string().nullable().describe('`after` of the next page; null on the last.');
const createdBy = z.object({ role, id: z.string() });
const secret = z.string().nullable().describe('Told once; null when an equal request is answered again.');

export const subscription = z
  .object({
    subscriptionId: z.string(),
    url: z.string(),
    events: z.array(z.string()),
    audience: z
      .string()
      .describe('Of whose enrollments it tells: `all`, `owner <caller>` or `partner <survey partner>`.'),
    test: z.boolean().describe('Of programs on test clocks only.'),
    createdAt: instant,
    createdBy,
    lastDeliveredAt: instant.nullable().describe('To the minute.'),
    disabledAt: instant.nullable().describe('Nothing is sent since then.'),
    disabledReason: z
      .enum(['FAILED_FOR_3_DAYS', 'GONE'])
      .nullable()
      .describe('GONE: the receiver answered 410.'),
  })
  .meta({ id: 'WebhookSubscription' });
export const newSubscription = subscription.extend({ secret });
export const subscriptionPage = z.object({ items: z.array(subscription), next });

export const delivery = z
  .object({
    deliveryId: z.string().describe('The webhook-id, the same for each attempt.'),
    event: z.string(),
    enrollmentId: z.string().nullable().describe('Null for a test.'),
    status: z.enum(['pending', 'delivered', 'failed']),
    attempts: z.int(),
    createdAt: instant,
    nextAttemptAt: instant.nullable(),
    lastAttemptAt: instant.nullable(),
    lastStatus: z.int().nullable().describe('What the receiver answered last; null if it did not.'),
    lastError: z.string().nullable().describe('A code such as TIMED_OUT.'),
  })
  .meta({ id: 'WebhookDelivery' });
export const deliveryPage = z.object({ items: z.array(delivery), next });

export const partnerSecret = z
  .object({
    secretId: z.string(),
    surveyPartner: z.string(),
    createdAt: instant,
    createdBy,
    expiresAt: instant.nullable().describe('When it was retired.'),
  })
  .meta({ id: 'PartnerWebhookSecret' });
export const newPartnerSecret = partnerSecret.extend({ secret });
export const partnerSecretPage = z.object({ items: z.array(partnerSecret), next });

export const takenFact = z.object({ enrollmentId: z.string(), status: z.enum(STATUSES) });
