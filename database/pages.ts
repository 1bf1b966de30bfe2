/** Pages of lists: each begins behind a position, so that what comes, goes or changes elsewhere does not shift it. */
import type { Queryable } from './pool';

/** Where a page ends: the next one begins behind it, whether its row is still there or not. */
export interface Position {
  /** Microseconds since 1970 (PostgreSQL's precision) of the sort key. */
  at: string;
  id: string;
}

export interface Page<Row> {
  rows: Row[];
  /** Null on the last page. */
  next: Position | null;
}

export interface PageRequest {
  limit: number;
  after?: Position | undefined;
}

/** A list in SQL; `values` are those of `where`. */
interface List {
  columns: string;
  from: string;
  where: string;
  values: readonly unknown[];
  at: string;
  id: string;
}

/** Newest first. Reads one row more than the page has, to know whether another page follows. */
export async function newestFirst<Row>(
  db: Queryable,
  { columns, from, where, values, at, id }: List,
  { limit, after }: PageRequest,
): Promise<Page<Row>> {
  const all: unknown[] = [...values, limit + 1];
  const parameter = (value: unknown) => `$${all.push(value)}`;
  const behind = after
    ? `and (${at}, ${id}) < (${instant(parameter(after.at), 'microsecond')}, ${parameter(after.id)})`
    : '';
  const found = await db.query(
    `select ${columns}, ${microseconds(at)} as "pageAt", ${id} as "pageId" from ${from} where (${where}) ${behind}
      order by ${at} desc, ${id} desc limit $${values.length + 1}`,
    all,
  );
  const read = found.rows as (Row & { pageAt: string; pageId: string })[];
  const rows = read.slice(0, limit);
  const last = read.length > limit ? rows.at(-1) : undefined;
  return { rows, next: last ? { at: last.pageAt, id: last.pageId } : null };
}

/** Exact, and of any number: an instant as a text could be one that PostgreSQL does not read. */
export function instant(parameter: string, unit: 'millisecond' | 'microsecond'): string {
  return `(timestamptz 'epoch' + ${parameter}::bigint * interval '1 ${unit}')`;
}

export function microseconds(column: string): string {
  return `(extract(epoch from ${column}) * 1000000)::bigint::text`;
}
