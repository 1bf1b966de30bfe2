/** What a command reads and writes. A file is written whole or not at all. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { wrongContent, wrongUsage } from './failure';
import { JsonFault, readJson, type JsonSource } from './jsonSource';

/** The file name that stands for standard input, or standard output. */
export const STANDARD = '-';

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
export async function writeText(text: string, file?: string): Promise<void> {
  const draft = openDraft(file);
  await draft.write(text);
  await draft.keep();
}

/** A file that is written piece by piece: its readers see the old one until the new one is whole. */
export interface Draft {
  /** Throws CommandFailure. */
  write(part: string | Uint8Array): Promise<void>;
  /** Throws CommandFailure. */
  keep(): Promise<void>;
  discard(): Promise<void>;
}

export function openDraft(file: string = STANDARD): Draft {
  if (file === STANDARD) {
    return {
      write: async (part) => {
        if (process.stdout.write(part)) return;
        // A reader that has gone (`| head`) wants no more.
        await once(process.stdout, 'drain').catch(() => process.exit());
      },
      keep: () => Promise.resolve(),
      discard: () => Promise.resolve(),
    };
  }
  const draft = join(dirname(file), `.${basename(file)}.${randomBytes(4).toString('hex')}`);
  let handle: FileHandle | undefined;
  const discard = async () => {
    await handle?.close().catch(() => undefined);
    await rm(draft, { force: true });
  };
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      await discard();
      throw wrongUsage(`${file} cannot be written (${reason(error)}); name a file in a folder that exists.`);
    }
  };
  return {
    write: (part) =>
      attempt(async () => {
        if (!handle) {
          await assertIsFileOrFree(file);
          handle = await open(draft, 'wx');
        }
        await handle.appendFile(part);
      }),
    keep: () =>
      attempt(async () => {
        await handle?.close();
        await rename(draft, file);
      }),
    discard,
  };
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
