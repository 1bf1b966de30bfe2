// PostgreSQL refuses to run as root. Then it runs as another user, and everything it needs must be reachable for that user.
import { chown, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './runCommand';
import type { SystemUser } from './runCommand';

const LOOK_MS = 10_000;

export function weAreRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The user to run PostgreSQL as: undefined (ourselves) unless we are root. */
export async function postgresUser(): Promise<SystemUser | undefined> {
  if (!weAreRoot()) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = await Promise.all([idOf('-u', name), idOf('-g', name)]);
    if (uid !== undefined && gid !== undefined && uid !== 0) return { name, uid, gid };
  }
  throw new Error(
    'PostgreSQL does not run as root, and this system has neither a user "postgres" nor "nobody". ' +
      'Run the command as an ordinary user.',
  );
}

async function idOf(option: '-u' | '-g', name: string): Promise<number | undefined> {
  const { succeeded, output } = await runCommand('id', [option, name], { timeoutMs: LOOK_MS });
  // `| 0`: macOS prints nobody's -2 as 4294967294, which Node's spawn does not take.
  return succeeded ? Number(output) | 0 : undefined;
}

/**
 * Whether the user can work in a directory of its own below `directory`: tried for real, because that depends on the mode
 * of every directory above it, on access lists and on mounts.
 */
export async function canWorkBelow(directory: string, user: SystemUser): Promise<boolean> {
  const trial = join(directory, `.trial-${process.pid}`);
  await mkdir(trial, { mode: 0o700 });
  try {
    await chown(trial, user.uid, user.gid);
    const script = 'cd "$1" && : > file && rm file';
    const { succeeded } = await runCommand('/bin/sh', ['-c', script, 'sh', trial], {
      user,
      cwd: '/',
      timeoutMs: LOOK_MS,
    });
    return succeeded;
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

/** Throws unless the directory is a real one, of our own user, that no one else can write. */
export function assertOnlyOursToWrite(
  path: string,
  entry: { isDirectory(): boolean; uid: number; mode: number },
): void {
  if (!entry.isDirectory() || entry.uid !== process.getuid?.() || (entry.mode & 0o022) !== 0) {
    throw new Error(
      `${path} is not a directory that only this user can write. Look who made it, and remove it.`,
    );
  }
}
