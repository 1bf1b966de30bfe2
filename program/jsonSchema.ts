/** The program definition as a JSON Schema, by which an editor completes and checks what an admin writes. */
import { z } from 'zod';
import { definitionSchema } from './definition';

/** JSON Schema (draft 2020-12) of a definition as it is written: with `$schema`, and without what has a default. */
export function definitionJsonSchema(): Record<string, unknown> {
  const written = definitionSchema.extend({ $schema: z.string().optional().describe('For editors only.') });
  const { $schema, ...schema } = z.toJSONSchema(written, { io: 'input' });
  return {
    $schema,
    title: 'Program definition',
    description:
      'The rules of an incentive program. What holds between its values is checked by `pps program validate`.',
    ...schema,
  };
}
