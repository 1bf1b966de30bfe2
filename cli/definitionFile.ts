/** Program definitions in files: read with every error at its line, written as their author wrote them. */
import { isDeepStrictEqual } from 'node:util';
import type { ProgramDefinition } from '../program/definition';
import { DefinitionError, parseDefinition } from '../program/parseDefinition';
import { wrongContent } from './failure';
import { nameOf, readJsonFile, writeText } from './files';
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
  try {
    return { document: value as Record<string, unknown>, definition: parseDefinition(value) };
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    throw wrongContent(
      ...error.errors.map(
        ({ pointer, message }) => `${place(pointer)}: ${message} (line ${lineOf(pointer)})`,
      ),
      `${nameOf(file)} is not valid: ${countOf(error.errors.length, 'error')}.`,
    );
  }
}

/** Writes a changed definition: what did not change stays as its author wrote it. Throws CommandFailure. */
export async function writeDefinition(
  { document, definition }: DefinitionFile,
  changed: ProgramDefinition,
  file: string | undefined,
): Promise<void> {
  const changes = Object.entries(changed).filter(
    ([key, value]) => !isDeepStrictEqual(value, definition[key as keyof ProgramDefinition]),
  );
  await writeText(toJsonText({ ...document, ...Object.fromEntries(changes) }), file);
}

/** A JSON pointer as it stands before a sentence. */
export function place(pointer: string): string {
  return pointer || '(document)';
}
