// For `--fresh`: removes the data that earlier runs kept, and nothing else that lies in the same directory. A server that a
// crash left on them is stopped first; if a living process uses them, that is an error.
import { existsSync } from 'node:fs';
import { realpath, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stopPostgresPredecessor } from './postgres';
import { homeIn, locate, removeHome, removeRelocation } from './postgresHome';
import type { Report } from './progress';
import { stopTemporalPredecessor } from './temporal';
import { lastingFiles } from './temporalFiles';

/** `dataDirectory` as it is given to startPostgres. */
export async function emptyPostgresData(dataDirectory: string, report: Report): Promise<void> {
  if (!existsSync(dataDirectory)) return;
  const wanted = await realpath(dataDirectory);
  const directory = await locate(wanted);
  if (existsSync(directory)) {
    const home = homeIn(directory, false, undefined);
    await stopPostgresPredecessor(home, report);
    await removeHome(home);
  }
  if (directory !== wanted) await removeRelocation(wanted, directory);
}

/** `databaseFile` as it is given to startTemporal. */
export async function emptyTemporalData(databaseFile: string, report: Report): Promise<void> {
  if (!existsSync(dirname(databaseFile))) return;
  const files = await lastingFiles(databaseFile);
  await stopTemporalPredecessor(files, report);
  for (const ending of ['', '-wal', '-shm', '-journal'])
    await rm(files.databaseFile + ending, { force: true });
  for (const path of [files.logFile, `${files.logFile}.old`, files.recordFile])
    await rm(path, { force: true });
}
