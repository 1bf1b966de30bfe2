/** What the OpenAPI document of the running service says of each operation, as far as requests are made of it. */
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';

export type Schema = Record<string, unknown>;

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  schema: Schema;
}

export interface Operation {
  /** As a request line begins: POST /v1/enrollments. */
  name: string;
  operationId: string;
  method: string;
  path: string;
  parameters: Parameter[];
  /** Who may use it, as its description says. */
  roles: string[];
  /** Of the JSON body; undefined if it has none. */
  body: { schema: Schema; example: unknown; isValid: ValidateFunction } | undefined;
}

export interface DocumentedApi {
  operations: Operation[];
  /** What the fuzzing leaves out, each with why. */
  left: string[];
}

interface Media {
  schema: Schema;
  example?: unknown;
}
interface DocumentedOperation {
  operationId: string;
  description: string;
  parameters?: Parameter[];
  security?: Record<string, unknown>[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { content?: Record<string, Media> }>;
}
export interface ApiDocument {
  paths: Record<string, Record<string, DocumentedOperation>>;
  components: { schemas: Record<string, Schema> };
}

const JSON_TYPES = ['application/json', 'application/problem+json'];

export function readDocument(document: ApiDocument): DocumentedApi {
  const ajv = new Ajv2020({ strict: false });
  addFormats(ajv);
  ajv.addFormat('cursor', true); // of an earlier answer: what it may hold is nobody's business
  ajv.addSchema(document, 'document');
  const operations: Operation[] = [];
  const left: string[] = [];
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, documented] of Object.entries(methods)) {
      const name = `${method.toUpperCase()} ${path}`;
      const why = whyLeft(documented);
      if (why) left.push(`${name}: ${why}`);
      else operations.push(operationOf(name, method, path, documented));
    }
  }
  return { operations, left };

  function operationOf(
    name: string,
    method: string,
    path: string,
    documented: DocumentedOperation,
  ): Operation {
    const media = documented.requestBody?.content['application/json'];
    const pointer = ['paths', path, method, 'requestBody', 'content', 'application/json', 'schema'].map(
      (step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')),
    );
    return {
      name,
      operationId: documented.operationId,
      method: method.toUpperCase(),
      path,
      parameters: documented.parameters ?? [],
      roles: /Roles: (.+)\.$/m.exec(documented.description)![1]!.split(', '),
      body: media && {
        schema: media.schema,
        example: media.example,
        isValid: ajv.compile({ $ref: `document#/${pointer.join('/')}` }),
      },
    };
  }
}

/** Bodies other than JSON, and requests that are signed instead of carrying a key, have tests of their own. */
function whyLeft({ requestBody, responses, security }: DocumentedOperation): string | undefined {
  const asked = Object.keys(requestBody?.content ?? {});
  if (requestBody && !asked.includes('application/json')) return `takes ${asked.join(', ')}`;
  const answered = Object.values(responses).flatMap(({ content }) => Object.keys(content ?? {}));
  const others = [...new Set(answered.filter((type) => !JSON_TYPES.includes(type)))];
  if (others.length > 0) return `answers ${others.join(', ')}`;
  if (security && !security.some((scheme) => 'apiKey' in scheme)) return 'takes no API key';
  return undefined;
}
