/**
 * Looks a service over from inside, also when its API is down: configuration, database, roles, migrations, clock, outbox,
 * secrets, Temporal, namespace, search attributes, schedule, workers. It changes nothing. Exit code 0: all is well; 1: something
 * is not; 2: its own settings cannot be used, and nothing else was looked at.
 *
 *   node dist/deploy/doctor.js [--json]        or: pps doctor
 */
import { Command } from 'commander';
import { readDoctorSettings, type DoctorSettings } from '../settings/settings';
import { examineConfiguration, unusable } from './doctor/configuration';
import { examinePostgres } from './doctor/postgres';
import { examineTemporal } from './doctor/temporal';
import type { Finding } from './doctor/finding';

async function main({ json }: { json?: true }): Promise<number> {
  const settings = ownSettings();
  const findings = Array.isArray(settings) ? settings : await examine(settings);
  console.log(json ? JSON.stringify(findings, null, 2) : inWords(findings));
  if (Array.isArray(settings)) return 2;
  return findings.every(({ ok }) => ok) ? 0 : 1;
}

/** Where the service is; or why that cannot be known. */
function ownSettings(): DoctorSettings | Finding[] {
  try {
    return readDoctorSettings();
  } catch (error) {
    return [unusable(error, 'this command')];
  }
}

async function examine(settings: DoctorSettings): Promise<Finding[]> {
  const configuration = examineConfiguration(process.env);
  const others = [examinePostgres(settings), examineTemporal(settings)];
  return [...configuration, ...(await Promise.all(others)).flat()];
}

function inWords(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, ok, seen, remedy }) => [
    `${ok ? 'ok  ' : 'ILL '}  ${check.padEnd(width)}  ${seen}`,
    ...(remedy === null ? [] : [`      ${' '.repeat(width)}  -> ${remedy}`]),
  ]);
  const ill = findings.filter(({ ok }) => !ok).length;
  const verb = ill === 1 ? 'needs' : 'need';
  const outcome = ill === 0 ? 'All is well.' : `${ill} of ${findings.length} ${verb} a remedy.`;
  return [...lines, '', outcome].join('\n');
}

const command = new Command('pps doctor')
  .description(
    'Looks a service over from inside, with the settings of its processes (.env.example); changes nothing.',
  )
  .option('--json', 'print the findings as JSON');
command.parse();
main(command.opts()).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
