/** Many words of a survey partner in one request. */
import { z } from 'zod';
import { namesOne, NAME_ONE, ONE_OF_THEM, nameOfEnrollment } from './enrollmentName';
import { advertiserId, confirmationBody, deferralBody, rejectionBody, text } from './schemas';

const MOST_ITEMS = 1_000;

const items = <S extends z.ZodType>(item: S) =>
  z
    .array(item)
    .min(1, 'must have an item')
    .max(MOST_ITEMS, `must have at most ${MOST_ITEMS.toLocaleString('en-US')} items`);
const programId = text(64).optional().describe('Needed for a brand that is in several programs.');

// The document's rule is of each: on the union it would replace what the union says.
const confirmation = confirmationBody
  .extend({ ...nameOfEnrollment, outcome: z.literal('confirmed') })
  .meta(ONE_OF_THEM);
const rejection = rejectionBody
  .extend({ ...nameOfEnrollment, outcome: z.literal('rejected') })
  .meta(ONE_OF_THEM);
const OUTCOMES = ['confirmed', 'rejected'] as const;

export const confirmationsBody = z.strictObject({
  programId: programId.describe(
    'Needed for a brand that is in several programs, and with a live key for one that is to enroll in a program on a test clock.',
  ),
  surveyPartner: text(64)
    .optional()
    .describe(
      'For whom an admin speaks; needed for brands that are not enrolled. A key of role partner speaks for its own only.',
    ),
  items: items(
    z
      .discriminatedUnion('outcome', [confirmation, rejection], `must be one of ${OUTCOMES.join(', ')}`)
      .refine(namesOne, NAME_ONE),
  ),
});
export type ConfirmationsBody = z.infer<typeof confirmationsBody>;
export type PartnerWord = ConfirmationsBody['items'][number];

export const deferralsBody = z.strictObject({
  programId,
  items: items(
    deferralBody
      .extend({
        ...nameOfEnrollment,
        advertiserId: advertiserId
          .optional()
          .describe('The ad account as you know it; the item is refused if the enrollment has another one.'),
      })
      .refine(namesOne, NAME_ONE)
      .meta(ONE_OF_THEM),
  ),
});
export type DeferralsBody = z.infer<typeof deferralsBody>;
