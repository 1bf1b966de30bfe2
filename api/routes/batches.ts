/** `/v1/batches`: what became of many things that were asked for at once. */
import type { z } from 'zod';
import type { BatchRow } from '../../database/batches';
import * as answers from '../answers';
import { BATCH, BATCH_ITEMS } from '../examples/batches';
import { batchItems, getBatch } from '../operations/batches';
import { batchItemsQuery } from '../schemas';
import { idOf, read, withExample, type Route } from './route';

export const batchRoutes: Route[] = [
  read({
    operationId: 'getBatch',
    path: '/v1/batches/{batchId}',
    tag: 'Enrollments',
    summary: 'Get how far a batch is',
    answer: withExample(answers.batch, BATCH.underWay),
    refusals: { 404: ['NOT_FOUND'] },
    handle: async (context, { principal, params }) =>
      presentBatch(await getBatch(context, principal, idOf(params, 'batchId'))),
  }),
  read({
    operationId: 'getBatchItems',
    path: '/v1/batches/{batchId}/items',
    tag: 'Enrollments',
    summary: 'Get what came of each item of a batch, in their order',
    query: batchItemsQuery,
    answer: withExample(answers.batchItemPage, BATCH_ITEMS),
    refusals: { 404: ['NOT_FOUND'] },
    handle: (context, { principal, params, query }) =>
      batchItems(context, principal, idOf(params, 'batchId'), query),
  }),
];

export function presentBatch({ createdAt, counts, ...batch }: BatchRow): z.infer<typeof answers.batch> {
  const { pending = 0, standing = 0, done = 0, failed = 0 } = counts;
  const total = pending + standing + done + failed;
  return { ...batch, createdAt: createdAt.toISOString(), total, pending, standing, done, failed };
}
