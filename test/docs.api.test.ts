/** The examples of docs/api.md, run in order by a shell against a fresh service, as its reader would. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { readSource, ROOT } from './support/sources';
import { startTestService, type TestService } from './support/testService';

const DOCUMENTED_ADDRESS = 'http://127.0.0.1:8080';

/** The blocks of commands, each with what is said of its answers until the next heading or block. */
const blocks = [...readSource('docs/api.md').matchAll(/```sh\n([\s\S]*?)```([\s\S]*?)(?=\n#|\n```|$)/g)].map(
  ([, commands, said]) => ({
    commands: commands!,
    /** Of the block's requests, where the text says that one is refused here. */
    refusal: Number(/so\s+the\s+answer\s+is\s+(?:a\s+)?(\d{3})/.exec(said!)?.[1] ?? 0),
  }),
);

/** Prints the status of each request to standard error, whatever is done with its answer. */
const WITNESS = `curl() { command curl -sS -w '%{stderr}%{http_code} %{method} %{url_effective}\\n' "$@"; }`;

let t: TestService;
beforeAll(async () => {
  t = await startTestService({ definition: (definition) => ({ ...definition, id: 'pps-demo' }) });
});
afterAll(() => t?.stop());

test('When the examples of docs/api.md run in order, then each is answered as the text says', async () => {
  const script = [WITNESS, ...blocks.map(({ commands }, index) => `echo "block ${index}" >&2\n${commands}`)]
    .join('\n')
    .replaceAll(DOCUMENTED_ADDRESS, t.service.apiUrl);
  const { stderr, stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: ROOT,
  });
  const answered = stderr
    .split(/^block \d+\n/m)
    .slice(1)
    .map((lines) => lines.split('\n').filter(Boolean));
  // What waits for something (`until curl ...`) asks once or more.
  const requests = blocks.map(({ commands }) => commands.match(/\bcurl /g)?.length ?? 0);
  const asked = answered.map((lines, index) =>
    blocks[index]!.commands.includes('until curl ') ? Math.min(lines.length, requests[index]!) : lines.length,
  );
  expect(asked).toEqual(requests);
  expect(stdout).toContain('"status":"paid"');
  expect(requests.reduce((sum, count) => sum + count)).toBeGreaterThan(30);
  for (const [index, lines] of answered.entries()) {
    const { refusal } = blocks[index]!;
    for (const line of lines) expect(line).toMatch(refusal === 0 ? /^2\d\d / : new RegExp(`^${refusal} `));
  }
}, 120_000);
