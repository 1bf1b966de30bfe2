/** Answers about webhooks. */
import type { z } from 'zod';
import type { delivery, partnerSecret, subscription } from '../webhookAnswers';
import { IDS, REAL } from './ids';
import { ADMIN, CALLER } from './principals';

const SECRET = `whsec_${Buffer.alloc(32, 'example').toString('base64')}`;
const by = ({ role, id }: typeof CALLER) => ({ role, id });

const subscribed: z.infer<typeof subscription> = {
  subscriptionId: IDS.subscriptionId,
  url: 'http://127.0.0.1:4011/hooks',
  events: ['enrollment.partner_confirmed'],
  audience: `owner ${CALLER.id}`,
  test: false,
  createdAt: REAL,
  createdBy: by(CALLER),
  lastDeliveredAt: null,
  disabledAt: null,
  disabledReason: null,
};

export const SUBSCRIPTION = {
  told: { ...subscribed, secret: SECRET },
  read: subscribed,
  page: { items: [subscribed], next: null },
};

const made: z.infer<typeof delivery> = {
  deliveryId: IDS.deliveryId,
  event: 'webhook.test',
  enrollmentId: null,
  status: 'pending',
  attempts: 0,
  createdAt: REAL,
  nextAttemptAt: REAL,
  lastAttemptAt: null,
  lastStatus: null,
  lastError: null,
};
const delivered = {
  ...made,
  status: 'delivered',
  attempts: 1,
  nextAttemptAt: null,
  lastAttemptAt: REAL,
  lastStatus: 204,
} as const;

export const DELIVERY = {
  made,
  page: { items: [delivered], next: null },
  /** What was sent is to be sent again. */
  again: { ...delivered, status: 'pending', nextAttemptAt: REAL } as const,
};

const valid: z.infer<typeof partnerSecret> = {
  secretId: IDS.secretId,
  surveyPartner: IDS.surveyPartner,
  createdAt: REAL,
  createdBy: by(ADMIN),
  expiresAt: null,
};

export const PARTNER_SECRET = {
  told: { ...valid, secret: SECRET },
  page: { items: [valid], next: null },
  retired: { ...valid, expiresAt: REAL },
};
