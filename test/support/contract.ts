/** Answers of the running service against its OpenAPI document: every answer that a test gets goes through here. */
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { openApiDocument } from '../../api/openapi';
import { ROUTES } from '../../api/routes';
import type { Witness } from '../../dev/apiClient';

interface Operation {
  responses: Record<
    string,
    { headers: Record<string, { $ref: string }>; content: Record<string, { schema: object }> }
  >;
}

const document = openApiDocument(ROUTES) as {
  paths: Record<string, Record<string, Operation>>;
  components: { headers: Record<string, { required?: boolean }> };
};
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addFormat('cursor', true); // opaque
ajv.addSchema(document, 'document');

const validators = new Map<string, ValidateFunction>();

/** Throws unless the document has the operation, the status, and an answer like this one with the headers that it promises. */
export const requireContract: Witness = (method, path, { status, headers, body }) => {
  const template = templateOf(path.split('?')[0]!);
  const name = `${method} ${template ?? path}`;
  const operation = template && document.paths[template]![method.toLowerCase()];
  if (!operation) throw new Error(`${name} is not in the OpenAPI document.`);
  const response = operation.responses[status];
  if (!response) throw new Error(`${name} answered ${status}, which the OpenAPI document does not have.`);
  const missing = Object.entries(response.headers)
    .filter(([header, { $ref }]) => !headers.has(header) && headerAt($ref).required)
    .map(([header]) => header);
  if (missing.length > 0) throw new Error(`${name} answered ${status} without ${missing.join(', ')}.`);
  const { content } = response;
  const type = headers.get('content-type')!.split(';')[0]!;
  if (!content[type]) throw new Error(`${name} answered ${status} as ${type}.`);
  const place = ['paths', template, method.toLowerCase(), 'responses', String(status), 'content', type];
  const errors = errorsAgainst([...place, 'schema'], body);
  if (errors !== undefined) {
    throw new Error(
      `${name} answered ${status} with a body that the OpenAPI document does not describe: ${errors}: ${JSON.stringify(body)}`,
    );
  }
};

/** What a value has that the schema at a place of the document does not describe. */
export function errorsAgainst(place: readonly string[], value: unknown): string | undefined {
  const validate = validatorAt(place);
  return validate(value) ? undefined : ajv.errorsText(validate.errors);
}

function headerAt(reference: string): { required?: boolean } {
  return document.components.headers[reference.replace('#/components/headers/', '')]!;
}

function templateOf(path: string): string | undefined {
  return Object.keys(document.paths).find((template) =>
    new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
}

function validatorAt(place: readonly string[]): ValidateFunction {
  const step = (text: string) => encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'));
  const id = `document#/${place.map(step).join('/')}`;
  const known = validators.get(id) ?? ajv.compile({ $ref: id });
  validators.set(id, known);
  return known;
}
