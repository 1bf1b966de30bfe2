/** `/v1/enrollments`: what is read of them. */
import * as answers from '../answers';
import { ENROLLMENTS } from '../examples/enrollments';
import { deferralOffer } from '../operations/deferral';
import { EXPORT_COLUMNS, exportRows } from '../operations/exportEnrollments';
import { enrollmentCounts, listEnrollments } from '../operations/listEnrollments';
import {
  creditStatementOf,
  explanationOf,
  readWithStatement,
  timelineOf,
} from '../operations/readEnrollment';
import { presentEnrollment, presentEvent, presentPeriod, presentWithLines } from '../presentation';
import { countsQuery, exportQuery, listQuery } from '../schemas';
import { enrollmentOf, idOf, read, readCsv, withExample, type Route } from './route';

export const enrollmentReads: Route[] = [
  read({
    operationId: 'listEnrollments',
    path: '/v1/enrollments',
    tag: 'Enrollments',
    summary: 'List enrollments, newest first if not said otherwise',
    description:
      'Pages by `createdAt` stay whole while rows change. By `updatedAt`, what changes meanwhile comes again at the end: follow the changes with `sort=updatedAt`.',
    query: listQuery,
    answer: withExample(answers.enrollmentPage, ENROLLMENTS.page),
    async handle(context, { principal, query }) {
      const { rows, ...page } = await listEnrollments(context, principal, query);
      return { items: rows.map((row) => presentEnrollment(context, principal, row)), ...page };
    },
  }),

  // Before the enrollment of an id: "export" and "counts" are none.
  readCsv({
    operationId: 'exportEnrollments',
    path: '/v1/enrollments/export',
    tag: 'Enrollments',
    summary: 'Export enrollments as CSV, oldest first',
    description:
      'UTF-8 with a header, sent while it is read. Each enrollment that is there all the time comes once, as it is at that moment. A connection that breaks is no end: send the request again.',
    query: exportQuery,
    fileExample: ENROLLMENTS.file,
    handle: (context, { principal, query }) => ({
      name: 'enrollments.csv',
      columns: Object.keys(EXPORT_COLUMNS),
      rows: exportRows(context, principal, query),
    }),
  }),
  read({
    operationId: 'countEnrollments',
    path: '/v1/enrollments/counts',
    tag: 'Enrollments',
    summary: 'Count enrollments by status',
    query: countsQuery,
    answer: withExample(answers.enrollmentCounts, ENROLLMENTS.counts),
    handle: (context, { principal, query }) => enrollmentCounts(context, principal, query),
  }),

  read({
    operationId: 'getEnrollment',
    path: '/v1/enrollments/{enrollmentId}',
    tag: 'Enrollments',
    summary: 'Get an enrollment, with the lines of its credit',
    answer: withExample(answers.enrollment, ENROLLMENTS.paid),
    refusals: { 404: ['NOT_FOUND'] },
    async handle(context, { principal, params }) {
      const { row, statement } = await readWithStatement(context, principal, idOf(params, 'enrollmentId'));
      return presentWithLines(context, principal, row, statement);
    },
  }),

  read({
    operationId: 'getCreditStatement',
    path: '/v1/enrollments/{enrollmentId}/credit-statement',
    tag: 'Enrollments',
    summary: 'Get the credit statement: everything that the credit was computed from',
    answer: withExample(answers.creditStatement, { ...ENROLLMENTS.statement }),
    refusals: { 404: ['NOT_FOUND'] },
    handle: (context, { principal, params }) =>
      creditStatementOf(context, principal, idOf(params, 'enrollmentId')),
  }),

  read({
    operationId: 'getTimeline',
    path: '/v1/enrollments/{enrollmentId}/timeline',
    tag: 'Enrollments',
    summary: 'Get what has happened, oldest first',
    answer: withExample(answers.timeline, ENROLLMENTS.timeline),
    refusals: { 404: ['NOT_FOUND'] },
    async handle(context, { principal, params }) {
      const events = await timelineOf(context, principal, idOf(params, 'enrollmentId'));
      return { items: events.map((event) => presentEvent(principal, event)) };
    },
  }),

  read({
    operationId: 'getExplanation',
    path: '/v1/enrollments/{enrollmentId}/explanation',
    tag: 'Enrollments',
    summary: 'Get who must do what by when, and what happens otherwise, in sentences',
    answer: withExample(answers.explanation, ENROLLMENTS.explanation),
    refusals: { 404: ['NOT_FOUND'] },
    handle: (context, { principal, params }) =>
      explanationOf(context, principal, idOf(params, 'enrollmentId')),
  }),

  read({
    operationId: 'getDeferral',
    path: '/v1/enrollments/{enrollmentId}/deferral',
    tag: 'Partners',
    summary: 'Get the months to which the enrollment may be deferred, and why not to the others',
    answer: withExample(answers.deferralOffer, ENROLLMENTS.deferral),
    refusals: { 404: ['NOT_FOUND'] },
    async handle(context, call) {
      const { open, ...offer } = await deferralOffer(
        context,
        call.principal,
        await enrollmentOf(context, call),
      );
      return { ...offer, open: open.map(presentPeriod) };
    },
  }),
];
