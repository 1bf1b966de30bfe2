/** `pps export`: enrollments as CSV, written while they come. */
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { parse } from 'csv-parse';
import { openDraft } from './files';
import { CommandFailure } from './failure';
import { addFilters, queryOf, type Filters } from './listFilters';
import { isFile } from './output';
import { withService } from './remoteCommand';
import { openService } from './service';
import { json, print } from './terminal';

export function addExport(pps: Command): void {
  const command = pps
    .command('export')
    .description('Writes enrollments as CSV, oldest first; the columns are in docs/api.md.')
    .option('-o, --output <file>', 'instead of standard output');
  const result = 'the rows as JSON; with -o, what was written';
  withService(addFilters(command), 'export --status paid -o paid.csv', result).action(
    async ({ output, json: isJson, ...filters }: Filters & { output?: string; json?: true }) => {
      const content = await openService().download('/v1/enrollments/export', queryOf(filters));
      const draft = openDraft(output);
      let bytes = 0;
      try {
        for await (const part of isJson && !isFile(output) ? jsonOf(content) : content) {
          bytes += part.length;
          await draft.write(part);
        }
      } catch (error) {
        await draft.discard();
        if (error instanceof CommandFailure) throw error;
        throw brokenOff(output);
      }
      await draft.keep();
      if (!isFile(output)) return;
      print(isJson ? json({ file: output, bytes }) : `${output}: ${bytes.toLocaleString('en-US')} bytes.\n`);
    },
  );
}

/** `{"items": [...]}`, an object of texts for each row, while the rows come. */
async function* jsonOf(csv: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const rows = parse({ columns: true });
  const read = pipeline(csv, rows);
  // What breaks off is an error of the rows, too.
  read.catch(() => undefined);
  let before = '{"items": [';
  for await (const row of rows as AsyncIterable<Record<string, string>>) {
    yield `${before}\n${JSON.stringify(row)}`;
    before = ',';
  }
  yield before === ',' ? '\n]}\n' : `${before}]}\n`;
}

function brokenOff(output: string | undefined): CommandFailure {
  const consequence = isFile(output) ? `${output} was not written.` : 'What was printed is not all of it.';
  return new CommandFailure(4, [`The connection broke before the end. ${consequence} Try it again.`]);
}
