/**
 * Nothing is released yet, so tables and messages change in place. Data that an earlier version has left would fail in
 * ways that nobody can read; they are refused instead.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from './stack/projectRoot';

/** What the kept data depend on. */
const SOURCES = [
  ['database', 'migrations'],
  ['workflows', 'messages.ts'],
  ['program', 'enrollmentState.ts'],
];

/** Throws if data are kept there (`hasData`) and are of another version; otherwise notes this one. */
export async function claimData(dataDirectory: string, hasData: boolean): Promise<void> {
  const file = join(dataDirectory, 'version');
  const version = await currentVersion();
  const found = existsSync(file) ? await readFile(file, 'utf8') : undefined;
  if (hasData && found !== version) {
    throw new Error(
      'The data in .data/ are of another version of this project. Empty them with: npm start -- --fresh',
    );
  }
  await writeFile(file, version);
}

async function currentVersion(): Promise<string> {
  const hash = createHash('sha256');
  for (const path of SOURCES.map((parts) => join(projectRoot(), ...parts))) {
    const files = path.endsWith('.ts')
      ? [path]
      : (await readdir(path)).sort().map((name) => join(path, name));
    for (const file of files) hash.update(await readFile(file));
  }
  return hash.digest('hex');
}
