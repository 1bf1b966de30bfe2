/** `/v1/attention`, and what staff do about it: dismissal and restart. */
import { Router } from 'express';
import { z } from 'zod';
import { dismissRefusedMessages, needsAttention } from '../operations/attention';
import { restart } from '../operations/restart';
import { presentEnrollment } from '../presentation';
import { restartBody } from '../schemas';
import { read, writeEnrollment, type RouteTools } from './route';

export function attentionRoutes(tools: RouteTools): Router {
  const router = Router();
  router.get(
    '/',
    read(tools, ['admin', 'approver'], () => needsAttention(tools.context)),
  );
  router.post(
    '/:id/dismissal',
    writeEnrollment(tools, ['admin'], z.strictObject({}), async (principal, { enrollmentId }) => ({
      status: 200,
      body: await dismissRefusedMessages(tools.context, principal, enrollmentId),
    })),
  );
  return router;
}

/** Beside the other routes of an enrollment. */
export function restartRoutes(tools: RouteTools): Router {
  const { context } = tools;
  const router = Router();
  router.post(
    '/:id/restart',
    writeEnrollment(tools, ['admin'], restartBody, async (principal, row, body, message) => {
      const restarted = await restart(context, principal, row, body, message);
      return { status: restarted.status, body: presentEnrollment(context, principal, restarted.row) };
    }),
  );
  return router;
}
