/** `pps doctor`: a program of its own, because it connects to PostgreSQL and Temporal, which nothing else here does. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Command } from 'commander';
import { CommandFailure } from './failure';

export function addDoctorCommand(pps: Command): void {
  pps
    .command('doctor')
    .description('Looks a service over from inside, also when its API is down.')
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      '\nExample: pps doctor\n\nConnects to PostgreSQL and Temporal with the settings of the service (.env.example), and changes nothing.\nExit code 0: all is well; 1: something is not; 2: the settings cannot be used.',
    )
    .action(async ({ json }: { json?: true }) => {
      const program = join(__dirname, '..', 'deploy', 'doctor.js');
      const child = spawn(process.execPath, [program, ...(json ? ['--json'] : [])], { stdio: 'inherit' });
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once('error', reject).once('exit', resolve);
      });
      if (code !== 0) throw new CommandFailure(code === 2 ? 2 : 1, []);
    });
}
