/** The values of a definition with their names: what is in it, part by part and member by member. */
import { WORDS, type Scope, type Words } from './words';

const ORDER = Object.keys(WORDS);

export interface Place {
  /** Of its words: a JSON pointer with `*` for members. */
  pattern: string;
  words: Words;
  /** The name of what it is in, e.g. `US tier 2`, and what stands behind that for this value, e.g. `from`. */
  owner: string;
  label: string;
  scope: Scope;
}

/** A member of a list or record that is told by what identifies it, not by its position. */
export interface Member {
  identity: string;
  place: Place;
  value: unknown;
}

export function nameOf({ owner, label }: Place): string {
  return [owner, label].filter((part) => part !== '').join(' ');
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The keys of one or two records at a place: in the order of the words, then those that have none. */
export function keysAt({ pattern }: Place, ...records: Record<string, unknown>[]): string[] {
  const rank = (key: string) => {
    const index = ORDER.indexOf(`${pattern}/${key}`);
    return index < 0 ? ORDER.length : index;
  };
  const keys = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return keys.sort((one, other) => rank(one) - rank(other));
}

/** The value of a key. */
export function partAt(place: Place, key: string): Place {
  const pattern = `${place.pattern}/${key}`;
  const words = WORDS[pattern] ?? {};
  return { pattern, words, owner: nameOf(place), label: words.name ?? key, scope: place.scope };
}

/**
 * The members of a list or record whose words name them; undefined for any other value. A list's own name is not part of
 * theirs, that of a member is: `partner "kno"`, `region EU country AT`.
 */
export function membersAt(place: Place, value: unknown): Member[] | undefined {
  const { member: nameMember, identity: identify } = place.words;
  if (!nameMember || typeof value !== 'object' || value === null) return undefined;
  const pattern = `${place.pattern}/*`;
  const owner = place.pattern.endsWith('/*') ? nameOf(place) : place.owner;
  const [uniqueLabel, uniqueIdentity] = [numbering(), numbering()];
  return Object.entries(value).map(([key, member]: [string, unknown]): Member => {
    const scope = scopeIn(place.scope, member);
    const label = uniqueLabel(nameMember(member as never, key, scope));
    const identity = identify ? uniqueIdentity(identify(member as never)) : label;
    return {
      identity,
      place: { pattern, words: WORDS[pattern] ?? {}, owner, label, scope },
      value: member,
    };
  });
}

/** Tells the second of the same name from the first, so that none is lost: `USD budget (2)`. */
function numbering(): (name: string) => string {
  const times = new Map<string, number>();
  return (name) => {
    const time = (times.get(name) ?? 0) + 1;
    times.set(name, time);
    return time === 1 ? name : `${name} (${time})`;
  };
}

/** Amounts are of the currency that stands beside them. */
function scopeIn(scope: Scope, value: unknown): Scope {
  const currency = isRecord(value) ? value['currency'] : undefined;
  return typeof currency === 'string' ? { ...scope, currency } : scope;
}
