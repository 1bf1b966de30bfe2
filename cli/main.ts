#!/usr/bin/env node
/**
 * The command `pps`: a client of the HTTP API, and what works on files without it. Exit codes: failure.ts. Errors are
 * sentences on the standard error, never a stack.
 */
import { Command, CommanderError } from 'commander';
import { addBatch } from './batchCommand';
import { addClockCommands } from './clockCommands';
import { addCreditCommands } from './creditCommands';
import { addDirectCommands } from './directCommands';
import { addEnrollmentCommands } from './enrollmentCommands';
import { addExport } from './exportCommand';
import { CommandFailure, wrongUsage } from './failure';
import { addImport } from './importCommand';
import { addKeyCommands } from './keyCommands';
import { addLookCommands } from './lookCommands';
import { addProgramCommands } from './programCommands';
import { complain } from './terminal';
import { addWebhookCommands } from './webhookCommands';

async function main(args: readonly string[]): Promise<number> {
  const pps = new Command('pps')
    .description(
      'Incentive programs at the command line: a running service, and what works on files without one.',
    )
    .exitOverride()
    .showHelpAfterError('(the option --help shows how it is used)')
    .hook('preAction', (_pps, command) => requireArguments(command));
  addEnrollmentCommands(pps);
  addLookCommands(pps);
  pps.commandsGroup('Many at once:');
  addImport(pps);
  addBatch(pps);
  addExport(pps);
  pps.commandsGroup('Programs and credits:');
  addProgramCommands(pps);
  addCreditCommands(pps);
  pps.commandsGroup('Operate:');
  addClockCommands(pps);
  addKeyCommands(pps);
  addWebhookCommands(pps);
  addDirectCommands(pps);
  try {
    await pps.parseAsync(args, { from: 'user' });
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

/** A shell makes an empty argument of a variable that is not set, and a path of the API that means something else. */
function requireArguments({ args, registeredArguments }: Command): void {
  const empty = registeredArguments[args.indexOf('')];
  if (empty) throw wrongUsage(`<${empty.name()}> is empty; is a variable of your shell not set?`);
}

// `pps ... | head` closes the pipe early; nobody reads the rest.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  complain([`The standard output cannot be written: ${error.message}.`]);
  process.exit(1);
});

void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
