/** `pps program tables amounts` and `pps program tables calendar`: the tables of a definition, out to a spreadsheet and back. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ProgramDefinition } from '../program/definition';
import { describeChanges } from '../program/definitionDiff/describeChanges';
import { amountRows, amountsToCsv, withAmountsFromCsv } from '../program/tables/amounts';
import { calendarRows, calendarToCsv, withCalendarFromCsv } from '../program/tables/calendar';
import { TableError } from '../program/tables/tableError';
import { definitionText } from './definitionFile';
import { wrongContent, wrongUsage } from './failure';
import { nameOf, readText } from './files';
import { countOf } from './layout';
import { DEFINITION, readDefinition, SERVICE_FOR_IDS } from './namedDefinition';
import { isFile, withOutput, writeResult, type Output } from './output';
import { complain, json } from './terminal';

interface Table {
  title: string;
  rows: (definition: ProgramDefinition) => object[];
  toCsv: (definition: ProgramDefinition) => string;
  withCsv: (definition: ProgramDefinition, csv: string) => ProgramDefinition;
}

const TABLES: Record<string, Table> = {
  amounts: { title: 'tiers', rows: amountRows, toCsv: amountsToCsv, withCsv: withAmountsFromCsv },
  calendar: { title: 'calendar', rows: calendarRows, toCsv: calendarToCsv, withCsv: withCalendarFromCsv },
};

export function addTableCommands(program: Command): void {
  const tables = program.command('tables').description('The tables of a definition, as CSV and back.');
  for (const [name, table] of Object.entries(TABLES)) {
    withOutput(
      tables
        .command(name)
        .description(
          `Writes the ${table.title} of a definition as CSV; with --from, the definition with those of a CSV.`,
        )
        .argument('<definition>', DEFINITION)
        .option('--from <csv>', 'CSV whose rows replace those of the definition'),
      'the rows as JSON, or with --from the definition',
    )
      .addHelpText(
        'after',
        `\nExample: pps program tables ${name} my-program.json -o ${name}.csv\n` +
          `         pps program tables ${name} my-program.json --from ${name}.csv -o my-program.json\n\n${SERVICE_FOR_IDS}`,
      )
      .action((source: string, options: TableOptions) => run(table, source, options));
  }
}

interface TableOptions extends Output {
  from?: string;
}

async function run(
  { rows, toCsv, withCsv }: Table,
  source: string,
  { from, ...options }: TableOptions,
): Promise<void> {
  const { output, json: isJson } = options;
  const before = await readDefinition(source);
  if (from === undefined) {
    if (output !== undefined && resolve(output) === resolve(source))
      throw wrongUsage(
        `The CSV would replace the definition ${source}; name another file after -o, or give a CSV by --from.`,
      );
    const written = (definition: ProgramDefinition) =>
      isJson && !isFile(output) ? json({ rows: rows(definition) }) : toCsv(definition);
    await writeResult(
      inPlace(before.name, () => written(before.definition)),
      options,
    );
    return;
  }
  const csv = await readText(from);
  const changed = inPlace(nameOf(from), () => withCsv(before.definition, csv));
  // A table that the file no longer names is gone with its bonuses and cap: nobody should find that out later.
  const changes = describeChanges(before.definition, changed);
  await writeResult(definitionText(before, changed), options, { changes });
  if (!isJson || !isFile(output)) complain(changes);
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
