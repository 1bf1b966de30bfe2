/** The settings of API and worker, as far as this environment has them; each process reads them once, at its start. */
import { SettingsError } from '../../settings/environment';
import { readApiSettings, readWorkerSettings } from '../../settings/settings';
import { ill, well, type Finding } from './finding';

const CHECK = 'configuration';

/** A variable that no other process reads says that the settings are meant. */
const PROCESSES = [
  { process: 'the API', ownVariable: 'API_KEYS', read: readApiSettings },
  { process: 'the worker', ownVariable: 'TIKTOK_ACCESS_TOKEN', read: readWorkerSettings },
];

export function examineConfiguration(environment: NodeJS.ProcessEnv): Finding[] {
  const given = PROCESSES.filter(({ ownVariable }) => environment[ownVariable]);
  if (given.length === 0) {
    const variables = PROCESSES.map(({ process, ownVariable }) => `${ownVariable} for ${process}'s`);
    return [well(CHECK, `that of this command can be used; not looked at: ${variables.join(', ')}`)];
  }
  return given.map(({ process, read }) => {
    try {
      read(environment);
      return well(CHECK, `that of ${process} can be used`);
    } catch (error) {
      return unusable(error, process);
    }
  });
}

/** Throws what is no SettingsError. */
export function unusable(error: unknown, process: string): Finding {
  if (!(error instanceof SettingsError)) throw error;
  const [, ...reasons] = error.message.split('\n').map((line) => line.trim());
  return ill(
    CHECK,
    `that of ${process} cannot be used: ${reasons.join('; ')}`,
    'Correct each of these variables as .env.example describes it, and start the process again.',
  );
}
