/** What `npm start` prints when everything is up, and what it refuses. */
import { execFile } from 'node:child_process';
import { builtEntry } from '../dev/settings';
import { printedGuide } from './support/printedGuide';

test.each([
  ['of its own', 'postgres://app:made-up@127.0.0.1:5433/pps'],
  ['of somebody else', undefined],
])('When PostgreSQL is %s, then its address is printed only if it is our own', (_whose, databaseUrl) => {
  const printed = printedGuide(databaseUrl);
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
    expect(stderr.trim().split('\n')).toHaveLength(1);
  },
);

function run(...args: string[]): Promise<{ code: number | string; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}
