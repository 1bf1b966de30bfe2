/** `/v1/programs` */
import { Router } from 'express';
import { programAtRevision } from '../../database/programs';
import { adjustClock } from '../operations/adjustClock';
import { notFound } from '../problem';
import { clockBody } from '../schemas';
import { idInPath, read, write, type RouteTools } from './route';

export function programRoutes(tools: RouteTools): Router {
  const router = Router();
  router.post(
    '/:id/clock',
    write(tools, ['admin'], clockBody, async (_principal, body, _message, request) => ({
      status: 200,
      body: await adjustClock(tools.context, idInPath(request, 'program'), body),
    })),
  );
  router.get(
    '/:id/revisions/:revision',
    read(tools, ['admin', 'approver'], async (_principal, request) => {
      const revision = String(request.params['revision']);
      const program = /^[1-9]\d{0,8}$/.test(revision)
        ? await programAtRevision(tools.context.database.pool, idInPath(request, 'program'), Number(revision))
        : undefined;
      if (!program) throw notFound('program revision');
      return program.definition;
    }),
  );
  return router;
}
