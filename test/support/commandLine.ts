/** The command `pps` as it is built (dist/): a process of its own, on files in a folder of its own. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtEntry } from '../../dev/settings';
import type { ProgramDefinition } from '../../program/definition';
import { ROOT } from './sources';

/** Files that are in the folder from the beginning. */
export const PPS_2023 = 'program/definitions/tiktok-pps-2023.json';
export const DEMO = 'program/definitions/pps-demo.json';
export const EXAMPLE = 'program/definitions/examples/woocommerce-spend-and-get.json';

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export type CommandLine = ReturnType<typeof openCommandLine>;

/** To be closed after the tests. */
export function openCommandLine() {
  const folder = mkdtempSync(join(tmpdir(), 'pps-cli-'));
  cpSync(join(ROOT, 'program/definitions'), join(folder, 'program/definitions'), { recursive: true });
  mkdirSync(join(folder, 'bin'));
  const command = `#!/bin/sh\nexec '${process.execPath}' '${builtEntry('cli', 'main.js')}' "$@"\n`;
  writeFileSync(join(folder, 'bin/pps'), command, { mode: 0o755 });

  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  const readJson = (file: string) => JSON.parse(read(file)) as Record<string, unknown>;
  const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
  return {
    folder,
    /** Runs a line of a shell in the folder, where `pps` is a command. */
    shell: (line: string, stdin = '') => run(folder, line, stdin),
    read,
    readJson,
    write,
    /** Writes the 2023 program after a change. */
    writeChanged(file: string, change: (definition: ProgramDefinition) => void): void {
      const document = readJson(PPS_2023) as unknown as ProgramDefinition;
      change(document);
      write(file, JSON.stringify(document, null, 2));
    },
    filesNow: () => readdirSync(folder).sort(),
    close: () => rmSync(folder, { recursive: true }),
  };
}

function run(folder: string, line: string, stdin: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH']}` };
    const child = spawn('sh', ['-c', line], { cwd: folder, env });
    const ended: Ended = { code: null, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
    child.once('error', reject).once('close', (code) => resolve({ ...ended, code }));
    // A command that does not read its input may have ended before.
    child.stdin.on('error', () => {}).end(stdin);
  });
}

/** What a document shows of an output: a line of `...` stands for lines that are left out, `...` in a line for a part of it. */
export function withGaps(printed: string): RegExp {
  const parts = printed.trim().split(/\n*^ *\.\.\.$\n*/m);
  const literal = parts.map((part) =>
    part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('\\.\\.\\.', '.*'),
  );
  return new RegExp(`^${literal.join('\\n[\\s\\S]*')}\\s*$`);
}
