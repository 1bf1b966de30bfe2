import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withSignOfLife } from './progress';
import type { Report } from './progress';
import { runCommand } from './runCommand';
import { TEMPORAL_CLI_VERSION } from './temporalVersion';

const DOWNLOAD_MS = 5 * 60_000;

/** Lets the SDK download a server, start it and stop it again; arguments: module, directory, version. */
const DOWNLOAD_SCRIPT = `
const [testing, downloadDir, version] = process.argv.slice(1);
require(testing)
  .TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir, version } },
  })
  .then((environment) => environment.teardown())
  .catch((error) => { console.error(String(error)); process.exitCode = 1; });
`;

/**
 * Obtains the Temporal CLI by the download function of Temporal's SDK (from temporal.download) and puts it at `target`. In
 * a child process, because there may be one Temporal runtime in a process, and ours is for the workers.
 */
export async function downloadTemporal(target: string, report: Report): Promise<string> {
  report(
    `Downloading Temporal CLI ${TEMPORAL_CLI_VERSION} (usually under a minute), to be kept in ${dirname(target)}`,
  );
  await mkdir(dirname(target), { recursive: true });
  const directory = await mkdtemp(join(dirname(target), 'download-'));
  try {
    const download = runCommand(
      process.execPath,
      ['-e', DOWNLOAD_SCRIPT, require.resolve('@temporalio/testing'), directory, `v${TEMPORAL_CLI_VERSION}`],
      { timeoutMs: DOWNLOAD_MS },
    );
    const { succeeded, output } = await withSignOfLife(report, 'downloading', download);
    if (!succeeded) throw new Error(`the download failed: ${output}`);
    const [file] = await readdir(directory);
    if (file === undefined) throw new Error(`the download left no file in ${directory}`);
    await rename(join(directory, file), target);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return target;
}
