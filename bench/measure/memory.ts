/** Memory of a process as the operating system has it: all that it holds, its native parts and threads included. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Resident memory in MiB. */
export async function residentMib(pid: number): Promise<number> {
  const kib =
    process.platform === 'linux'
      ? /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
      : (await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])).stdout.trim();
  if (!kib) throw new Error(`The memory of process ${pid} cannot be read.`);
  return Math.round(Number(kib) / 1024);
}
