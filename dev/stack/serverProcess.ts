import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SystemUser } from './runCommand';
import { removeRunRecord, writeRunRecord } from './runRecord';
import type { Watchdog } from './watchdog';

export interface ServerPlan {
  /** For the sentences to the user, for example "PostgreSQL". */
  name: string;
  command: string;
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  user?: SystemUser | undefined;
  /** Output of the server. The log of the run before is kept beside it with the ending ".old". */
  logFile: string;
  /** Given for a server that keeps its data: see runRecord.ts. */
  recordFile?: string | undefined;
  /** How it is asked, and then told, to stop. */
  stopSignals: readonly [NodeJS.Signals, NodeJS.Signals];
  watchdog: Watchdog;
}

export interface ServerProcess {
  pid: number;
  /** Asks `probe` until it gives an answer. Throws a ServerEnded if the process ends before that. */
  readyWhen<T>(probe: () => Promise<T | undefined>, timeoutMs: number): Promise<T>;
  kill: (signal: NodeJS.Signals) => void;
  /** Resolves when the process has ended, whoever ended it, with the way in which it did. */
  ended: Promise<string>;
  /** Ends the process, at the latest by SIGKILL. May be called again. */
  stop: () => Promise<void>;
}

/** The server ended before it was ready; `log` holds the last lines that it wrote. */
export class ServerEnded extends Error {
  override name = 'ServerEnded';
  constructor(
    server: string,
    how: string,
    readonly log: string,
  ) {
    super(`${server} ended while starting (${how}). The last lines of its log:\n${log || '(nothing)'}`);
  }
}

const STOP_MS = 10_000;
const LOG_LINES_IN_ERRORS = 20;

/**
 * Starts a server in a session of its own, so that Ctrl-C in the terminal does not reach it: whoever started it stops it,
 * after everything that uses it. It does not keep our process alive either.
 */
export async function startServerProcess(plan: ServerPlan): Promise<ServerProcess> {
  await rename(plan.logFile, `${plan.logFile}.old`).catch(() => undefined); // none yet
  const log = openSync(plan.logFile, 'w', 0o600);
  const child = spawn(plan.command, plan.args, {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: plan.cwd,
    env: plan.env,
    windowsHide: true,
    ...(plan.user && { uid: plan.user.uid, gid: plan.user.gid }),
  });
  closeSync(log);
  const { pid } = child;
  if (pid !== undefined) plan.watchdog.watch(pid);

  let howItEnded: string | undefined;
  const ended = new Promise<string>((resolve) => {
    const note = (how: string) => {
      howItEnded ??= how;
      plan.watchdog.ended();
      resolve(how);
    };
    child.once('exit', (code, signal) => note(signal ?? `exit code ${code}`));
    child.once('error', (error) => note(error.message));
  });
  child.unref();

  const endedWithin = (timeoutMs: number) =>
    Promise.race([ended.then(() => true), sleep(timeoutMs, false, { ref: false })]);
  const isRunning = () => howItEnded === undefined;

  async function stop(): Promise<void> {
    child.ref(); // our own process stays until this one has ended
    for (const signal of [...plan.stopSignals, 'SIGKILL'] as const) {
      if (!isRunning()) break;
      child.kill(signal);
      await endedWithin(STOP_MS);
    }
    child.unref();
    if (plan.recordFile !== undefined && pid !== undefined) await removeRunRecord(plan.recordFile, pid);
  }

  async function readyWhen<T>(probe: () => Promise<T | undefined>, timeoutMs: number): Promise<T> {
    for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(50)) {
      if (howItEnded !== undefined) {
        throw new ServerEnded(plan.name, howItEnded, await lastLines(plan.logFile));
      }
      const answer = await probe();
      if (answer !== undefined && isRunning()) return answer;
    }
    throw new Error(
      `${plan.name} does not answer after ${timeoutMs / 1000} s. The last lines of its log:\n${await lastLines(plan.logFile)}`,
    );
  }

  if (pid === undefined) {
    await ended;
    throw new ServerEnded(plan.name, howItEnded ?? 'not started', '');
  }
  if (plan.recordFile !== undefined) await writeRunRecord(plan.recordFile, pid);
  return {
    pid,
    readyWhen,
    kill: (signal) => void (isRunning() && child.kill(signal)),
    ended,
    stop,
  };
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-LOG_LINES_IN_ERRORS).join('\n');
}
