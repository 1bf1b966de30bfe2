/** `pps export`: enrollments as CSV, written while they come. */
import type { Command } from 'commander';
import { openDraft } from './files';
import { CommandFailure } from './failure';
import { addFilters, queryOf, type Filters } from './listFilters';
import { withService } from './remoteCommand';
import { openService } from './service';
import { json, print } from './terminal';

export function addExport(pps: Command): void {
  const command = pps
    .command('export')
    .description('Writes enrollments as CSV, oldest first; the columns are in docs/api.md.')
    .option('-o, --output <file>', 'instead of standard output');
  withService(addFilters(command), 'export --status paid -o paid.csv').action(
    async ({ output, json: isJson, ...filters }: Filters & { output?: string; json?: true }) => {
      const content = await openService().download('/v1/enrollments/export', queryOf(filters));
      const draft = openDraft(output);
      let bytes = 0;
      try {
        for await (const chunk of content) {
          bytes += chunk.length;
          await draft.write(chunk);
        }
      } catch (error) {
        await draft.discard();
        if (error instanceof CommandFailure) throw error;
        throw brokenOff(output);
      }
      await draft.keep();
      if (output === undefined) return;
      print(isJson ? json({ file: output, bytes }) : `${output}: ${bytes.toLocaleString('en-US')} bytes.\n`);
    },
  );
}

function brokenOff(output: string | undefined): CommandFailure {
  const consequence =
    output === undefined ? 'What was printed is not all of it.' : `${output} was not written.`;
  return new CommandFailure(4, [`The connection broke before the end. ${consequence} Try it again.`]);
}
