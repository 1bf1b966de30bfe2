/** What a command reads and writes. A file is written whole or not at all. */
import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { wrongContent, wrongUsage } from './failure';
import { JsonFault, readJson, type JsonSource } from './jsonSource';

/** The file name that stands for standard input, or standard output. */
const STANDARD = '-';

/** How a file is called in sentences. */
export function nameOf(file: string): string {
  return file === STANDARD ? 'standard input' : file;
}

/** The text of a file, or of standard input. Throws CommandFailure. */
export async function readText(file: string): Promise<string> {
  try {
    const text = file === STANDARD ? await readAll(process.stdin) : await readFile(file, 'utf8');
    return text.replace(/^\uFEFF/, '');
  } catch (error) {
    throw wrongUsage(`${nameOf(file)} cannot be read (${reason(error)}); name a file that exists.`);
  }
}

/** Throws CommandFailure, for a text that is no JSON with the place of the fault. */
export async function readJsonFile(file: string): Promise<JsonSource> {
  const text = await readText(file);
  try {
    return readJson(text);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const place = `${nameOf(file)}, line ${error.line}, column ${error.column}`;
    throw wrongContent(`${place}: ${error.message}`, ...error.excerpt.map((line) => `    ${line}`));
  }
}

/** To a file, or to standard output if there is none. Throws CommandFailure. */
export async function writeText(text: string, file: string = STANDARD): Promise<void> {
  if (file === STANDARD) {
    process.stdout.write(text);
    return;
  }
  // A reader sees the old file or the new one.
  const draft = join(dirname(file), `.${basename(file)}.${randomBytes(4).toString('hex')}`);
  try {
    await assertIsFileOrFree(file);
    await writeFile(draft, text, { flag: 'wx' });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw wrongUsage(`${file} cannot be written (${reason(error)}); name a file in a folder that exists.`);
  }
}

/** Replacing a folder or a device is nobody's wish. */
async function assertIsFileOrFree(file: string): Promise<void> {
  const there = await stat(file).catch(() => undefined);
  if (there && !there.isFile()) throw new Error('it is no file');
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file or folder';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return code ?? message;
  }
}
