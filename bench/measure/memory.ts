/** Memory of our processes as the operating system has it: all that they hold, native parts and threads included. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { TestService } from '../../test/support/testService';
import { report } from './benchService';

/** Resident memory of the service at one moment, in MiB. */
export interface Memory {
  when: string;
  /** Enrollments that are open then. */
  open: number;
  worker: number;
  api: number;
  /** Since the first look. */
  second: number;
}

export interface MemoryLog {
  looks: Memory[];
  look(when: string, open: number): Promise<Memory>;
}

export function openMemoryLog(t: TestService): MemoryLog {
  const beganAt = Date.now();
  const looks: Memory[] = [];
  return {
    looks,
    async look(when, open) {
      const { worker, api } = t.service; // a worker that was started again is another process
      const seen = {
        when,
        open,
        worker: await residentMib(worker.pid),
        api: await residentMib(api.pid),
        second: Math.round((Date.now() - beganAt) / 1_000),
      };
      looks.push(seen);
      report(`${when}: ${open} open, worker ${seen.worker} MiB, API ${seen.api} MiB`);
      return seen;
    },
  };
}

export async function residentMib(pid: number): Promise<number> {
  const kib =
    process.platform === 'linux'
      ? /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
      : (await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])).stdout.trim();
  if (!kib) throw new Error(`The memory of process ${pid} cannot be read.`);
  return Math.round(Number(kib) / 1024);
}
