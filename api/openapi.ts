/** The OpenAPI document, made of the routes and of the schemas that parse and type them. */
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { HEADERS, headers } from './answerHeaders';
import { problem } from './answers';
import { IDS } from './examples/ids';
import { isSigned, rolesOf, type OperationId } from './policy';
import { ANY_REQUEST, ANY_WRITE } from './problemCodes';
import type { Route, Upload } from './routes/route';

type Json = Record<string, unknown>;

const TAGS = {
  Enrollments: 'From the form to the payout.',
  Partners: 'What survey partners say of an enrollment.',
  Staff: 'Interventions and decisions; each needs a reason.',
  Programs: 'Rules and clocks.',
  Keys: 'API keys: who may call, and as whom.',
  Webhooks: 'By the Standard Webhooks scheme: ours to subscribers, and those of survey partners to us.',
} satisfies Record<Route['tag'], string>;

/** OpenAPI 3.1. */
export function openApiDocument(routes: readonly Route[]): Json {
  const components: Record<string, unknown> = {};
  const schemaOf = (schema: z.ZodType, io: 'input' | 'output') => jsonSchema(schema, io, components);
  schemaOf(problem, 'output');
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operation(route, schemaOf) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Incentive programs',
      version: '1',
      description:
        "Enrollments of an incentive program, from the form to exactly one payout. Instants are UTC, on the program's clock where they belong to an enrollment. Unknown fields are refused.",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'An API key.' } },
      headers: HEADERS,
      schemas: components,
    },
  };
}

function operation(route: Route, schemaOf: (schema: z.ZodType, io: 'input' | 'output') => Json): Json {
  const { operationId, tag, summary, description, method, body, upload, example, answers } = route;
  const isWrite = method === 'post';
  const goesOn = route.location !== undefined || upload !== undefined;
  const json = (schema: Json, more: Json = {}) => ({ 'application/json': { schema, ...more } });
  return {
    operationId,
    tags: [tag],
    summary,
    description: [description, whoMay(operationId)].filter(Boolean).join('\n\n'),
    ...(isSigned(operationId) && { security: [] }),
    parameters: [
      ...pathParameters(route),
      ...queryParameters(route, schemaOf),
      ...(isSigned(operationId)
        ? SIGNATURE
        : isWrite
          ? [{ ...IDEMPOTENCY_KEY, ...(upload && FILE_KEY) }]
          : []),
    ],
    ...(upload && { requestBody: { required: true, content: fileContent(upload) } }),
    ...(body && { requestBody: { required: true, content: json(schemaOf(body, 'input'), { example }) } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [
          status,
          {
            description: answer.meaning ?? MEANINGS[method][status]!,
            headers: {
              ...headers('X-Request-Id', 'RateLimit', 'RateLimit-Policy'),
              ...(isWrite && headers('Idempotency-Replayed')),
              ...(goesOn && headers('Location')),
            },
            content: json(schemaOf(answer.schema, 'output'), { example: answer.example }),
          },
        ]),
      ),
      ...(route.file && { 200: csvFile(route.fileExample) }),
      ...problems(route),
    },
  };
}

/** Of an answer of which its route says no more. */
const MEANINGS: Record<Route['method'], Record<string, string>> = {
  get: { 200: 'What was asked for.' },
  post: {
    200: 'Done; what there is afterwards.',
    201: 'Made.',
    202: 'Taken; it is done in the background.',
  },
};

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'An equal request with the same key is done once; its answer is replayed for 24 hours.',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$', examples: ['form-4711'] },
};

function whoMay(operation: OperationId): string {
  return isSigned(operation)
    ? 'No key: authenticated by its signature.'
    : `Roles: ${rolesOf(operation).join(', ')}.`;
}

const SIGNATURE = [
  ['webhook-id', 'Taken once; the same again gets the same answer.', 'msg_1'],
  ['webhook-timestamp', 'Seconds since 1970, at most 5 minutes from now.', '1697803200'],
  [
    'webhook-signature',
    '`v1,` and the base64 of HMAC-SHA256 of id, timestamp and body, joined by dots.',
    'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  ],
].map(([name, description, example]) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string', examples: [example] },
}));
const FILE_KEY = {
  required: true,
  description:
    'Names the file. Sent again with the same key, for instance after a broken connection, it goes on where it stopped.',
};

function pathParameters({ path }: Route): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    // Not as the parameter's own example: a browser would send that.
    schema: { type: 'string', examples: [IDS[name as keyof typeof IDS]] },
  }));
}

function queryParameters(
  { query }: Route,
  schemaOf: (schema: z.ZodType, io: 'input' | 'output') => Json,
): Json[] {
  return Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    ...(!(schema as z.ZodType).safeParse(undefined).success && { required: true }),
    schema: schemaOf(schema as z.ZodType, 'output'),
  }));
}

function fileContent({ types }: Upload): Json {
  return Object.fromEntries(
    Object.entries(types).map(([type, example]) => [type, { schema: { type: 'string' }, example }]),
  );
}

function csvFile(example: unknown): Json {
  return {
    description: 'A file',
    headers: headers('X-Request-Id', 'RateLimit', 'RateLimit-Policy', 'Content-Disposition'),
    content: { 'text/csv': { schema: { type: 'string' }, example } },
  };
}

/** What may come before it is known whose limit it is: a path that cannot be read, a body of a webhook, what has failed. */
const BEFORE_LIMITS = [400, 408, 413, 415, 500, 503];

/** Every problem that the operation may answer, by status, with its codes. */
function problems({ method, refusals = {} }: Route): Json {
  const codes = new Map<number, Set<string>>();
  for (const source of [ANY_REQUEST, ...(method === 'post' ? [ANY_WRITE] : []), refusals]) {
    for (const [status, more] of Object.entries(source)) {
      codes.set(Number(status), new Set([...(codes.get(Number(status)) ?? []), ...more]));
    }
  }
  return Object.fromEntries(
    [...codes].map(([status, names]) => [
      status,
      {
        description: `${STATUS_CODES[status]}: ${[...names].join(', ')}`,
        headers: {
          ...headers('X-Request-Id'),
          ...(BEFORE_LIMITS.includes(status)
            ? headers('RateLimit.known', 'RateLimit-Policy.known')
            : headers('RateLimit', 'RateLimit-Policy')),
          ...(status === 401 && headers('WWW-Authenticate')),
          ...([409, 429, 503].includes(status) && headers('Retry-After')),
        },
        content: {
          'application/problem+json': {
            schema: {
              allOf: [
                { $ref: '#/components/schemas/Problem' },
                { properties: { status: { const: status }, code: { enum: [...names] } } },
              ],
            },
          },
        },
      },
    ]),
  );
}

/** What has an id becomes a component. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output', components: Json): Json {
  const { $defs, ...own } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' }) as Json;
  delete own['$schema']; // the document names the dialect for all
  for (const [id, component] of Object.entries(($defs as Json | undefined) ?? {}))
    components[id] = withoutId(toComponents(component) as Json);
  const { id } = schema.meta() ?? {};
  const converted = toComponents(own) as Json;
  if (id === undefined || '$ref' in own) return converted;
  components[id] = withoutId(converted);
  return { $ref: `#/components/schemas/${id}` };
}

function toComponents(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toComponents);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === '$ref' && typeof member === 'string'
        ? member.replace('#/$defs/', '#/components/schemas/')
        : toComponents(member),
    ]),
  );
}

/** A component's name says it. */
function withoutId({ id: _id, ...schema }: Json): Json {
  return schema;
}
