/** Program definitions in files: read with every error at its line, written as their author wrote them. */
import { isDeepStrictEqual } from 'node:util';
import type { ProgramDefinition } from '../program/definition';
import { DefinitionError, parseDefinition } from '../program/parseDefinition';
import { wrongContent } from './failure';
import { nameOf, readJsonFile } from './files';
import { toJsonText } from './jsonText';
import { countOf } from './layout';

export interface DefinitionFile {
  /** As it is written: perhaps with `$schema`, and without what has a default. */
  document: Record<string, unknown>;
  definition: ProgramDefinition;
}

/** Throws CommandFailure, for an invalid definition with all its errors as `pointer: sentence (line 12)`. */
export async function readDefinitionFile(file: string): Promise<DefinitionFile> {
  const { value, lineOf } = await readJsonFile(file);
  return {
    document: value as Record<string, unknown>,
    definition: definitionIn(value, { name: nameOf(file), read: parseDefinition, lineOf }),
  };
}

interface Reading {
  /** Of the document, in sentences. */
  name: string;
  /** Throws DefinitionError. */
  read: (document: unknown) => ProgramDefinition;
  /** Of a JSON pointer; of a document in a file. */
  lineOf?: (pointer: string) => number;
}

/** Throws CommandFailure with everything that is wrong. */
export function definitionIn(document: unknown, { name, read, lineOf }: Reading): ProgramDefinition {
  try {
    return read(document);
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    throw wrongContent(
      ...error.errors.map(
        ({ pointer, message }) =>
          `${pointer || '(document)'}: ${message}${lineOf ? ` (line ${lineOf(pointer)})` : ''}`,
      ),
      `${name} is not valid: ${countOf(error.errors.length, 'error')}.`,
    );
  }
}

/** A changed definition as JSON: what did not change stays as its author wrote it. */
export function definitionText({ document, definition }: DefinitionFile, changed: ProgramDefinition): string {
  const { $schema } = document;
  const written = asWritten(document, definition, changed) as Record<string, unknown>;
  return toJsonText($schema === undefined ? written : { $schema, ...written });
}

/**
 * `changed` in the words of the source, whose meaning is `before`: what means the same is left as it is, also left out,
 * and keys keep their order. What is added to a list is written like its last element.
 */
function asWritten(source: unknown, before: unknown, changed: unknown): unknown {
  if (source !== undefined && isDeepStrictEqual(before, changed)) return source;
  if (Array.isArray(source) && Array.isArray(before) && Array.isArray(changed)) {
    return changed.map((element, index) => {
      const like = Math.min(index, source.length - 1);
      return asWritten(source[like], before[like], element);
    });
  }
  if (!isObject(source) || !isObject(before) || !isObject(changed)) return changed;
  const stated = Object.keys(source).filter((key) => Object.hasOwn(changed, key));
  const added = Object.keys(changed).filter(
    (key) => !stated.includes(key) && !isDeepStrictEqual(before[key], changed[key]),
  );
  return Object.fromEntries(
    [...stated, ...added].map((key) => [key, asWritten(source[key], before[key], changed[key])]),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
