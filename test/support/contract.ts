/** Answers of the running service against its OpenAPI document: every answer that a test gets goes through here. */
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { openApiDocument } from '../../api/openapi';
import { ROUTES } from '../../api/routes';
import type { Witness } from '../../dev/apiClient';

interface Operation {
  responses: Record<string, { content: Record<string, { schema: object }> }>;
}

const document = openApiDocument(ROUTES) as { paths: Record<string, Record<string, Operation>> };
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema(document, 'document');

const validators = new Map<string, ValidateFunction>();

/** Throws unless the document has the operation, the status, and an answer like this one. */
export const requireContract: Witness = (method, path, { status, headers, body }) => {
  const template = templateOf(path.split('?')[0]!);
  const name = `${method} ${template ?? path}`;
  const operation = template && document.paths[template]![method.toLowerCase()];
  if (!operation) throw new Error(`${name} is not in the OpenAPI document.`);
  const content = operation.responses[status]?.content;
  if (!content) throw new Error(`${name} answered ${status}, which the OpenAPI document does not have.`);
  const type = headers.get('content-type')!.split(';')[0]!;
  if (!content[type]) throw new Error(`${name} answered ${status} as ${type}.`);
  const validate = validatorOf(template, method.toLowerCase(), status, type);
  if (!validate(body)) {
    throw new Error(
      `${name} answered ${status} with a body that the OpenAPI document does not describe: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(body)}`,
    );
  }
};

function templateOf(path: string): string | undefined {
  return Object.keys(document.paths).find((template) =>
    new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
}

function validatorOf(template: string, method: string, status: number, type: string): ValidateFunction {
  const step = (text: string) => encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'));
  const pointer = ['paths', template, method, 'responses', String(status), 'content', type, 'schema'];
  const id = `document#/${pointer.map(step).join('/')}`;
  const known = validators.get(id) ?? ajv.compile({ $ref: id });
  validators.set(id, known);
  return known;
}
