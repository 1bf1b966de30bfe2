/** `/v1/webhooks/{surveyPartner}`: what survey partners send, and the secrets with which they sign it. */
import type { z } from 'zod';
import type { WebhookSecretRow } from '../../database/webhookSecrets';
import { statusOf } from '../../program/status';
import { IDS } from '../examples/ids';
import { PARTNER_SECRET } from '../examples/webhooks';
import {
  enrollmentOfFact,
  makePartnerSecret,
  partnerSecrets,
  retireSecret,
  takeFact,
} from '../operations/partnerWebhooks';
import { emptyBody, pageQuery } from '../schemas';
import { newPartnerSecret, partnerSecret, partnerSecretPage, takenFact } from '../webhookAnswers';
import { partnerFactBody, partnerSecretBody } from '../webhookSchemas';
import { BEFORE_THE_CALCULATION } from './enrollments';
import { enrollmentOf, idOf, read, signedWrite, withExample, write, type Route } from './route';

export const partnerWebhookRoutes: Route[] = [
  signedWrite({
    operationId: 'receivePartnerFact',
    path: '/v1/webhooks/{surveyPartner}',
    tag: 'Webhooks',
    summary: "Take a survey partner's word as a signed webhook",
    description:
      'By the Standard Webhooks scheme. This contract is our own: no survey partner is known to send it today.',
    body: partnerFactBody,
    example: {
      type: 'partner.confirmed',
      timestamp: '2023-10-20T12:00:00Z',
      data: { brandDomain: 'southwind.example', advertiserId: '7012345678901234568' },
    },
    answers: {
      200: withExample(takenFact, { enrollmentId: IDS.enrollmentId, status: 'verifying' }),
    },
    refusals: {
      409: [...BEFORE_THE_CALCULATION, 'SUBMISSION_SUPERSEDED', 'REPEATED_TOO_OFTEN'],
      422: ['INVALID_REQUEST'],
    },
    find: async (context, { principal, body }) =>
      (await enrollmentOfFact(context, principal, body)).enrollmentId,
    async handle(context, { principal, params, body, message }) {
      const row = await enrollmentOf(context, { principal, params });
      const { enrollmentId, state } = await takeFact(context, principal, row, body, message);
      return { status: 200, body: { enrollmentId, status: statusOf(state) } };
    },
  }),
  write({
    operationId: 'createPartnerWebhookSecret',
    path: '/v1/webhook-secrets',
    tag: 'Webhooks',
    summary: 'Make a secret with which a survey partner signs its webhooks',
    description: 'Several may hold at once, so that they can be exchanged. It is told here and nowhere else.',
    body: partnerSecretBody,
    example: { surveyPartner: 'kno' },
    answers: { 201: withExample(newPartnerSecret, PARTNER_SECRET.told) },
    refusals: { 409: ['TOO_MANY_WEBHOOKS'] },
    async handle(context, { principal, body, message }) {
      const { row, secret } = await makePartnerSecret(context, principal, body.surveyPartner, message);
      const { webhookSecretId: secretId } = row;
      return {
        status: 201,
        body: { ...present(row), secret },
        kept: { ...present(row), secret: null },
        about: { secretId, surveyPartner: body.surveyPartner },
      };
    },
  }),
  read({
    operationId: 'listPartnerWebhookSecrets',
    path: '/v1/webhook-secrets',
    tag: 'Webhooks',
    summary: 'List the secrets of survey partners, newest first',
    query: pageQuery,
    answer: withExample(partnerSecretPage, PARTNER_SECRET.page),
    async handle(context, { query }) {
      const { rows, next } = await partnerSecrets(context, query);
      return { items: rows.map(present), next };
    },
  }),
  write({
    operationId: 'retirePartnerWebhookSecret',
    path: '/v1/webhook-secrets/{secretId}/retirement',
    tag: 'Webhooks',
    summary: 'Retire the secret of a survey partner: at once, and for good',
    body: emptyBody,
    example: {},
    answers: { 200: withExample(partnerSecret, PARTNER_SECRET.retired) },
    async handle(context, { params }) {
      return { status: 200, body: present(await retireSecret(context, idOf(params, 'secretId'))) };
    },
  }),
];

function present(row: WebhookSecretRow): z.infer<typeof partnerSecret> {
  return {
    secretId: row.webhookSecretId,
    surveyPartner: row.surveyPartner!,
    createdAt: row.createdAt.toISOString(),
    createdBy: { role: row.createdBy.role, id: row.createdBy.id },
    expiresAt: row.expiresAt && row.expiresAt.toISOString(),
  };
}
