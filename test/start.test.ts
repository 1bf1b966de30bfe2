/** What `npm start` prints when everything is up, and what it refuses. */
import { execFile } from 'node:child_process';
import { printGuide } from '../dev/guide';
import { builtEntry } from '../dev/settings';
import { parseDefinition } from '../program/parseDefinition';
import { readSource } from './support/sources';

test.each([
  ['of its own', 'postgres://app:made-up@127.0.0.1:5433/pps'],
  ['of somebody else', undefined],
])('When PostgreSQL is %s, then its address is printed only if it is our own', (_whose, databaseUrl) => {
  const printed = guide(databaseUrl);
  expect(printed).toContain('\nAPI          http://127.0.0.1:8080\n');
  const line = /^PostgreSQL .*$/m.exec(printed)?.[0];
  expect(line).toBe(databaseUrl && `PostgreSQL   ${databaseUrl}   (DATABASE_URL of \`pps doctor\`)`);
});

test.each(['start', 'demo'])(
  'When `npm run %s` gets an option that it does not know, then it starts nothing and says so',
  async (name) => {
    const { code, stdout, stderr } = await run(builtEntry('dev', `${name}.js`), '--frehs');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain("Unknown option '--frehs'");
  },
);

function run(...args: string[]): Promise<{ code: number | string; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

function guide(databaseUrl: string | undefined): string {
  const printed: string[] = [];
  const log = jest.spyOn(console, 'log').mockImplementation((text: string) => void printed.push(text));
  printGuide({
    apiUrl: 'http://127.0.0.1:8080',
    adminPorts: [8090, 8091],
    temporalUiUrl: 'http://127.0.0.1:8233',
    sandboxUrl: 'http://127.0.0.1:4010',
    logDirectory: '.data/log',
    databaseUrl,
    definition: parseDefinition(JSON.parse(readSource('program/definitions/pps-demo.json'))),
  });
  log.mockRestore();
  return printed.join('\n');
}
