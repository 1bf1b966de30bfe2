/** `pps program tables amounts` and `pps program tables calendar`: the tables of a definition, out to a spreadsheet and back. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ProgramDefinition } from '../program/definition';
import { describeChanges } from '../program/definitionDiff/describeChanges';
import { amountsToCsv, withAmountsFromCsv } from '../program/tables/amounts';
import { calendarToCsv, withCalendarFromCsv } from '../program/tables/calendar';
import { TableError } from '../program/tables/tableError';
import { readDefinitionFile, writeDefinition } from './definitionFile';
import { wrongContent, wrongUsage } from './failure';
import { nameOf, readText, writeText } from './files';
import { countOf } from './layout';
import { complain } from './terminal';

interface Table {
  title: string;
  toCsv: (definition: ProgramDefinition) => string;
  withCsv: (definition: ProgramDefinition, csv: string) => ProgramDefinition;
}

const TABLES: Record<string, Table> = {
  amounts: { title: 'tiers', toCsv: amountsToCsv, withCsv: withAmountsFromCsv },
  calendar: { title: 'calendar', toCsv: calendarToCsv, withCsv: withCalendarFromCsv },
};

export function addTableCommands(program: Command): void {
  const tables = program.command('tables').description('The tables of a definition, as CSV and back.');
  for (const [name, table] of Object.entries(TABLES)) {
    tables
      .command(name)
      .description(
        `Writes the ${table.title} of a definition as CSV; with --from, the definition with those of a CSV.`,
      )
      .argument('<file>', 'definition; "-" for standard input')
      .option('--from <csv>', 'CSV whose rows replace those of the definition')
      .option('-o, --output <file>', 'file to write instead of standard output')
      .addHelpText(
        'after',
        `\nExample: pps program tables ${name} my-program.json -o ${name}.csv\n` +
          `         pps program tables ${name} my-program.json --from ${name}.csv -o my-program.json`,
      )
      .action((file: string, options: TableOptions) => run(table, file, options));
  }
}

interface TableOptions {
  from?: string;
  output?: string;
}

async function run({ toCsv, withCsv }: Table, file: string, { from, output }: TableOptions): Promise<void> {
  const source = await readDefinitionFile(file);
  if (from === undefined) {
    if (output !== undefined && resolve(output) === resolve(file))
      throw wrongUsage(
        `The CSV would replace the definition ${file}; name another file after -o, or give a CSV by --from.`,
      );
    await writeText(
      inPlace(nameOf(file), () => toCsv(source.definition)),
      output,
    );
    return;
  }
  const csv = await readText(from);
  const changed = inPlace(nameOf(from), () => withCsv(source.definition, csv));
  await writeDefinition(source, changed, output);
  // A table that the file no longer names is gone with its bonuses and cap: nobody should find that out later.
  const changes = describeChanges(source.definition, changed);
  complain(changes);
}

/** Throws CommandFailure with all errors as `row 4, column amount: sentence`. */
function inPlace<T>(name: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (!(error instanceof TableError)) throw error;
    const { errors } = error;
    throw wrongContent(
      ...errors.map(({ row, column, message }) => `${placeOf(row, column)}: ${message}`),
      `${name} cannot be used: ${countOf(errors.length, 'error')}. Nothing was written.`,
    );
  }
}

function placeOf(row: number | null, column: string | null): string {
  const names = [row === null ? [] : `row ${row}`, column === null ? [] : `column ${column}`].flat();
  return names.join(', ') || '(table)';
}
