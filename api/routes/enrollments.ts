/** `/v1/enrollments` */
import { Router } from 'express';
import type { z } from 'zod';
import { findEnrollment, listEnrollments, type EnrollmentRow } from '../../database/enrollments';
import { findStatement } from '../../database/statements';
import { readTimeline } from '../../database/timeline';
import { scopeOf, type Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { createEnrollment } from '../operations/createEnrollment';
import { decideApproval, hold, release, waive, withdraw } from '../operations/decisions';
import {
  completeQuestionnaire,
  confirmPartner,
  defer,
  rejectPartner,
  reopenQuestionnaire,
} from '../operations/facts';
import { permitNewEnrollment } from '../operations/newEnrollment';
import { resubmit } from '../operations/resubmit';
import { invalid, notFound } from '../problem';
import { presentEnrollment, presentEvent, presentStatement } from '../presentation';
import {
  approvalBody,
  confirmationBody,
  createEnrollmentBody,
  deferralBody,
  holdBody,
  listQuery,
  noteBody,
  questionnaireBody,
  rejectionBody,
  requiredNoteBody,
  resubmissionBody,
  waiverBody,
} from '../schemas';
import { enrollmentInPath, parse, read, write, writeEnrollment, type RouteTools } from './route';

const EVERYBODY = ['caller', 'partner', 'admin', 'approver'] as const satisfies readonly Principal['role'][];

type Operation<Body> = (
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  body: Body,
  message: MessageIdentity,
) => Promise<EnrollmentRow>;

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

  act('resubmission', ['caller', 'admin'], resubmissionBody, resubmit);
  act('partner-confirmation', ['partner', 'admin'], confirmationBody, confirmPartner);
  act('partner-rejection', ['partner', 'admin'], rejectionBody, rejectPartner);
  act('questionnaire', ['caller', 'admin'], questionnaireBody, completeQuestionnaire);
  act('questionnaire/reopening', ['admin'], noteBody, reopenQuestionnaire);
  act('deferral', ['partner', 'admin'], deferralBody, defer);
  act('hold', ['admin'], holdBody, hold);
  act('release', ['admin'], requiredNoteBody, release);
  act('waiver', ['admin'], waiverBody, waive);
  act('approval', ['approver'], approvalBody, decideApproval);
  act('withdrawal', ['caller', 'admin'], noteBody, withdraw);
  act('new-enrollment-permission', ['admin'], requiredNoteBody, permitNewEnrollment);

  /** A write to one enrollment; its answer is the enrollment afterwards. */
  function act<S extends z.ZodType>(
    path: string,
    roles: readonly Principal['role'][],
    schema: S,
    operation: Operation<z.infer<S>>,
  ): void {
    router.post(
      `/:id/${path}`,
      writeEnrollment(tools, roles, schema, async (principal, row, body, message) => ({
        status: 200,
        body: present(principal, await operation(context, principal, row, body, message)),
      })),
    );
  }

  return router;
}
