// Where the `temporal` program comes from. The npm packages of Temporal ship no server, so there is an order of places.
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Report } from './progress';
import { buildTemporal } from './temporalBuild';
import { downloadTemporal } from './temporalDownload';
import { TEMPORAL_CLI_VERSION, probeTemporal } from './temporalVersion';
import { userCache } from './userCache';

export interface TemporalBinary {
  path: string;
  source: 'path' | 'cached' | 'built' | 'downloaded';
  /** Of the server in it, for example "1.31.2". */
  version: string;
}

/** PATH, the user's cache, a build by Go, the SDK's download: the first that works. The last two fill the cache. */
export async function findTemporalBinary(report: Report): Promise<TemporalBinary> {
  const cached = cachedTemporal();
  const places: { source: TemporalBinary['source']; find: () => Promise<string> }[] = [
    { source: 'path', find: () => findOnPath('temporal') },
    { source: 'cached', find: () => findFile(cached) },
    { source: 'built', find: () => buildTemporal(cached, report) },
    { source: 'downloaded', find: () => downloadTemporal(cached, report) },
  ];
  const failures: string[] = [];
  for (const { source, find } of places) {
    try {
      const path = await find();
      const probe = await probeTemporal(path);
      if ('version' in probe) return { path, source, version: probe.version };
      report(`Passed over: ${probe.unusable}`);
      failures.push(`${NAMES[source]}: ${probe.unusable}`);
    } catch (error) {
      failures.push(`${NAMES[source]}: ${(error as Error).message}`);
    }
  }
  throw new Error(
    `No Temporal server could be found or made.\n${failures.map((failure) => `- ${failure}`).join('\n')}\n` +
      'Do one of these: install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on PATH; ' +
      'install Go 1.26.4 or newer (https://go.dev/dl); allow downloads from temporal.download; ' +
      'or set TEMPORAL_ADDRESS (for tests TEST_TEMPORAL_ADDRESS) to a server of your own.',
  );
}

const NAMES = {
  path: 'on PATH',
  cached: 'in the cache',
  built: 'built by Go',
  downloaded: "the SDK's download",
} as const;

function cachedTemporal(): string {
  const file = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
  return join(userCache(), `temporal-cli-${TEMPORAL_CLI_VERSION}`, file);
}

async function findOnPath(name: string): Promise<string> {
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory || '.', file);
    if (await isExecutableFile(path)) return path;
  }
  throw new Error(`no ${file}`);
}

async function findFile(path: string): Promise<string> {
  if (await isExecutableFile(path)) return path;
  throw new Error(`no ${path}`);
}

async function isExecutableFile(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
