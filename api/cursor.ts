/** Cursors of a list: opaque to callers, who hand them back as they came. They hold a position, and of which list it is. */
import { createHash } from 'node:crypto';
import type { Page, Position } from '../database/pages';
import { invalid } from './problem';

/** A page as it was asked for over HTTP. */
export interface CursorRequest {
  limit: number;
  after?: string | undefined;
}

/** A page as it is answered. */
export interface CursorPage<Row> {
  rows: Row[];
  /** Cursor of the next page; null on the last. */
  next: string | null;
}

/**
 * Reads a page of a list; `list` is everything that makes it the one that it is: its name, whose, filters, order. Throws a 400 for
 * a cursor of another list.
 */
export async function pageOf<Row>(
  list: unknown,
  { limit, after: cursor }: CursorRequest,
  read: (page: { limit: number; after: Position | undefined }) => Promise<Page<Row>>,
): Promise<CursorPage<Row>> {
  const after = cursor === undefined ? undefined : readCursor(list, cursor);
  const { rows, next } = await read({ limit, after });
  return { rows, next: next && writeCursor(list, next) };
}

function writeCursor(list: unknown, { at, id }: Position): string {
  return Buffer.from([hashOf(list), at, id].join(' ')).toString('base64url');
}

function readCursor(list: unknown, cursor: string): Position {
  const [, hash, at, id] =
    /^([0-9a-f]{16}) (-?\d{1,16}) ([\w-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ??
    [];
  if (hash === hashOf(list) && at !== undefined && id !== undefined) return { at, id };
  throw invalid([
    { pointer: '/after', message: 'must be the `next` of a page with the same filters, sort and key' },
  ]);
}

function hashOf(list: unknown): string {
  return createHash('sha256').update(JSON.stringify(list)).digest('hex').slice(0, 16);
}
