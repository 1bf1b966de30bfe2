/**
 * Receives a file of enrollments. Its rows become items of a batch while it arrives, many in one statement, and nothing is carried
 * out before the whole file is there. The idempotency key names the file: sent again after a broken connection, it is read from the
 * beginning, its stored rows are recognised by their hash, and the rest is added.
 */
import { createHash, randomUUID } from 'node:crypto';
import { insertBatch } from '../../database/batches';
import {
  acceptImport,
  addRows,
  findImport,
  insertImport,
  type Import,
  type ImportedItem,
} from '../../database/imports';
import type { Queryable } from '../../database/pool';
import type { Audit } from '../audit';
import type { Principal } from '../authentication';
import type { ApiContext } from '../context';
import { ownerOf } from '../idempotency';
import { openProgram } from '../operations/createEnrollment';
import { Problem, unavailable } from '../problem';
import type { SentFile } from '../routes/route';
import { csvRows } from './csvRows';
import { MOST_ROWS, requireUtf8, unreadable, type FileRow, type FileType } from './fileRows';
import { itemOf } from './importedItem';
import { ndjsonRows } from './ndjsonRows';

/** Rows of one statement, and the size of their texts: what is in memory of a file. */
const CHUNK_ROWS = 500;
const CHUNK_SIZE = 1_000_000;

const READERS: Record<FileType, (bytes: AsyncIterable<Buffer>) => AsyncGenerator<FileRow>> = {
  'text/csv': csvRows,
  'application/x-ndjson': ndjsonRows,
};

/** Rows that have arrived and are not stored yet, each with the hash over the file until there. */
type Waiting = { item: ImportedItem; hash: Buffer }[];

export async function receiveImport(
  context: ApiContext,
  principal: Principal,
  { programId }: { programId: string },
  { type, bytes, key, audit }: SentFile,
): Promise<{ batchId: string; isReplayed: boolean }> {
  const { definition } = await openProgram(context, principal, programId);
  const owner = ownerOf(principal);
  const messageId = hashOf(Buffer.from(`${owner}\nPOST /v1/enrollment-imports\n`), key)
    .toString('hex')
    .slice(0, 40);
  let hash = hashOf(Buffer.alloc(0), `${programId}\n${type}`);
  let stored = await openImport(context, principal, audit, { owner, messageId, hash });
  if (stored.rows === 0) requireSameRows(stored, hash);

  let count = 0;
  let waiting: Waiting = [];
  let waitingSize = 0;
  const store = async () => {
    stored = await addTo(context, messageId, stored, waiting);
    [waiting, waitingSize] = [[], 0];
  };
  for await (const row of READERS[type](requireUtf8(bytes))) {
    count += 1;
    if (count > MOST_ROWS) throw tooLong();
    hash = hashOf(hash, row.text);
    if (count === stored.rows) requireSameRows(stored, hash);
    if (count <= stored.rows) continue;
    const place = { batchId: stored.batchId, position: count, programId };
    waiting.push({ item: itemOf(context, definition, place, row), hash });
    waitingSize += row.text.length;
    if (waiting.length === CHUNK_ROWS || waitingSize > CHUNK_SIZE) await store();
  }
  if (count === 0) throw unreadable('The file has no rows.');
  await store();
  if (count < stored.rows) throw otherFile();
  const { batchId } = stored;
  return { batchId, isReplayed: !(await accept(context, audit, messageId, stored)) };
}

/** What has arrived of it before; a new one if nothing has. */
async function openImport(
  { database }: ApiContext,
  principal: Principal,
  audit: Audit,
  { owner, messageId, hash }: { owner: string; messageId: string; hash: Buffer },
): Promise<Import> {
  const known = await findImport(database.pool, messageId);
  if (known) return known;
  const batchId = `bat_${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  await database.transaction(async (db) => {
    const batch = {
      batchId,
      kind: 'enrollments',
      givenBy: principal,
      owner,
      messageId,
      state: 'receiving',
    } as const;
    // An equal request may be quicker.
    if (!(await insertBatch(db, batch))) return;
    await insertImport(db, batchId, hash);
    await audit.requested(db, messageId);
  });
  return readImport(database.pool, messageId);
}

/** Adds the rows that are not there yet. Where the same file is sent twice at once, both find what the other has added. */
async function addTo(
  { database }: ApiContext,
  messageId: string,
  before: Import,
  waiting: Waiting,
): Promise<Import> {
  for (let stored = before; ;) {
    const { rows } = stored;
    const missing = waiting.filter(({ item }) => item.position > rows);
    const last = missing.at(-1);
    if (!last) return stored;
    const items = missing.map(({ item }) => item);
    const { position } = last.item;
    if (await database.transaction((db) => addRows(db, stored, items, last.hash)))
      return { ...stored, rows: position, rowsHash: last.hash };
    stored = await readImport(database.pool, messageId);
    const end = waiting.find(({ item }) => item.position === stored.rows);
    if (end) requireSameRows(stored, end.hash);
    // Longer than the file that was accepted.
    if (stored.isAccepted && stored.rows < position) throw otherFile();
  }
}

/** False if it was accepted before. */
async function accept(
  { database }: ApiContext,
  audit: Audit,
  messageId: string,
  stored: Import,
): Promise<boolean> {
  if (stored.isAccepted) return false;
  const { batchId, rows } = stored;
  const isAccepted = await database.transaction(async (db) => {
    if (!(await acceptImport(db, stored))) return false;
    await audit.answered(db, messageId, { status: 202, about: { batchId } });
    return true;
  });
  if (isAccepted) return true;
  const now = await readImport(database.pool, messageId);
  if (!now.isAccepted || now.rows !== rows) throw otherFile();
  return false;
}

async function readImport(db: Queryable, messageId: string): Promise<Import> {
  const found = await findImport(db, messageId);
  // Swept away at this moment.
  if (!found) throw unavailable('The import is not there any more. Send the file again.');
  return found;
}

function requireSameRows({ rowsHash }: Import, hash: Buffer): void {
  if (!rowsHash.equals(hash)) throw otherFile();
}

function otherFile(): Problem {
  return new Problem(
    'IDEMPOTENCY_KEY_REUSED',
    'This Idempotency-Key names another file, or the same for another program. Use a new key for a new file.',
  );
}

function tooLong(): Problem {
  return new Problem(
    'BODY_TOO_LARGE',
    `An import has at most ${MOST_ROWS.toLocaleString('en-US')} rows; split the file.`,
  );
}

function hashOf(before: Buffer, text: string): Buffer {
  return createHash('sha256').update(before).update(text).digest();
}
