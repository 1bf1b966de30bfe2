/** `/v1/programs` */
import * as answers from '../programAnswers';
import { DEFINITION, ESTIMATE_BODY, PROGRAM, PROGRAMS } from '../examples/programs';
import { adjustClock } from '../operations/adjustClock';
import { estimateCredit } from '../operations/estimate';
import {
  listPrograms,
  presentCalendar,
  presentClock,
  presentProgram,
  presentSummary,
  programAt,
  programOf,
  revisionsOf,
} from '../operations/programs';
import { publishRevision } from '../operations/publishRevision';
import { notFound } from '../problem';
import { calendarQuery, clockBody, definitionBody, estimateBody, publishQuery } from '../schemas';
import { idOf, read, withExample, write, type Call, type Route } from './route';

export const programRoutes: Route[] = [
  read({
    operationId: 'listPrograms',
    path: '/v1/programs',
    tag: 'Programs',
    summary: 'List the published programs',
    answer: withExample(answers.programList, PROGRAMS.list),
    async handle(context, { principal }) {
      return { items: (await listPrograms(context, principal)).map(presentSummary) };
    },
  }),
  read({
    operationId: 'getProgram',
    path: '/v1/programs/{programId}',
    tag: 'Programs',
    summary: 'Get what a form and a questionnaire of a program need; staff also get its definition',
    answer: withExample(answers.program, PROGRAMS.program),
    refusals: { 404: ['NOT_FOUND'] },
    handle: async (context, { principal, params }) =>
      presentProgram(principal, await programOf(context, principal, idOf(params, 'programId'))),
  }),
  read({
    operationId: 'getCalendar',
    path: '/v1/programs/{programId}/calendar',
    tag: 'Programs',
    summary: 'Get the calculation months of a program, with their dates',
    query: calendarQuery,
    answer: withExample(answers.calendar, PROGRAMS.calendar),
    refusals: { 404: ['NOT_FOUND'] },
    handle: async (context, { principal, params, query }) =>
      presentCalendar(await programOf(context, principal, idOf(params, 'programId')), query.enrolledOn),
  }),
  read({
    operationId: 'getClock',
    path: '/v1/programs/{programId}/clock',
    tag: 'Programs',
    summary: 'Get what the clock of a program shows',
    answer: withExample(answers.programClock, PROGRAMS.clock),
    refusals: { 404: ['NOT_FOUND'] },
    handle: async (context, { principal, params }) =>
      presentClock(await programOf(context, principal, idOf(params, 'programId'))),
  }),
  write({
    operationId: 'estimateCredit',
    path: '/v1/programs/{programId}/estimate',
    tag: 'Programs',
    summary: 'Estimate the credit at an expected spend, in each month that is open to a deferral',
    body: estimateBody,
    example: ESTIMATE_BODY,
    answers: { 200: withExample(answers.estimate, PROGRAMS.estimate, 'The estimate; nothing is changed.') },
    refusals: { 404: ['NOT_FOUND'], 422: ['INVALID_REQUEST'] },
    handle: async (context, { principal, params, body }) => ({
      status: 200,
      body: estimateCredit(await programOf(context, principal, idOf(params, 'programId')), body),
    }),
  }),
  read({
    operationId: 'listProgramRevisions',
    path: '/v1/programs/{programId}/revisions',
    tag: 'Programs',
    summary: 'List the revisions of a program, newest first',
    answer: withExample(answers.revisionList, PROGRAMS.revisions),
    refusals: { 404: ['NOT_FOUND'] },
    async handle(context, { principal, params }) {
      const items = await revisionsOf(context, principal, idOf(params, 'programId'));
      return { items: items.map((item) => ({ ...item, publishedAt: item.publishedAt.toISOString() })) };
    },
  }),
  write({
    operationId: 'publishRevision',
    path: '/v1/programs/{programId}/revisions',
    tag: 'Programs',
    summary: 'Publish a revision of a program, or a new program',
    description:
      'Open enrollments keep the revision that they were made under; a deferral reads the calendar of the latest. The definition that is the latest already is no new revision.',
    bodyLimit: '256kb',
    query: publishQuery,
    body: definitionBody,
    example: DEFINITION,
    answers: {
      201: withExample(answers.publication, PROGRAMS.published, 'Published.'),
      200: withExample(
        answers.publication,
        PROGRAMS.notPublished,
        'Nothing is published: a dry run, or the definition is the latest already.',
      ),
    },
    refusals: { 403: ['TEST_CLOCK_NOT_ALLOWED'], 422: ['INVALID_REQUEST'] },
    async handle(context, { principal, params, query, body, message }) {
      const programId = idOf(params, 'programId');
      const publication = await publishRevision(context, principal, programId, body, query, message);
      return { status: publication.published ? 201 : 200, body: publication };
    },
  }),
  read({
    operationId: 'getProgramRevision',
    path: '/v1/programs/{programId}/revisions/{revision}',
    tag: 'Programs',
    summary: 'Get a published revision of a program',
    answer: withExample(answers.programRevision, { ...PROGRAM.definition }),
    refusals: { 404: ['NOT_FOUND'] },
    async handle(context, { principal, params }) {
      const at = { programId: idOf(params, 'programId'), revision: revisionIn(params) };
      return (await programAt(context, principal, at)).definition;
    },
  }),
  write({
    operationId: 'adjustClock',
    path: '/v1/programs/{programId}/clock',
    tag: 'Programs',
    summary: 'Set the test clock of a program forward, or its speed',
    body: clockBody,
    example: { advanceTo: '2023-12-01T00:00:00Z' },
    answers: { 200: withExample(answers.clock, PROGRAMS.adjustedClock) },
    refusals: {
      403: ['TEST_CLOCK_NOT_ALLOWED'],
      404: ['NOT_FOUND'],
      409: ['NO_TEST_CLOCK', 'CLOCK_NOT_ADJUSTABLE'],
    },
    handle: async (context, { principal, params, body, message }) => ({
      status: 200,
      body: await adjustClock(context, principal, idOf(params, 'programId'), body, message),
    }),
  }),
];

/** Throws a 404 for what cannot be a number of a revision. */
function revisionIn(params: Call['params']): number {
  const revision = params['revision'] ?? '';
  if (!/^[1-9]\d{0,8}$/.test(revision)) throw notFound('program revision');
  return Number(revision);
}
