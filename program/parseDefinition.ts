/** Definitions on their way in: everything that is wrong, at once, each with its place and a sentence that says what to do. */
import type { z } from 'zod';
import { amountTable, calendarRow, definitionSchema, type ProgramDefinition } from './definition';
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
  const errors: DefinitionProblem[] = parsed.success
    ? []
    : parsed.error.issues.flatMap((issue) => problemsOf(issue, json));
  const report = (path: Path, message: string) => void errors.push({ pointer: pointerTo(path), message });
  const parts = parsed.success ? parsed.data : validParts(json);
  const members = parsed.success ? parts : { ...parts, ...validMembers(json) };
  for (const check of CHECKS) check(check.ofMembers ? members : parts, report);
  if (!parsed.success || errors.length > 0) throw new DefinitionError(errors);
  return parsed.data;
}

/**
 * Reads a revision that was accepted once: its shape, with the defaults. What must hold between values was checked when it
 * was published, by the checks of that time. Throws DefinitionError.
 */
export function readRevision(document: unknown): ProgramDefinition {
  const json = withoutSchema(document);
  const parsed = definitionSchema.safeParse(json, { error: describeIssue });
  if (!parsed.success)
    throw new DefinitionError(parsed.error.issues.flatMap((issue) => problemsOf(issue, json)));
  return parsed.data;
}

/** The document without its `$schema`. */
export function withoutSchema(document: unknown): unknown {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return document;
  return Object.fromEntries(Object.entries(document).filter(([key]) => key !== '$schema'));
}

/** The members of the document that are valid by themselves. */
function validParts(json: unknown): Parts {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return {};
  const entries = Object.entries(definitionSchema.shape).flatMap(([key, schema]) => {
    const parsed = schema.safeParse((json as Record<string, unknown>)[key]);
    return parsed.success ? [[key, parsed.data]] : [];
  });
  return Object.fromEntries(entries) as Parts;
}

/** The long lists with the members that are valid by themselves, at their places; the others are holes. */
function validMembers(json: unknown): Parts {
  return {
    ...validMembersOf(json, 'credit', amountTable),
    ...validMembersOf(json, 'calendar', calendarRow),
  };
}

function validMembersOf<K extends 'credit' | 'calendar'>(json: unknown, key: K, schema: z.ZodType): Parts {
  const list = valueAt(json, [key]);
  if (!Array.isArray(list)) return {};
  const members: unknown[] = [];
  list.forEach((member, index) => {
    const parsed = schema.safeParse(member);
    if (parsed.success) members[index] = parsed.data;
  });
  return { [key]: members };
}

/** Types as they are written in JSON. */
const WRITTEN: Partial<Record<string, string>> = {
  string: 'a text in quotation marks',
  number: 'a number without quotation marks',
  int: 'a whole number without quotation marks',
  boolean: 'true or false, without quotation marks',
  array: 'a list in square brackets',
  object: 'an object in braces',
  record: 'an object in braces',
};

/** Sentences for what the schema itself has none for. */
function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_value' || (issue.code === 'invalid_union' && 'options' in issue)) {
    const values = issue.code === 'invalid_value' ? issue.values : (issue.options as unknown[]);
    return `Write one of: ${values.map((value) => JSON.stringify(value)).join(', ')}.`;
  }
  if (issue.code === 'invalid_type') return `Write ${WRITTEN[issue.expected] ?? issue.expected} here.`;
  if (issue.code === 'too_big') return `Write at most ${issue.maximum}.`;
  if (issue.code === 'too_small') return `Write at least ${issue.minimum}.`;
  return undefined;
}

function problemsOf(issue: z.core.$ZodIssue, json: unknown): DefinitionProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointerTo([...issue.path, key]),
      message: 'Unknown key; remove it.',
    }));
  }
  if (issue.code === 'invalid_key')
    return [{ pointer: pointerTo(issue.path), message: issue.issues[0]?.message ?? issue.message }];
  // A sentence of the schema's own says what is wrong, but not that nothing is there; a list of what to write says enough.
  const listsValues = issue.code === 'invalid_value' || issue.code === 'invalid_union';
  const message =
    !listsValues && valueAt(json, issue.path) === undefined ? 'This is missing; add it.' : issue.message;
  return [{ pointer: pointerTo(issue.path), message }];
}

function valueAt(json: unknown, path: Path): unknown {
  return path.reduce(
    (value: unknown, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    json,
  );
}

/** RFC 6901. */
function pointerTo(path: Path): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
