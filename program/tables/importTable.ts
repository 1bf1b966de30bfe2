/** A table on its way into a definition: what is wrong with the definition then is told by row and column of the table. */
import type { ProgramDefinition } from '../definition';
import { DefinitionError, parseDefinition, type DefinitionProblem } from '../parseDefinition';
import { TableError, type TableProblem } from './tableError';

/** Where a value of the definition stands in the table; both null for what the table is as a whole. */
export type Place = Pick<TableProblem, 'row' | 'column'>;

/** JSON pointer of a value to its place. */
export type Places = ReadonlyMap<string, Place>;

/**
 * The definition with a table in it, validated. Throws TableError with the errors of the table's form and, of rows that
 * could be read, those of their values; what concerns several rows is looked at once all of them can be read.
 */
export function importTable(
  definition: ProgramDefinition,
  places: Places,
  formErrors: readonly TableProblem[],
): ProgramDefinition {
  let parsed: ProgramDefinition;
  try {
    parsed = parseDefinition(definition);
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    const found = error.errors.map((problem) => problemInTable(problem, places));
    if (formErrors.length === 0) throw new TableError(found);
    throw new TableError([...formErrors, ...found.filter(({ column }) => column !== null)]);
  }
  if (formErrors.length > 0) throw new TableError(formErrors);
  return parsed;
}

/** At the nearest place known; the pointer is told wherever that is not the value itself. */
function problemInTable({ pointer, message }: DefinitionProblem, places: Places): TableProblem {
  const exact = places.get(pointer);
  if (exact) return { ...exact, message };
  const around = enclosing(pointer).find((candidate) => places.has(candidate));
  const place = around === undefined ? undefined : places.get(around);
  return { row: null, column: null, ...place, message: `${pointer}: ${message}` };
}

/** The pointers to all that a value is in, the innermost first. */
function enclosing(pointer: string): string[] {
  const keys = pointer.split('/');
  return keys.map((_, index) => keys.slice(0, keys.length - 1 - index).join('/'));
}
