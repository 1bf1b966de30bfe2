/**
 * The OpenAPI document: well-formed, complete, and true. That answers are as it says is checked in every test that asks the
 * service (support/contract.ts).
 */
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Express, Router } from 'express';
import { Registry } from 'prom-client';
import { createApp } from '../api/app';
import type { ApiContext } from '../api/context';
import { openApiDocument } from '../api/openapi';
import { POLICY } from '../api/policy';
import { ROUTES } from '../api/routes';
import { parseDefinition } from '../program/parseDefinition';
import { errorsAgainst } from './support/contract';
import { startTestService, type TestService } from './support/testService';

interface Operation {
  operationId: string;
  summary: string;
  description: string;
  parameters: { name: string; schema: { examples?: unknown[] } }[];
  responses: Record<string, { description: string; content: Record<string, { example?: unknown }> }>;
}

const document = openApiDocument(ROUTES) as { paths: Record<string, Record<string, Operation>> };
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
);

test('When the document is validated, then it is OpenAPI 3.1', () => {
  const script = `
    import { readFileSync } from 'node:fs';
    import { Validator } from '@seriousme/openapi-schema-validator';
    const validator = new Validator();
    const { valid, errors } = await validator.validate(JSON.parse(readFileSync(0, 'utf8')));
    console.log(JSON.stringify({ valid, version: validator.version, errors }));`;
  // The validator is an ES module, which jest does not load.
  const answer = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    input: JSON.stringify(document),
  });
  expect(JSON.parse(answer)).toEqual({ valid: true, version: '3.1' });
});

test('When a route is served, then it is in the document, and has a line in the policy, and the other way round', () => {
  const nobody = () => {
    throw new Error('Nobody is asked.');
  };
  const app: Express = createApp({} as ApiContext, nobody, { registry: new Registry(), readiness: nobody });
  const routesOf = (router: Router): string[] =>
    router.stack.flatMap((layer) => {
      if (layer.route)
        return [...new Set(layer.route.stack.map(({ method }) => `${method} ${layer.route!.path}`))];
      const inner = layer.handle as unknown as Partial<Router>;
      return inner.stack ? routesOf(inner as Router) : [];
    });
  const served = routesOf(app.router).filter((route) => route.includes('/v1/'));
  const documented = operations.map(
    ({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
  );
  // What reads a long body has the path of its route.
  expect([...new Set(served)].sort()).toEqual(documented.sort());
  expect(operations.map(({ operationId }) => operationId).sort()).toEqual(Object.keys(POLICY).sort());
});

test.each(ROUTES.filter(({ body }) => body).map((route) => [route.operationId, route] as const))(
  'When the example of %s is parsed, then it is accepted',
  (_id, { body, example }) => {
    expect(body!.safeParse(example).error).toBeUndefined();
  },
);

test('When the example of a definition is read as a definition, then it can be published', () => {
  const { example } = ROUTES.find(({ operationId }) => operationId === 'publishRevision')!;
  expect(parseDefinition(example).id).toBe('pps-demo');
});

describe.each(operations.map((operation) => [operation.operationId, operation] as const))(
  '%s',
  (_id, { path, method, summary, description, parameters, responses }) => {
    test('When it is read about, then it says what it does and who may, and shows an answer that it describes', () => {
      expect(summary).toMatch(/^[A-Z]/);
      expect(description).toMatch(/(Roles: [a-z, ]+\.|authenticated by its signature\.)$/);
      const answers = Object.entries(responses).filter(([status]) => status.startsWith('2'));
      expect(answers).not.toEqual([]);
      const meanings = answers.map(([, { description: meaning }]) => meaning);
      expect(meanings).not.toContainEqual(expect.stringMatching(/^(OK|Created|Accepted)$/));
      expect(new Set(meanings).size).toBe(meanings.length);
      for (const [status, { content }] of answers) {
        for (const [type, { example }] of Object.entries(content)) {
          expect([status, type, example]).toEqual([status, type, expect.anything()]);
          const place = ['paths', path, method, 'responses', status, 'content', type, 'schema'];
          expect([status, type, errorsAgainst(place, example)]).toEqual([status, type, undefined]);
        }
      }
    });

    test('When it has parameters, then each shows a value that it describes', () => {
      for (const [index, { name, schema }] of parameters.entries()) {
        const { examples = [] } = schema;
        expect([name, examples.length]).toEqual([name, 1]);
        const place = ['paths', path, method, 'parameters', String(index), 'schema'];
        expect([name, errorsAgainst(place, examples[0])]).toEqual([name, undefined]);
      }
    });
  },
);

describe('in a browser', () => {
  let t: TestService;
  beforeAll(async () => {
    t = await startTestService();
  });
  afterAll(() => t?.stop());

  test('When /openapi.json is read, then it is the document, and needs no key', async () => {
    const response = await fetch(`${t.service.apiUrl}/openapi.json`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(document)));
  });

  test('When /docs is opened, then all that it loads comes from the service, and nothing else may be loaded', async () => {
    const page = await fetch(`${t.service.apiUrl}/docs`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const sources = [...(await page.text()).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source!);
    expect(sources.length).toBeGreaterThan(3);
    for (const source of sources) {
      expect(source).toMatch(/^\/docs\//);
      expect((await fetch(t.service.apiUrl + source)).status).toBe(200);
    }
  });

  test('When the scripts of /docs run, then they show every operation, and ask nobody but the service', async () => {
    const page = `${t.service.apiUrl}/docs#/Enrollments/getEnrollment`;
    const args = [join(__dirname, 'support', 'browser.js'), page, '.is-open .responses-table'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 100_000 });
    const { asked, errors, shown, opened } = JSON.parse(stdout) as Record<string, string[]> & {
      opened: string;
    };
    expect(errors).toEqual([]);
    expect(shown).toHaveLength(operations.length);
    // Of the answer that the document shows.
    expect(opened).toContain('"statusText": "The credit of 4,500.00 USD has been paid."');
    expect(asked).toContain(`${t.service.apiUrl}/openapi.json`);
    expect(asked!.filter((url) => !url.startsWith(`${t.service.apiUrl}/`))).toEqual([]);
  });
});
