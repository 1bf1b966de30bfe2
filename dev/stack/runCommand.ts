import { spawn } from 'node:child_process';

/** A user of the operating system that a process runs as; undefined in our signatures means "as ourselves". */
export interface SystemUser {
  name: string;
  uid: number;
  gid: number;
}

export interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  user?: SystemUser | undefined;
  timeoutMs: number;
  /** Told the process id, so that a watchdog can be set on it. */
  onStart?: (pid: number) => void;
}

export interface CommandResult {
  succeeded: boolean;
  /** Standard output and error together, trimmed; the reason if the command could not be started or was cut off. */
  output: string;
}

/** Runs a command to its end. Never throws: a command that cannot be started is a result as well. */
export function runCommand(command: string, args: string[], options: CommandOptions): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      ...(options.env && { env: options.env }),
      ...(options.user && { uid: options.user.uid, gid: options.user.gid }),
    });
    let output = '';
    let timedOut = false;
    const collect = (chunk: Buffer) => (output += chunk.toString('utf8'));
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, options.timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      resolve({ succeeded: false, output: error.message });
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (timedOut) output += `\nstopped after ${options.timeoutMs / 1000} s without an end`;
      else if (signal) output += `\nended by ${signal}`;
      resolve({ succeeded: code === 0, output: output.trim() });
    });
    if (child.pid !== undefined) options.onStart?.(child.pid);
  });
}
