import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { PostgresBinaries } from './postgresBinaries';
import type { PostgresHome } from './postgresHome';
import type { Report } from './progress';
import { runCommand } from './runCommand';
import type { Watchdog } from './watchdog';

export const SUPERUSER = 'postgres';

const INITDB_MS = 120_000;

/**
 * Creates the cluster if there is none, and returns the password of its superuser. A crash at any moment leaves either no
 * cluster or a whole one: it is made under another name and renamed.
 */
export async function ensureCluster(
  home: PostgresHome,
  binaries: PostgresBinaries,
  durable: boolean,
  watchdog: Watchdog,
  report: Report,
): Promise<string> {
  if (existsSync(home.cluster)) {
    return (await readFile(home.passwordFile, 'utf8')).trim();
  }
  const password = randomBytes(24).toString('hex');
  await rm(home.passwordFile, { force: true });
  await writeFile(home.passwordFile, password + '\n', { mode: 0o600, flag: 'wx' });
  if (home.user) await chown(home.passwordFile, home.user.uid, home.user.gid); // initdb reads it
  if (!home.isTemporary) report(`Creating a PostgreSQL cluster in ${home.cluster} (about 3 s)`);

  const unfinished = `${home.cluster}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  if (home.user) await chown(unfinished, home.user.uid, home.user.gid);
  const { succeeded, output } = await runCommand(
    binaries.initdb,
    [
      ...['-D', unfinished, '-U', SUPERUSER, `--pwfile=${home.passwordFile}`, '--auth=scram-sha-256'],
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...(durable ? [] : ['--no-sync']),
    ],
    {
      user: home.user,
      cwd: home.directory,
      env: environmentWithoutPostgres(),
      timeoutMs: INITDB_MS,
      onStart: (pid) => watchdog.watch(pid),
    },
  );
  watchdog.ended();
  if (!succeeded) {
    await rm(unfinished, { recursive: true, force: true });
    throw new Error(`PostgreSQL's initdb failed:\n${output}`);
  }
  await rename(unfinished, home.cluster);
  return password;
}

/** Variables such as PGDATA and PGOPTIONS are for the user's own PostgreSQL. */
export function environmentWithoutPostgres(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')));
}
