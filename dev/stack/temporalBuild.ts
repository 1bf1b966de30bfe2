import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withSignOfLife } from './progress';
import type { Report } from './progress';
import { projectRoot } from './projectRoot';
import { runCommand } from './runCommand';
import { TEMPORAL_CLI_VERSION } from './temporalVersion';

const OLDEST_GO = [1, 26, 4] as const;
const TOOLCHAIN_MS = 5 * 60_000;
const BUILD_MS = 30 * 60_000;

/**
 * Builds the Temporal CLI, with its development server, from the pinned module in dev/stack/temporal-server/ and puts it at
 * `target`. Two builds at once do no harm: each writes a file of its own, and the rename is atomic.
 */
export async function buildTemporal(target: string, report: Report): Promise<string> {
  const options = {
    cwd: join(projectRoot(), 'dev', 'stack', 'temporal-server'),
    env: { ...process.env, GOWORK: 'off' }, // a go.work above the clone would replace our go.mod
  };
  await assertGoIsNewEnough(options, report);

  report(
    `Building Temporal CLI ${TEMPORAL_CLI_VERSION} with Go: 3 to 4 minutes on 2 cores, once; it is kept in ${dirname(target)}`,
  );
  await mkdir(dirname(target), { recursive: true });
  const unfinished = `${target}.${randomBytes(6).toString('hex')}`;
  const flags = ['-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags=-s -w'];
  try {
    const build = runCommand(
      'go',
      ['build', ...flags, '-o', unfinished, 'github.com/temporalio/cli/cmd/temporal'],
      { ...options, timeoutMs: BUILD_MS },
    );
    const { succeeded, output } = await withSignOfLife(report, 'building', build);
    if (!succeeded) throw new Error(`go build failed:\n${output.split('\n').slice(-20).join('\n')}`);
    await rename(unfinished, target);
  } finally {
    await rm(unfinished, { force: true });
  }
  return target;
}

/**
 * Asked in the folder of the module, where a Go since 1.21 fetches the newer toolchain that go.mod wants, if it may: then
 * the answer is the version of that one.
 */
async function assertGoIsNewEnough(
  options: { cwd: string; env: NodeJS.ProcessEnv },
  report: Report,
): Promise<void> {
  const wanted = OLDEST_GO.join('.');
  const asking = runCommand('go', ['env', 'GOVERSION'], { ...options, timeoutMs: TOOLCHAIN_MS });
  const { succeeded, output } = await withSignOfLife(report, 'asking Go for its version', asking);
  const found = /go(\d+)\.(\d+)(?:\.(\d+))?/.exec(output);
  if (!succeeded || !found) {
    const reason = output.includes('ENOENT') ? 'there is no `go` on PATH' : output;
    throw new Error(`Go ${wanted} or newer is needed: ${reason}`);
  }
  const version = found.slice(1).map((part) => Number(part ?? 0));
  const difference = OLDEST_GO.map((part, index) => (version[index] ?? 0) - part).find((d) => d !== 0) ?? 0;
  if (difference < 0) throw new Error(`Go ${wanted} or newer is needed, this is ${found[0]}`);
}
