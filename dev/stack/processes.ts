import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const PROC = existsSync('/proc/self/stat');

/**
 * True for a running process of any user. A zombie, which only waits for its parent to look, counts as gone; but not while
 * threads of it are still ending, because until then its ports and locks are taken.
 */
export function processIsAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const stat = statOf(pid);
  return stat?.[0] !== 'Z' || Number(stat[17]) > 1;
}

/** A mark that differs when the number has gone to another process; undefined where the system does not tell. */
export function processStartMark(pid: number): string | undefined {
  return statOf(pid)?.[19];
}

/** The full command line of a process, or undefined if there is none or the system does not tell. */
export function processCommandLine(pid: number): string | undefined {
  try {
    if (PROC) return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    if (process.platform === 'win32') return undefined;
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return undefined; // no such process any more
  }
}

/** Sends a signal; a process that has gone meanwhile is not an error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export async function isGoneWithin(pid: number, timeoutMs: number): Promise<boolean> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(50)) {
    if (!processIsAlive(pid)) return true;
  }
  return !processIsAlive(pid);
}

/** The fields of /proc/<pid>/stat from the third (state) on; the second, the name, may hold blanks and brackets. */
function statOf(pid: number): string[] | undefined {
  if (!PROC) return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
