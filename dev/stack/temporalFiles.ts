import { mkdir, mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Where one Temporal development server keeps its things. */
export type TemporalFiles = LastingFiles | TemporaryFiles;

export interface LastingFiles {
  kind: 'lasting';
  /** SQLite; in WAL mode there are two more files with the endings -wal and -shm. */
  databaseFile: string;
  logFile: string;
  recordFile: string;
}

/** The server keeps its data in memory: only the log needs a place. */
interface TemporaryFiles {
  kind: 'temporary';
  directory: string;
  logFile: string;
}

/** Creates the directory of the database file, or a temporary one if there is none. */
export async function openTemporalFiles(databaseFile: string | undefined): Promise<TemporalFiles> {
  if (databaseFile !== undefined) {
    // As root, PostgreSQL runs as another user, who must get through if its data lie in the same directory.
    const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
    await mkdir(dirname(databaseFile), { recursive: true, mode });
    return lastingFiles(databaseFile);
  }
  const directory = await mkdtemp(join(tmpdir(), 'pps-incentives-temporal-'));
  return { kind: 'temporary', directory, logFile: join(directory, 'temporal.log') };
}

/** The directory must exist. Its real path is what stands in the command line of the server. */
export async function lastingFiles(wanted: string): Promise<LastingFiles> {
  const databaseFile = join(await realpath(dirname(wanted)), basename(wanted));
  return {
    kind: 'lasting',
    databaseFile,
    logFile: `${databaseFile}.log`,
    recordFile: `${databaseFile}.pid.json`,
  };
}
