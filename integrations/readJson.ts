import type { z } from 'zod';

/** A body as the schema describes it (unknown fields are dropped), or undefined if it is not that. */
export function readJson<T>(schema: z.ZodType<T>, text: string): T | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return schema.safeParse(value).data;
}
