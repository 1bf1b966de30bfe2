/** Values as a JSON Schema describes them. What it says beyond structure is left to a filter by the schema itself. */
import * as fc from 'fast-check';
import type { Schema } from './operations';

/** Values that exist in the service, by the name of the property or parameter that they are for. */
export type Known = Record<string, readonly unknown[]>;

export interface Shape {
  known: Known;
  components: Record<string, Schema>;
}

/** Most texts are of no use to a program; a known one leads deeper into it. */
const KNOWN_TO_ANY = [
  { weight: 4, known: true },
  { weight: 1, known: false },
];

export function valuesOf(schema: Schema, shape: Shape): fc.Arbitrary<unknown> {
  if (typeof schema['$ref'] === 'string')
    return valuesOf(shape.components[schema['$ref'].split('/').at(-1)!]!, shape);
  if ('const' in schema) return fc.constant(schema['const']);
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]));
  const choices = (schema['oneOf'] ?? (schema['type'] === undefined ? schema['anyOf'] : undefined)) as
    Schema[] | undefined;
  if (choices) return fc.oneof(...choices.map((choice) => valuesOf(choice, shape)));
  switch (schema['type']) {
    case 'object':
      return objectsOf(schema, shape);
    case 'array':
      return fc.array(valuesOf((schema['items'] as Schema | undefined) ?? {}, shape), {
        minLength: (schema['minItems'] as number | undefined) ?? 0,
        maxLength: Math.min((schema['maxItems'] as number | undefined) ?? 4, 4),
      });
    case 'string':
      return stringsOf(schema);
    case 'integer':
    case 'number':
      return numbersOf(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes('"__proto__"'));
  }
}

/** A member by its name: mostly a value that is known, if there are any. */
export function namedValue(name: string, schema: Schema, shape: Shape): fc.Arbitrary<unknown> {
  const known = shape.known[name];
  const any = valuesOf(schema, shape);
  if (!known?.length) return any;
  return fc.oneof(
    ...KNOWN_TO_ANY.map((one) => ({
      weight: one.weight,
      arbitrary: one.known ? fc.constantFrom(...known) : any,
    })),
  );
}

function objectsOf(schema: Schema, shape: Shape): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema['properties'] as Record<string, Schema> | undefined) ?? {});
  const members = Object.fromEntries(
    properties.map(([name, member]) => [name, namedValue(name, member, shape)]),
  );
  const declared = fc.record(members, { requiredKeys: (schema['required'] as string[] | undefined) ?? [] });
  const others = schema['additionalProperties'];
  if (typeof others !== 'object' || others === null) return declared;
  const names = valuesOf((schema['propertyNames'] as Schema | undefined) ?? { type: 'string' }, shape);
  const more = fc.dictionary(names as fc.Arbitrary<string>, valuesOf(others as Schema, shape), {
    maxKeys: 4,
  });
  return fc.tuple(declared, more).map(([some, rest]) => ({ ...rest, ...some }));
}

function numbersOf(schema: Schema): fc.Arbitrary<number> {
  const isWhole = schema['type'] === 'integer';
  const minimum = (schema['minimum'] as number | undefined) ?? (isWhole ? Number.MIN_SAFE_INTEGER : -1e300);
  const maximum = (schema['maximum'] as number | undefined) ?? (isWhole ? Number.MAX_SAFE_INTEGER : 1e300);
  const between = isWhole
    ? fc.integer({ min: minimum, max: maximum })
    : fc.double({ min: minimum, max: maximum, noNaN: true });
  return fc.oneof(fc.constantFrom(minimum, maximum), between);
}

const PIECES = [
  `'); drop table enrollment; --`,
  '<script>alert(1)</script>',
  '=1+1',
  '../../etc/passwd',
  '%00',
  '${7*7}',
  '__proto__',
  'null',
  '\u202e\u200b',
  '\ufffd',
  ' a ',
];

function stringsOf(schema: Schema): fc.Arbitrary<string> {
  const patterns = [schema, ...((schema['allOf'] as Schema[] | undefined) ?? [])]
    .map((each) => each['pattern'])
    .filter((pattern) => typeof pattern === 'string');
  const tests = patterns.map((pattern) => new RegExp(pattern, 'u'));
  const minimum = (schema['minLength'] as number | undefined) ?? 0;
  const maximum = (schema['maxLength'] as number | undefined) ?? 300;
  return candidates(schema, patterns, minimum, maximum).filter((text) => {
    const { length } = [...text]; // as JSON Schema counts
    return length >= minimum && length <= maximum && tests.every((test) => test.test(text));
  });
}

function candidates(
  schema: Schema,
  patterns: string[],
  minimum: number,
  maximum: number,
): fc.Arbitrary<string> {
  if (schema['format'] === 'email') return fc.emailAddress();
  if (schema['format'] === 'date-time') return instants;
  const made = patterns.map(matching).find((arbitrary) => arbitrary !== undefined);
  if (made) return made;
  const maxLength = Math.min(maximum, 40);
  return fc.oneof(
    fc.string({ unit: 'grapheme', minLength: Math.min(minimum, maxLength), maxLength }),
    fc.string({ unit: 'grapheme-ascii', minLength: Math.min(minimum, maxLength), maxLength }),
    fc.constantFrom(...PIECES),
    // As long as it may be, also in characters that are two units of UTF-16 each.
    fc.constantFrom('x', '😀', 'é').map((letter) => letter.repeat(maximum)),
  );
}

/** Of every year that four digits can name. */
const instants = fc
  .date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  .chain((date) =>
    fc.constantFrom(
      date.toISOString(),
      date.toISOString().replace('Z', '123456789Z'),
      `${date.toISOString().slice(0, 19)}Z`,
    ),
  );

/** Undefined for a pattern that says of a text only what must not be in it, or how it begins. */
function matching(pattern: string): fc.Arbitrary<string> | undefined {
  const isWhole = /^\^.*\$$/.test(pattern) && !pattern.includes('\\p{');
  return isWhole ? fc.stringMatching(new RegExp(pattern)) : undefined;
}
