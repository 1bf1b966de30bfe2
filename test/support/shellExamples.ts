/** The examples of a document, run by a shell as its reader would, with every request seen. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ROOT } from './sources';

/** Where `npm start` has the API, and its sandbox: what the documents name. */
export const DOCUMENTED = { api: 'http://127.0.0.1:8080', sandbox: 'http://127.0.0.1:4010' };

export interface Answered {
  status: number;
  method: string;
  path: string;
}

/** What waits for something that does not come would wait for ever. */
const TIMEOUT_MS = 100_000;

/** Prints the status of each request to standard error, whatever is done with its answer. */
const WITNESS = `curl() { command curl -sS -w '%{stderr}%{http_code} %{method} %{url_effective}\\n' "$@"; }`;

/**
 * Runs blocks of commands in one shell, at other addresses than the documented ones. Gives back what they printed and, block
 * by block, what their requests were answered; throws if a command fails.
 */
export async function runExamples(
  blocks: readonly string[],
  at: { apiUrl: string; sandboxUrl: string },
  cwd = ROOT,
): Promise<{ printed: string; answered: Answered[][] }> {
  const script = [WITNESS, ...blocks.map((commands, index) => `echo "block ${index}" >&2\n${commands}`)]
    .join('\n')
    .replaceAll(DOCUMENTED.api, at.apiUrl)
    .replaceAll(DOCUMENTED.sandbox, at.sandboxUrl);
  const { stderr, stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    cwd,
    timeout: TIMEOUT_MS,
  });
  const answered = stderr
    .split(/^block \d+\n/m)
    .slice(1)
    .map((lines) => lines.split('\n').filter(Boolean).map(readAnswered));
  return { printed: stdout, answered };
}

function readAnswered(line: string): Answered {
  const [, status, method, url] = /^(\d{3}) ([A-Z]+) (http\S+)$/.exec(line) ?? [];
  if (url === undefined) throw new Error(`An example said: ${line}`);
  const { pathname, search } = new URL(url);
  return { status: Number(status), method: method!, path: pathname + search };
}
