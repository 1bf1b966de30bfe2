/** Values of a definition as people read them. */
import { isRecord, keysAt, membersAt, partAt, type Place } from './place';

/** A value in words, with its unit: `10 % up to 500.00 USD`, `3, 7, 14 days`, `none`. */
export function readValue(place: Place, value: unknown): string {
  const { words, scope } = place;
  if (value === null || value === undefined) return 'none';
  if (words.money) return `${words.money(value as never, scope.currency)} ${scope.currency}`;
  const parts = partsOf(place, value);
  if (parts) return withUnit(parts.filter(Boolean).join(', ') || 'none', words.unit);
  return withUnit(readScalar(value), value === 1 ? words.unit?.replace(/s$/, '') : words.unit);
}

/** What a list or record holds; undefined for a single value. */
function partsOf(place: Place, value: unknown): string[] | undefined {
  const members = membersAt(place, value);
  if (members) {
    return members.map((member) =>
      isTree(member.value) ? labelled(member.place, member.value) : readScalar(member.value),
    );
  }
  if (Array.isArray(value)) return value.map((member) => readValue({ ...place, words: {} }, member));
  if (!isRecord(value)) return undefined;
  return keysAt(place, value)
    .filter((key) => value[key] !== undefined && !partAt(place, key).words.isInName)
    .map((key) => labelled(partAt(place, key), value[key]));
}

/** Empty for an empty list whose members would name themselves. */
function labelled(place: Place, value: unknown): string {
  const text = readValue(place, value);
  if (place.label === '') return text === 'none' ? '' : text;
  const isList = isTree(value) && !place.words.money && text.includes(', ');
  return `${place.label} ${isList ? `(${text})` : text}`;
}

function readScalar(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  // Texts of several words would run into the words around them.
  return typeof value === 'string' && /^\S+$/.test(value) ? value : JSON.stringify(value);
}

function withUnit(text: string, unit: string | undefined): string {
  return unit === undefined || text === 'none' ? text : `${text} ${unit}`;
}

function isTree(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
