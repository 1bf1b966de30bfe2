#!/usr/bin/env node
/**
 * The command `pps`: a client of the HTTP API, and what works on files without it. Exit codes: failure.ts. Errors are
 * sentences on the standard error, never a stack.
 */
import { CommanderError } from 'commander';
import { CommandFailure } from './failure';
import { createPps } from './pps';
import { complain } from './terminal';

async function main(args: readonly string[]): Promise<number> {
  try {
    await createPps().parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has printed its own.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof CommandFailure) {
      complain(error.lines);
      return error.exitCode;
    }
    complain([`This is a fault of pps itself: ${(error as Error).message}`]);
    return 1;
  }
}

// `pps ... | head` closes the pipe early; nobody reads the rest.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  complain([`The standard output cannot be written: ${error.message}.`]);
  process.exit(1);
});

void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
