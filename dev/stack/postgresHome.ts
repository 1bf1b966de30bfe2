// Where one PostgreSQL keeps its things: the cluster (PostgreSQL's own data directory), and beside it password, log and
// pid file.
import { existsSync } from 'node:fs';
import { lstat, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { assertOnlyOursToWrite, canWorkBelow, postgresUser, weAreRoot } from './postgresUser';
import type { Report } from './progress';
import type { SystemUser } from './runCommand';
import { makeReachableDirectory, temporaryRoots } from './temporaryPlace';

export interface PostgresHome {
  directory: string;
  cluster: string;
  passwordFile: string;
  logFile: string;
  recordFile: string;
  /** Removed when the server stops. */
  isTemporary: boolean;
  /** Who PostgreSQL runs as: undefined is ourselves. */
  user: SystemUser | undefined;
}

/** Holds the path of the directory that is used in place of the one it stands in. */
const LOCATION_FILE = 'location';
const RELOCATED = 'pps-incentives-data-';

export async function openTemporaryHome(): Promise<PostgresHome> {
  const user = await postgresUser();
  const directory = await makeReachableDirectory('pps-incentives-postgres-', temporaryRoots(user), user);
  return homeIn(await realpath(directory), true, user);
}

/**
 * The home in `wanted`, which is created if needed. As root, PostgreSQL runs as another user: if that user cannot reach
 * `wanted` (a clone in a 0700 folder), a directory under /var/tmp takes its place, and the file `location` in `wanted` says
 * which. Only that file ties the two: a new clone never meets the data of an old one.
 */
export async function openLastingHome(wanted: string, report: Report): Promise<PostgresHome> {
  await mkdir(wanted, { recursive: true, mode: weAreRoot() ? 0o755 : 0o700 });
  const directory = await locate(await realpath(wanted));
  if (!existsSync(directory)) {
    throw new Error(
      `The PostgreSQL data of ${wanted} were in ${directory}, which is gone. To begin with an empty database, remove ${wanted}.`,
    );
  }
  if (existsSync(join(directory, 'cluster'))) {
    return homeIn(directory, false, await ownerOf(join(directory, 'cluster')));
  }
  const user = await postgresUser();
  if (!user || (await canWorkBelow(directory, user))) return homeIn(directory, false, user);

  const roots = [...new Set(['/var/tmp', tmpdir(), '/tmp'])]; // /var/tmp outlives a restart of the machine
  const elsewhere = await realpath(await makeReachableDirectory(RELOCATED, roots, user));
  await writeFile(join(directory, LOCATION_FILE), elsewhere + '\n', { flag: 'wx' });
  report(`The user "${user.name}" cannot reach ${directory}: PostgreSQL keeps its data in ${elsewhere}`);
  return homeIn(elsewhere, false, user);
}

/** The directory that really holds the data of `wanted`: itself, or the one named in its location file. */
export async function locate(wanted: string): Promise<string> {
  const elsewhere = (await readFile(join(wanted, LOCATION_FILE), 'utf8').catch(() => '')).trim();
  if (elsewhere === '') return wanted;
  if (!basename(elsewhere).startsWith(RELOCATED)) {
    throw new Error(
      `${join(wanted, LOCATION_FILE)} names ${elsewhere}, which is not a directory that we made.`,
    );
  }
  const entry = await lstat(elsewhere).catch(() => undefined);
  if (entry) assertOnlyOursToWrite(elsewhere, entry);
  return elsewhere;
}

/** Removes all that a home consists of, and nothing else that may be in the directory. The server must not run. */
export async function removeHome({
  cluster,
  passwordFile,
  logFile,
  recordFile,
}: PostgresHome): Promise<void> {
  const logs = [logFile, `${logFile}.old`];
  for (const path of [cluster, `${cluster}.unfinished`, passwordFile, ...logs, recordFile]) {
    await rm(path, { recursive: true, force: true });
  }
}

/** Removes the directory that took the place of `wanted`, and the file that says so. */
export async function removeRelocation(wanted: string, elsewhere: string): Promise<void> {
  await rm(elsewhere, { recursive: true, force: true });
  await rm(join(wanted, LOCATION_FILE), { force: true });
}

export function homeIn(directory: string, isTemporary: boolean, user: SystemUser | undefined): PostgresHome {
  return {
    directory,
    cluster: join(directory, 'cluster'),
    passwordFile: join(directory, 'password'),
    logFile: join(directory, 'postgres.log'),
    recordFile: join(directory, 'postgres.pid.json'),
    isTemporary,
    user,
  };
}

/** PostgreSQL accepts a cluster only from its owner: who started first, as root or not, decides who it runs as. */
async function ownerOf(cluster: string): Promise<SystemUser | undefined> {
  const { uid, gid } = await lstat(cluster);
  if (process.getuid === undefined || uid === process.getuid()) return undefined;
  if (weAreRoot()) return { name: `uid ${uid}`, uid, gid };
  throw new Error(`${cluster} belongs to another user (uid ${uid}). Start as root, as before, or remove it.`);
}
