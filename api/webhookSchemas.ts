/** Requests about webhooks, ours and those of survey partners. */
import { z } from 'zod';
import { EVENT_TYPES } from '../program/eventTypes';
import { nameOfEnrollment, namesOne, NAME_ONE } from './enrollmentName';
import { confirmationBody, oneOf, pageQuery, rejectionBody, text } from './schemas';

const LONGEST_URL = 2_000;
const EVENTS = ['enrollment.*', ...EVENT_TYPES.map((type) => `enrollment.${type}` as const)] as const;
const HOURS = 'must be a number of hours from 0 to 720';

export const subscriptionBody = z.strictObject({
  url: z
    .string()
    .max(LONGEST_URL, `must have at most ${LONGEST_URL} characters`)
    .regex(/^[\x21-\x7e]+$/, 'must be a URL such as "https://hooks.example.com/pps"')
    .describe('https, on a public host.'),
  events: z
    .array(oneOf(EVENTS))
    .min(1, 'must name an event, or be left out for all')
    .max(EVENTS.length, `must have at most ${EVENTS.length} items`)
    .default(['enrollment.*']),
});
export type SubscriptionBody = z.infer<typeof subscriptionBody>;

export const deliveriesQuery = pageQuery.extend({
  status: oneOf(['pending', 'delivered', 'failed'])
    .optional()
    .meta({ examples: ['failed'] }),
});

export const secretRotationBody = z.strictObject({
  overlapHours: z
    .number(HOURS)
    .refine((hours) => hours >= 0 && hours <= 720, HOURS)
    .default(24)
    .describe('So long the messages are signed with the old secret, too.'),
});

export const partnerSecretBody = z.strictObject({
  surveyPartner: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'must be the id of a survey partner, as program definitions name it'),
});

const brandOrEnrollment = {
  ...nameOfEnrollment,
  programId: text(64).optional().describe('Needed if the brand is in several programs.'),
};

/** A survey partner's word. The envelope is that of Standard Webhooks. */
export const partnerFactBody = z.discriminatedUnion(
  'type',
  [
    z.strictObject({
      type: z.literal('partner.confirmed'),
      timestamp: z.iso.datetime({ offset: true }).optional(),
      data: confirmationBody.extend(brandOrEnrollment).refine(namesOne, NAME_ONE),
    }),
    z.strictObject({
      type: z.literal('partner.rejected'),
      timestamp: z.iso.datetime({ offset: true }).optional(),
      data: rejectionBody.extend(brandOrEnrollment).refine(namesOne, NAME_ONE),
    }),
  ],
  'must be partner.confirmed or partner.rejected',
);
export type PartnerFactBody = z.infer<typeof partnerFactBody>;
