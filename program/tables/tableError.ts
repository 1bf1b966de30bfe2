/** One thing that is wrong with a table. */
export interface TableProblem {
  /** Where a spreadsheet shows it: blank rows count, line breaks within a value do not; null for the whole table. */
  row: number | null;
  column: string | null;
  /** A sentence that says what to do. */
  message: string;
}

/** Everything that is wrong with a table, at once, in the order of its rows. */
export class TableError extends Error {
  override readonly name = 'TableError';
  readonly code = 'TABLE_INVALID';
  readonly errors: readonly TableProblem[];

  constructor(errors: readonly TableProblem[]) {
    const inOrder = [...errors].sort((one, other) => (one.row ?? 0) - (other.row ?? 0));
    super(
      `The table has ${errors.length === 1 ? 'an error' : `${errors.length} errors`}: ` +
        inOrder.map((error) => `${placeOf(error)}: ${error.message}`).join(' '),
    );
    this.errors = inOrder;
  }
}

function placeOf({ row, column }: TableProblem): string {
  const names = [row !== null && `row ${row}`, column !== null && `column ${column}`].filter(Boolean);
  return names.join(', ') || '(table)';
}
