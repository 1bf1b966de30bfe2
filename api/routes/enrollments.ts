/** `/v1/enrollments` */
import { Router } from 'express';
import { findEnrollment, listEnrollments } from '../../database/enrollments';
import { findStatement } from '../../database/statements';
import { readTimeline } from '../../database/timeline';
import { scopeOf, type Principal } from '../authentication';
import { createEnrollment } from '../operations/createEnrollment';
import { completeQuestionnaire, confirmPartner, defer } from '../operations/facts';
import { resubmit } from '../operations/resubmit';
import { invalid, notFound } from '../problem';
import { presentEnrollment, presentEvent, presentStatement } from '../presentation';
import {
  confirmationBody,
  createEnrollmentBody,
  deferralBody,
  listQuery,
  questionnaireBody,
  resubmissionBody,
} from '../schemas';
import { enrollmentInPath, parse, read, write, writeEnrollment, type RouteTools } from './route';

const EVERYBODY = ['caller', 'partner', 'admin', 'approver'] as const satisfies readonly Principal['role'][];

export function enrollmentRoutes(tools: RouteTools): Router {
  const { context } = tools;
  const present = presentEnrollment.bind(undefined, context);
  const router = Router();

  router.post(
    '/',
    write(tools, ['caller', 'admin'], createEnrollmentBody, async (principal, body, message) => {
      const { status, row } = await createEnrollment(context, principal, body, message);
      return { status, body: present(principal, row) };
    }),
  );

  router.get(
    '/',
    read(tools, EVERYBODY, async (principal, request) => {
      const { limit, after } = parse(listQuery, request.query);
      const { pool } = context.database;
      const scope = scopeOf(principal);
      if (after !== undefined && !(await findEnrollment(pool, scope, after))) {
        throw invalid([{ pointer: '/after', message: 'must be an id of this list' }]);
      }
      const rows = await listEnrollments(pool, scope, { limit, after });
      const next = rows.length === limit ? rows.at(-1)!.enrollmentId : null;
      return { items: rows.map((row) => present(principal, row)), next };
    }),
  );

  router.get(
    '/:id',
    read(tools, EVERYBODY, async (principal, request) => {
      const row = await enrollmentInPath(context, principal, request);
      const answer = present(principal, row);
      const { credit } = row.state;
      const statement = credit && (await findStatement(context.database.pool, credit.statementId));
      return statement ? { ...answer, credit: { ...answer.credit, ...presentStatement(statement) } } : answer;
    }),
  );

  router.get(
    '/:id/credit-statement',
    read(tools, ['caller', 'admin', 'approver'], async (principal, request) => {
      const { state } = await enrollmentInPath(context, principal, request);
      const statement =
        state.credit && (await findStatement(context.database.pool, state.credit.statementId));
      if (!statement) throw notFound('credit statement');
      return statement;
    }),
  );

  router.get(
    '/:id/timeline',
    read(tools, EVERYBODY, async (principal, request) => {
      const { enrollmentId } = await enrollmentInPath(context, principal, request);
      return { items: (await readTimeline(context.database.pool, enrollmentId)).map(presentEvent) };
    }),
  );

  router.post(
    '/:id/resubmission',
    writeEnrollment(tools, ['caller', 'admin'], resubmissionBody, async (principal, row, body, message) => ({
      status: 200,
      body: present(principal, await resubmit(context, principal, row, body, message)),
    })),
  );

  router.post(
    '/:id/partner-confirmation',
    writeEnrollment(tools, ['partner', 'admin'], confirmationBody, async (principal, row, body, message) => ({
      status: 200,
      body: present(principal, await confirmPartner(context, principal, row, body, message)),
    })),
  );

  router.post(
    '/:id/questionnaire',
    writeEnrollment(tools, ['caller', 'admin'], questionnaireBody, async (principal, row, body, message) => ({
      status: 200,
      body: present(principal, await completeQuestionnaire(context, principal, row, body, message)),
    })),
  );

  router.post(
    '/:id/deferral',
    writeEnrollment(tools, ['partner', 'admin'], deferralBody, async (principal, row, body, message) => ({
      status: 200,
      body: present(principal, await defer(context, principal, row, body, message)),
    })),
  );

  return router;
}
