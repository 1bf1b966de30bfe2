import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canWorkBelow } from './postgresUser';
import type { SystemUser } from './runCommand';

/** Directories for temporary things, the best first. Only as root are there others than the usual one. */
export function temporaryRoots(user: SystemUser | undefined): string[] {
  return user ? [...new Set([tmpdir(), '/var/tmp', '/tmp'])] : [tmpdir()];
}

/**
 * A new directory of our own below the first of `roots` in which `user` can work too, although it cannot write there
 * itself: it only passes through, to directories that are given to it.
 */
export async function makeReachableDirectory(
  prefix: string,
  roots: string[],
  user: SystemUser | undefined,
): Promise<string> {
  for (const root of roots) {
    const directory = await mkdtemp(join(root, prefix)).catch(() => undefined);
    if (directory === undefined) continue;
    if (user === undefined) return directory;
    await chmod(directory, 0o711);
    if (await canWorkBelow(directory, user)) return directory;
    await rm(directory, { recursive: true });
  }
  throw new Error(
    `No directory for PostgreSQL: none of ${roots.join(', ')} can be used by ${user ? `the user "${user.name}"` : 'this user'}. ` +
      'Set TMPDIR to one that can.',
  );
}
