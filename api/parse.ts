/** What a caller sent, as a schema has it. */
import type { z } from 'zod';
import { invalid, pointerTo } from './problem';
import { inPlainWords } from './schemas';

/** Throws a 400 that names every field that is wrong, unknown ones each by itself. */
export function parse<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value ?? {}, { error: inPlainWords });
  if (parsed.success) return parsed.data;
  throw invalid(
    parsed.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), message: 'is unknown' }))
        : [{ pointer: pointerTo(issue.path), message: issue.message }],
    ),
  );
}
