/** All commands of `pps`. */
import { Command } from 'commander';
import { addBatch } from './batchCommand';
import { addClockCommands } from './clockCommands';
import { addCreditCommands } from './creditCommands';
import { addDirectCommands } from './directCommands';
import { addEnrollmentCommands } from './enrollmentCommands';
import { addExport } from './exportCommand';
import { wrongUsage } from './failure';
import { addImport } from './importCommand';
import { addKeyCommands } from './keyCommands';
import { addLookCommands } from './lookCommands';
import { addProgramCommands } from './programCommands';
import { addWebhookCommands } from './webhookCommands';

export function createPps(): Command {
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
  return pps;
}

/** A shell makes an empty argument of a variable that is not set, and a path of the API that means something else. */
function requireArguments({ args, registeredArguments }: Command): void {
  const empty = registeredArguments[args.indexOf('')];
  if (empty) throw wrongUsage(`<${empty.name()}> is empty; is a variable of your shell not set?`);
}
