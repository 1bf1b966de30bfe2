/**
 * `pps doctor` and `pps audit verify`: programs of their own, because they connect to PostgreSQL and Temporal, which nothing
 * else here does.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Command } from 'commander';
import { CommandFailure } from './failure';

const DIRECT =
  'Connects by itself, with the settings of the service (.env.example), and changes nothing.\n' +
  'Exit code 0: all is well; 1: something is not; 2: the settings cannot be used';

export function addDirectCommands(pps: Command): void {
  pps
    .command('doctor')
    .description('Looks a service over from inside, also when its API is down.')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', `\nExample: pps doctor\n\n${DIRECT}.`)
    .action(({ json }: { json?: true }) => run('doctor.js', json ? ['--json'] : []));
  pps
    .command('audit')
    .description('The audit: who did or tried what.')
    .command('verify')
    .description('Verifies that every entry is as it was written, and names the first that is not.')
    .argument(
      '[heads]',
      'file of the ends that an earlier run has seen; they are checked, and those of today written',
    )
    .option('--json', 'print the outcome as JSON')
    .addHelpText(
      'after',
      `\nExample: pps audit verify heads.json\n\n${DIRECT}; 4: PostgreSQL cannot be reached.`,
    )
    .action((heads: string | undefined, { json }: { json?: true }) =>
      run('auditVerify.js', [...(heads === undefined ? [] : [heads]), ...(json ? ['--json'] : [])]),
    );
}

async function run(program: string, args: string[]): Promise<void> {
  const path = join(__dirname, '..', 'deploy', program);
  const child = spawn(process.execPath, [path, ...args], { stdio: 'inherit' });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('exit', resolve);
  });
  // It has said why.
  if (code !== 0) throw new CommandFailure(code === 2 || code === 4 ? code : 1, []);
}
