/** `/v1/partner-confirmations` and `/v1/deferrals`: many words of a survey partner at once. */
import type { z } from 'zod';
import { batch } from '../answers';
import type { Principal } from '../authentication';
import { confirmationsBody, deferralsBody } from '../batchSchemas';
import type { ApiContext } from '../context';
import { BATCH } from '../examples/batches';
import type { Answer } from '../idempotency';
import { getBatch } from '../operations/batches';
import { giveConfirmations, giveDeferrals } from '../operations/giveBatch';
import { presentBatch } from './batches';
import { withExample, write, type Route } from './route';

/** 1,000 items, each with all that it may hold. */
const BODY_LIMIT = '512kb';

const shared = {
  tag: 'Partners',
  bodyLimit: BODY_LIMIT,
  refusals: { 404: ['NOT_FOUND'] },
  location: (answer: unknown) => `/v1/batches/${(answer as z.infer<typeof batch>).batchId}`,
} as const;

export const partnerBatchRoutes: Route[] = [
  write({
    ...shared,
    operationId: 'giveConfirmations',
    path: '/v1/partner-confirmations',
    summary: 'Confirm or reject many brands',
    description:
      'Each item is carried out as its request by itself would be; read the batch for what came of it. A confirmation of a brand that is not enrolled with the survey partner stands for 90 days: it is applied when the brand enrolls with the same partner and ad account.',
    answers: { 202: withExample(batch, BATCH.confirmations) },
    body: confirmationsBody,
    example: {
      items: [
        { brandDomain: 'southwind.example', advertiserId: '7012345678901234567', outcome: 'confirmed' },
        {
          brandDomain: 'northwind.example',
          advertiserId: '7012345678901234568',
          outcome: 'rejected',
          criteria: ['survey_template'],
          reasonCode: 'TEMPLATE_NOT_FOUND',
        },
      ],
    },
    async handle(context, { principal, body, message }) {
      return accepted(context, principal, await giveConfirmations(context, principal, body, message));
    },
  }),
  write({
    ...shared,
    operationId: 'giveDeferrals',
    path: '/v1/deferrals',
    summary: 'Defer many brands to a later calculation month',
    description:
      'Each item is carried out as its request by itself would be; read the batch for what came of it.',
    answers: { 202: withExample(batch, BATCH.deferrals) },
    body: deferralsBody,
    example: { items: [{ brandDomain: 'southwind.example', month: '2023-12' }] },
    async handle(context, { principal, body, message }) {
      return accepted(context, principal, await giveDeferrals(context, principal, body, message));
    },
  }),
];

async function accepted(context: ApiContext, principal: Principal, batchId: string): Promise<Answer> {
  const body = presentBatch(await getBatch(context, principal, batchId));
  return { status: 202, body, about: { batchId } };
}
