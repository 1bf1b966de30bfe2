/** A value with one thing wrong: what a caller's mistakes look like. Some of it may be right all the same. */
import * as fc from 'fast-check';

type Path = (string | number)[];

const REPLACEMENTS: unknown[] = [
  null,
  '',
  ' ',
  'x'.repeat(6_000),
  'x'.repeat(300),
  0,
  -1,
  1.5,
  1e21,
  -1e308,
  2 ** 53,
  true,
  [],
  {},
  [[]],
  'unknown',
  '0000-00-00T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '-1',
  'a\0b',
  'a\ud83d',
  { $ne: 1 },
];

/** Fields that nobody may set; the first two are dangerous in JavaScript, and written so that JSON carries them. */
const UNKNOWN = ['__proto__', 'constructor', 'status', 'owner', 'amount', 'x\0y', 'ünknown', ''];

export function nearly(value: unknown): fc.Arbitrary<unknown> {
  const places = placesIn(value);
  const objects = places.filter((path) => isObject(at(value, path)));
  const replaced = fc
    .tuple(fc.constantFrom(...places), fc.constantFrom(...REPLACEMENTS))
    .map(([path, replacement]) => withAt(value, path, () => replacement));
  const wrapped = fc.constantFrom(...places).map((path) => withAt(value, path, (inner) => [inner]));
  const members = places.filter((path) => typeof path.at(-1) === 'string');
  return fc.oneof(
    replaced,
    wrapped,
    ...(members.length > 0 ? [fc.constantFrom(...members).map((path) => without(value, path))] : []),
    ...(objects.length > 0
      ? [
          fc
            .tuple(fc.constantFrom(...objects), fc.constantFrom(...UNKNOWN))
            .map(([path, name]) => withAt(value, path, (inner) => withMember(inner as object, name))),
        ]
      : []),
  );
}

function placesIn(value: unknown, path: Path = []): Path[] {
  const inner = Array.isArray(value)
    ? value.flatMap((member, index) => placesIn(member, [...path, index]))
    : isObject(value)
      ? Object.entries(value).flatMap(([name, member]) => placesIn(member, [...path, name]))
      : [];
  return [path, ...inner];
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, step) => (inner as Record<string | number, unknown>)[step], value);
}

function withAt(value: unknown, [step, ...rest]: Path, change: (inner: unknown) => unknown): unknown {
  if (step === undefined) return change(value);
  if (Array.isArray(value))
    return value.map((member: unknown, index) => (index === step ? withAt(member, rest, change) : member));
  return Object.fromEntries(
    Object.entries(value as object).map(([name, member]) => [
      name,
      name === step ? withAt(member, rest, change) : member,
    ]),
  );
}

function without(value: unknown, path: Path): unknown {
  const name = path.at(-1);
  return withAt(value, path.slice(0, -1), (inner) =>
    Object.fromEntries(Object.entries(inner as object).filter(([member]) => member !== name)),
  );
}

/** `__proto__` as a member of its own. */
function withMember(inner: object, name: string): object {
  return Object.fromEntries([...Object.entries(inner), [name, { a: 1 }]]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
