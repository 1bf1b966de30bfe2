/** `/openapi.json`, and `/docs`: the same in a browser. Everything comes from here, nothing from another origin. */
import { dirname } from 'node:path';
import { Router } from 'express';
import { openApiDocument } from './openapi';
import { ROUTES } from './routes';

/** Swagger UI sets styles on its elements and shows small pictures that are part of them; it needs no more. */
const CONTENT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Incentive programs: API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="icon" href="/docs/favicon-32x32.png">
  </head>
  <body>
    <div id="document"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/show.js"></script>
  </body>
</html>
`;

/** The key stays in this page's memory: it is asked for again in the next one. */
const SCRIPT = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#document',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
`;

const FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

export function documentation(): Router {
  const document = JSON.stringify(openApiDocument(ROUTES));
  const router = Router();
  router.get('/openapi.json', (_request, response) => {
    response.type('application/json').send(document);
  });
  router.use('/docs', (_request, response, next) => {
    response
      .setHeader('Content-Security-Policy', CONTENT_POLICY)
      .setHeader('X-Content-Type-Options', 'nosniff')
      .setHeader('Referrer-Policy', 'no-referrer');
    next();
  });
  router.get('/docs', (_request, response) => void response.type('text/html').send(PAGE));
  router.get('/docs/show.js', (_request, response) => void response.type('text/javascript').send(SCRIPT));
  const folder = dirname(require.resolve('swagger-ui-dist/package.json'));
  for (const name of FILES) {
    router.get(`/docs/${name}`, (_request, response) => {
      response.setHeader('Cache-Control', 'public, max-age=86400').sendFile(name, { root: folder });
    });
  }
  return router;
}
