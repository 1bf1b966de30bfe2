/** `/v1/programs` */
import { Router } from 'express';
import { adjustClock } from '../operations/adjustClock';
import { clockBody } from '../schemas';
import { idInPath, write, type RouteTools } from './route';

export function programRoutes(tools: RouteTools): Router {
  const router = Router();
  router.post(
    '/:id/clock',
    write(tools, ['admin'], clockBody, async (_principal, body, _message, request) => ({
      status: 200,
      body: await adjustClock(tools.context, idInPath(request, 'program'), body),
    })),
  );
  return router;
}
