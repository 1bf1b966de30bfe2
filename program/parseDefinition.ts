/** Definitions on their way in: everything that is wrong, at once, each with its place and a sentence that says what to do. */
import type { z } from 'zod';
import { definitionSchema, type ProgramDefinition } from './definition';
import { CHECKS } from './definitionChecks/all';
import type { Parts, Path } from './definitionChecks/report';

/** One thing that is wrong with a definition. */
export interface DefinitionProblem {
  /** JSON pointer (RFC 6901) to the value; empty for the whole document. */
  pointer: string;
  /** A sentence that says what to do. */
  message: string;
}

/** Everything that is wrong with a definition, at once. */
export class DefinitionError extends Error {
  override readonly name = 'DefinitionError';
  readonly code = 'DEFINITION_INVALID';
  constructor(readonly errors: readonly DefinitionProblem[]) {
    super(
      `The program definition has ${errors.length === 1 ? 'an error' : `${errors.length} errors`}: ` +
        errors.map(({ pointer, message }) => `${pointer || '(document)'}: ${message}`).join(' '),
    );
  }
}

/**
 * Validates a definition and fills in its defaults; `$schema`, which is for editors only, is left out. Throws
 * DefinitionError with every error found.
 */
export function parseDefinition(document: unknown): ProgramDefinition {
  const json = withoutSchema(document);
  const parsed = definitionSchema.safeParse(json, { error: describeIssue });
  const errors: DefinitionProblem[] = parsed.success ? [] : parsed.error.issues.flatMap(problemsOf);
  const report = (path: Path, message: string) => void errors.push({ pointer: pointerTo(path), message });
  const parts = parsed.success ? parsed.data : validParts(json);
  for (const check of CHECKS) check(parts, report);
  if (!parsed.success || errors.length > 0) throw new DefinitionError(errors);
  return parsed.data;
}

/** The document without its `$schema`. */
export function withoutSchema(document: unknown): unknown {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return document;
  const { $schema: _, ...rest } = document as Record<string, unknown>;
  return rest;
}

/** The members of the document that are valid by themselves. */
function validParts(json: unknown): Parts {
  if (typeof json !== 'object' || json === null) return {};
  const entries = Object.entries(definitionSchema.shape).flatMap(([key, schema]) => {
    const parsed = schema.safeParse((json as Record<string, unknown>)[key]);
    return parsed.success ? [[key, parsed.data]] : [];
  });
  return Object.fromEntries(entries) as Parts;
}

/** Sentences for what the schema itself has none for. */
function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'unrecognized_keys' && issue.input === undefined) return 'This is missing; add it.';
  if (issue.code === 'invalid_union' && 'options' in issue) return oneOf(issue.options as unknown[]);
  if (issue.code === 'invalid_type') return `This must be of type ${issue.expected}.`;
  if (issue.code === 'invalid_value') return oneOf(issue.values);
  return undefined;
}

function oneOf(values: readonly unknown[]): string {
  return `Write one of: ${values.map((value) => JSON.stringify(value)).join(', ')}.`;
}

function problemsOf(issue: z.core.$ZodIssue): DefinitionProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointerTo([...issue.path, key]),
      message: 'Unknown key; remove it.',
    }));
  }
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return [{ pointer: pointerTo(issue.path), message }];
}

/** RFC 6901. */
function pointerTo(path: Path): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
