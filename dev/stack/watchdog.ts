import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot } from './projectRoot';

export interface Watchdog {
  /** This process is to be stopped if ours ends first. One at a time: a later call replaces the earlier one. */
  watch(pid: number): void;
  /** The watched process has ended; its number may now belong to another. */
  ended(): void;
  /** Everything is cleaned up: the watchdog ends at once. */
  release(): Promise<void>;
}

/** Starts a process that outlives ours for as long as it takes to stop a server and remove its temporary directory. */
export function startWatchdog(duty: {
  temporaryDirectory: string | undefined;
  stopSignals: readonly [NodeJS.Signals, NodeJS.Signals];
}): Watchdog {
  const env = { ...process.env };
  delete env['NODE_OPTIONS']; // meant for our own process
  const child = spawn(
    process.execPath,
    [join(projectRoot(), 'dev', 'stack', 'watchdogProcess.js'), JSON.stringify(duty)],
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: tmpdir(), env, windowsHide: true },
  );
  const ended = once(child, 'exit').catch(() => undefined);
  const pipe = child.stdin as Socket;
  pipe.on('error', () => undefined); // somebody ended the watchdog: nobody to tell, and the server runs on
  child.unref();
  pipe.unref();

  return {
    watch: (pid) => void pipe.write(`watch ${pid}\n`),
    ended: () => void (pipe.writable && pipe.write('ended\n')),
    async release() {
      child.ref();
      pipe.end('release\n');
      await Promise.race([ended, sleep(2_000, undefined, { ref: false })]);
      child.unref();
    },
  };
}
