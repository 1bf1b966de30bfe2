/** Cursors of a list: opaque to callers, who hand them back as they came. They hold a position, and of which list it is. */
import { createHash } from 'node:crypto';
import type { Position } from '../database/enrollmentList';

/** `list` is everything that makes the list the one that it is: whose, filters, order. */
export function writeCursor(list: unknown, { at, enrollmentId }: Position): string {
  return Buffer.from([hashOf(list), at, enrollmentId].join(' ')).toString('base64url');
}

/** Undefined if it is not one of this list. */
export function readCursor(list: unknown, cursor: string): Position | undefined {
  const [, hash, at, enrollmentId] =
    /^([0-9a-f]{16}) (-?\d{1,16}) ([\w-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ??
    [];
  if (hash !== hashOf(list) || at === undefined || enrollmentId === undefined) return undefined;
  return { at, enrollmentId };
}

function hashOf(list: unknown): string {
  return createHash('sha256').update(JSON.stringify(list)).digest('hex').slice(0, 16);
}
