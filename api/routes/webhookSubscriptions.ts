/** `/v1/webhook-subscriptions` */
import type { z } from 'zod';
import type { DeliveryRow } from '../../database/webhookDeliveries';
import type { SubscriptionRow } from '../../database/webhookSubscriptions';
import { DELIVERY, SUBSCRIPTION } from '../examples/webhooks';
import type { Answer } from '../idempotency';
import { deliveriesOf, redeliver, sendTest } from '../operations/webhookDeliveries';
import {
  enable,
  readSubscription,
  rotateSecret,
  subscribe,
  subscriptionsOf,
  unsubscribe,
  type MadeSubscription,
} from '../operations/webhookSubscriptions';
import { emptyBody, pageQuery } from '../schemas';
import { delivery, deliveryPage, newSubscription, subscription, subscriptionPage } from '../webhookAnswers';
import { deliveriesQuery, secretRotationBody, subscriptionBody } from '../webhookSchemas';
import { idOf, read, withExample, write, type Route } from './route';

const ONE = '/v1/webhook-subscriptions/{subscriptionId}';

export const webhookSubscriptionRoutes: Route[] = [
  write({
    operationId: 'createWebhookSubscription',
    path: '/v1/webhook-subscriptions',
    tag: 'Webhooks',
    summary: 'Be told of events',
    description:
      'By the Standard Webhooks scheme, of the enrollments that the key may see; at least once, in no promised order. The secret is told here and nowhere else.',
    body: subscriptionBody,
    example: { url: 'http://127.0.0.1:4011/hooks', events: ['enrollment.partner_confirmed'] },
    answers: { 201: withExample(newSubscription, SUBSCRIPTION.told) },
    refusals: { 409: ['TOO_MANY_WEBHOOKS'], 422: ['INVALID_REQUEST'] },
    handle: async (context, { principal, body, message }) =>
      told(await subscribe(context, principal, body, message)),
  }),
  read({
    operationId: 'listWebhookSubscriptions',
    path: '/v1/webhook-subscriptions',
    tag: 'Webhooks',
    summary: 'List subscriptions, newest first',
    query: pageQuery,
    answer: withExample(subscriptionPage, SUBSCRIPTION.page),
    async handle(context, { principal, query }) {
      const { rows, next } = await subscriptionsOf(context, principal, query);
      return { items: rows.map(present), next };
    },
  }),
  read({
    operationId: 'getWebhookSubscription',
    path: ONE,
    tag: 'Webhooks',
    summary: 'Read a subscription',
    answer: withExample(subscription, SUBSCRIPTION.read),
    handle: async (context, { principal, params }) =>
      present(await readSubscription(context, principal, idOf(params, 'subscriptionId'))),
  }),
  write({
    operationId: 'deleteWebhookSubscription',
    path: `${ONE}/deletion`,
    tag: 'Webhooks',
    summary: 'Be told no more; its log goes with it',
    body: emptyBody,
    example: {},
    answers: { 200: withExample(subscription, SUBSCRIPTION.read) },
    handle: (context, { principal, params, message }) =>
      unsubscribe(context, principal, idOf(params, 'subscriptionId'), message, (row) => ({
        status: 200,
        body: present(row),
      })),
  }),
  write({
    operationId: 'rotateWebhookSecret',
    path: `${ONE}/rotation`,
    tag: 'Webhooks',
    summary: 'Make a secret in the place of another, which lives on for an overlap',
    body: secretRotationBody,
    example: { overlapHours: 24 },
    answers: { 201: withExample(newSubscription, SUBSCRIPTION.told) },
    handle: async (context, { principal, params, body, message }) =>
      told(
        await rotateSecret(context, principal, idOf(params, 'subscriptionId'), body.overlapHours, message),
      ),
  }),
  write({
    operationId: 'enableWebhookSubscription',
    path: `${ONE}/enabling`,
    tag: 'Webhooks',
    summary: 'Be told again, after it was disabled',
    body: emptyBody,
    example: {},
    answers: { 200: withExample(subscription, SUBSCRIPTION.read) },
    async handle(context, { principal, params }) {
      const row = await enable(context, principal, idOf(params, 'subscriptionId'));
      return { status: 200, body: present(row) };
    },
  }),
  write({
    operationId: 'testWebhookSubscription',
    path: `${ONE}/test`,
    tag: 'Webhooks',
    summary: 'Have a test event sent',
    body: emptyBody,
    example: {},
    answers: { 202: withExample(delivery, DELIVERY.made) },
    refusals: { 409: ['WEBHOOK_DISABLED'] },
    async handle(context, { principal, params, message }) {
      const row = await sendTest(context, principal, idOf(params, 'subscriptionId'), message);
      return { status: 202, body: presentDelivery(row) };
    },
  }),
  read({
    operationId: 'listWebhookDeliveries',
    path: `${ONE}/deliveries`,
    tag: 'Webhooks',
    summary: 'What was sent, newest first; kept for 14 days',
    query: deliveriesQuery,
    answer: withExample(deliveryPage, DELIVERY.page),
    async handle(context, { principal, params, query }) {
      const { rows, next } = await deliveriesOf(context, principal, idOf(params, 'subscriptionId'), query);
      return { items: rows.map(presentDelivery), next };
    },
  }),
  write({
    operationId: 'redeliverWebhook',
    path: `${ONE}/deliveries/{deliveryId}/redelivery`,
    tag: 'Webhooks',
    summary: 'Send it again: the same bytes under the same id',
    body: emptyBody,
    example: {},
    answers: { 202: withExample(delivery, DELIVERY.again) },
    refusals: { 409: ['WEBHOOK_DISABLED'] },
    async handle(context, { principal, params }) {
      const { subscriptionId, deliveryId } = {
        subscriptionId: idOf(params, 'subscriptionId'),
        deliveryId: idOf(params, 'deliveryId'),
      };
      const row = await redeliver(context, principal, subscriptionId, deliveryId);
      return { status: 202, body: presentDelivery(row) };
    },
  }),
];

/** The secret is neither kept for equal requests nor audited. */
function told({ row, secret }: MadeSubscription): Answer {
  return {
    status: 201,
    body: { ...present(row), secret },
    kept: { ...present(row), secret: null },
    about: { subscriptionId: row.subscriptionId },
  };
}

const instant = (at: Date | null) => at && at.toISOString();

function present(row: SubscriptionRow): z.infer<typeof subscription> {
  return {
    subscriptionId: row.subscriptionId,
    url: row.url,
    events: row.events,
    audience: row.audience,
    test: row.forTestClocks,
    createdAt: row.createdAt.toISOString(),
    createdBy: { role: row.createdBy.role, id: row.createdBy.id },
    lastDeliveredAt: instant(row.lastDeliveredAt),
    disabledAt: instant(row.disabledAt),
    disabledReason: row.disabledReason,
  };
}

function presentDelivery(row: DeliveryRow): z.infer<typeof delivery> {
  return {
    deliveryId: row.deliveryId,
    event: row.eventType,
    enrollmentId: row.enrollmentId,
    status: row.status,
    attempts: row.attempts,
    createdAt: row.madeAt.toISOString(),
    nextAttemptAt: instant(row.dueAt),
    lastAttemptAt: instant(row.lastAttemptAt),
    lastStatus: row.lastStatus,
    lastError: row.lastError,
  };
}
