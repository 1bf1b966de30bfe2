/** Commands whose result is a file: where it is written to, and what `--json` prints. */
import type { Command } from 'commander';
import { STANDARD, writeText } from './files';
import { json, print } from './terminal';

export interface Output {
  output?: string;
  json?: true;
}

/** `result` says what `--json` prints without a file. */
export function withOutput(command: Command, result: string): Command {
  return command
    .option('-o, --output <file>', 'file to write instead of standard output')
    .option('--json', `print ${result}; with -o, what was written, as JSON`);
}

/** Whether the result goes to a file, and the standard output is free to say so. */
export function isFile(output: string | undefined): output is string {
  return output !== undefined && output !== STANDARD;
}

/** The file is the same with and without `--json`, which says then what was written. Throws CommandFailure. */
export async function writeResult(
  text: string,
  { output, json: isJson }: Output,
  more: object = {},
): Promise<void> {
  await writeText(text, output);
  if (isJson && isFile(output)) print(json({ file: output, bytes: Buffer.byteLength(text), ...more }));
}
