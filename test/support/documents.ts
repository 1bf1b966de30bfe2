/** JSON documents taken apart: their values by path, changed one at a time, and with keys in another order. */
export type Step = string | number;

/** The paths of all values that hold no others. */
export function leavesOf(document: unknown, path: Step[] = []): Step[][] {
  if (!isHolder(document)) return [path];
  return Object.entries(document).flatMap(([key, inner]) =>
    leavesOf(inner, [...path, Array.isArray(document) ? Number(key) : key]),
  );
}

export function valueAt(document: unknown, path: readonly Step[]): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<Step, unknown>)[step], document);
}

/** A copy with another value at a path. */
export function replaced<T>(document: T, path: readonly Step[], value: unknown): T {
  const copy = JSON.parse(JSON.stringify(document)) as T;
  (valueAt(copy, path.slice(0, -1)) as Record<Step, unknown>)[path.at(-1)!] = value;
  return copy;
}

/** A copy whose keys, at all levels, are in the order that `compare` gives. */
export function reordered<T>(document: T, compare: (one: string, other: string) => number): T {
  if (Array.isArray(document)) return document.map((inner: unknown) => reordered(inner, compare)) as T;
  if (!isHolder(document)) return document;
  const entries = Object.entries(document).sort(([one], [other]) => compare(one, other));
  return Object.fromEntries(entries.map(([key, inner]) => [key, reordered(inner, compare)])) as T;
}

/** As a `jsonb` column gives it back: short keys first. */
export function storedAsJsonb<T>(document: T): T {
  return reordered(
    JSON.parse(JSON.stringify(document)) as T,
    (one, other) => one.length - other.length || (one < other ? -1 : 1),
  );
}

function isHolder(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}
