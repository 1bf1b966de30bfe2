/** `/v1/programs` */
import { programAtRevision } from '../../database/programs';
import { clock, programRevision } from '../answers';
import { isProgramInScope } from '../authentication';
import { adjustClock } from '../operations/adjustClock';
import { notFound } from '../problem';
import { clockBody } from '../schemas';
import { idOf, read, write, type Route } from './route';

export const programRoutes: Route[] = [
  read({
    operationId: 'getProgramRevision',
    path: '/v1/programs/{programId}/revisions/{revision}',
    tag: 'Programs',
    summary: 'Get a published revision of a program',
    answer: programRevision,
    refusals: { 404: ['NOT_FOUND'] },
    async handle({ database }, { principal, params }) {
      const revision = params['revision'] ?? '';
      const program = /^[1-9]\d{0,8}$/.test(revision)
        ? await programAtRevision(database.pool, idOf(params, 'programId'), Number(revision))
        : undefined;
      if (!program || !isProgramInScope(principal, program)) throw notFound('program revision');
      return program.definition;
    },
  }),
  write({
    operationId: 'adjustClock',
    path: '/v1/programs/{programId}/clock',
    tag: 'Programs',
    summary: 'Set the test clock of a program forward, or its speed',
    body: clockBody,
    example: { advanceTo: '2023-12-01T00:00:00Z' },
    answers: { 200: clock },
    refusals: {
      403: ['TEST_CLOCK_NOT_ALLOWED'],
      404: ['NOT_FOUND'],
      409: ['NO_TEST_CLOCK', 'CLOCK_NOT_ADJUSTABLE'],
    },
    handle: async (context, { principal, params, body }) => ({
      status: 200,
      body: await adjustClock(context, principal, idOf(params, 'programId'), body),
    }),
  }),
];
