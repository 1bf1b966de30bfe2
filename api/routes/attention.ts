/** `/v1/attention` */
import { z } from 'zod';
import { attentionList, dismissal } from '../answers';
import { ATTENTION_LIST } from '../examples/staff';
import { dismissSeenMessages, needsAttention } from '../operations/attention';
import { enrollmentOf, read, withExample, write, type Route } from './route';

export const attentionRoutes: Route[] = [
  read({
    operationId: 'listAttention',
    path: '/v1/attention',
    tag: 'Staff',
    summary: 'List what staff must look at, oldest first',
    answer: withExample(attentionList, ATTENTION_LIST),
    handle: (context, { principal }) => needsAttention(context, principal),
  }),
  write({
    operationId: 'dismissAttention',
    path: '/v1/attention/{enrollmentId}/dismissal',
    tag: 'Staff',
    summary: 'Take the messages of an enrollment that were refused, or lost by a reset, off the list',
    body: z.strictObject({}),
    example: {},
    answers: { 200: withExample(dismissal, { dismissed: 1 }) },
    refusals: { 404: ['NOT_FOUND'] },
    async handle(context, call) {
      const { enrollmentId } = await enrollmentOf(context, call);
      return { status: 200, body: await dismissSeenMessages(context, call.principal, enrollmentId) };
    },
  }),
];
