/**
 * Looks a service over from inside, also when its API is down: database, roles, migrations, clock, outbox, Temporal,
 * namespace, search attributes, schedule, workers. It changes nothing. Exit code 0: all is well; 1: something is not; 2: the
 * settings cannot be used.
 *
 *   node dist/deploy/doctor.js [--json]        or: pps doctor
 */
import { Command } from 'commander';
import { SettingsError } from '../settings/environment';
import { readDoctorSettings } from '../settings/settings';
import { examinePostgres } from './doctor/postgres';
import { examineTemporal } from './doctor/temporal';
import type { Finding } from './doctor/finding';

async function main({ json }: { json?: true }): Promise<number> {
  const settings = readDoctorSettings();
  const findings = (
    await Promise.all([examinePostgres(settings.databaseUrl), examineTemporal(settings)])
  ).flat();
  console.log(json ? JSON.stringify(findings, null, 2) : inWords(findings));
  return findings.every(({ ok }) => ok) ? 0 : 1;
}

function inWords(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, ok, seen, remedy }) => [
    `${ok ? 'ok  ' : 'ILL '}  ${check.padEnd(width)}  ${seen}`,
    ...(remedy === null ? [] : [`      ${' '.repeat(width)}  -> ${remedy}`]),
  ]);
  const ill = findings.filter(({ ok }) => !ok).length;
  return [...lines, '', ill === 0 ? 'All is well.' : `${ill} of ${findings.length} need a remedy.`].join(
    '\n',
  );
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
    process.exitCode = error instanceof SettingsError ? 2 : 1;
  },
);
