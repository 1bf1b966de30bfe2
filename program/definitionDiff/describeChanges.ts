/**
 * What changes from one revision of a program to another: a walk through both at once by the table of words. What has no
 * words of its own goes by its key and is read as it is, so that no change is silent.
 */
import type { ProgramDefinition } from '../definition';
import { canonicalText } from '../revision';
import { isRecord, keysAt, membersAt, nameOf, partAt, type Member, type Place } from './place';
import { readValue } from './reading';
import { asRead } from './words';

/**
 * One line for each change, in the order of the definition, e.g. `US tier 2: 1,000.00 → 1,500.00 USD`; none if the
 * definitions are equal. Members of lists are compared by what identifies them, such as the region and currency of a
 * table; tiers by position if there are as many as before, otherwise by the spend from which they hold. Another order of
 * the same members is one line. Throws MoneyError for an amount that no valid definition has.
 */
export function describeChanges(from: ProgramDefinition, to: ProgramDefinition): string[] {
  const scope = { regionsInSeveralCurrencies: regionsInSeveralCurrencies([from, to]), currency: '' };
  return changes({ pattern: '', words: {}, owner: '', label: '', scope }, asRead(from), asRead(to));
}

function regionsInSeveralCurrencies(definitions: readonly ProgramDefinition[]): ReadonlySet<string> {
  const tables = definitions.flatMap(({ credit }) => credit);
  const several = tables.filter(({ region, currency }) =>
    tables.some((other) => other.region === region && other.currency !== currency),
  );
  return new Set(several.map(({ region }) => region));
}

function changes(place: Place, from: unknown, to: unknown): string[] {
  if (sameJson(from, to)) return [];
  const [before, after] = [membersAt(place, from), membersAt(place, to)];
  if (before && after) return memberChanges(place, before, after, Array.isArray(to));
  if (isRecord(from) && isRecord(to) && !place.words.money) {
    return keysAt(place, from, to).flatMap((key) => changes(partAt(place, key), from[key], to[key]));
  }
  return [valueChange(place, from, to)];
}

/** `cap: none → 5,500.00 USD`; the unit stands once if both have it. */
function valueChange(place: Place, from: unknown, to: unknown): string {
  const name = nameOf(place);
  const title = name.includes(':') ? name : `${name}:`;
  const [before, after] = [readValue(place, from), readValue(place, to)];
  // Different ways to write the same, such as "5" and "5.00".
  if (before === after) return `${title} ${JSON.stringify(from)} → ${JSON.stringify(to)}`;
  const unit = ` ${place.words.money ? place.scope.currency : place.words.unit}`;
  const once = before.endsWith(unit) && after.endsWith(unit) ? before.slice(0, -unit.length) : before;
  return `${title} ${once} → ${after}`;
}

function memberChanges(place: Place, before: Member[], after: Member[], isOrdered: boolean): string[] {
  const identityOf = ({ identity, place }: Member) =>
    before.length === after.length ? place.label : identity;
  const old = new Map(before.map((member) => [identityOf(member), member]));
  const now = new Map(after.map((member) => [identityOf(member), member]));
  const lines = [...new Set([...old.keys(), ...now.keys()])].flatMap((identity) => {
    const [was, is] = [old.get(identity), now.get(identity)];
    if (was && is) return changes(is.place, was.value, is.value);
    return is ? [wholeChange(is, 'added')] : [wholeChange(was!, 'removed')];
  });
  const kept = [...now.keys()].filter((identity) => old.has(identity));
  const keptBefore = [...old.keys()].filter((identity) => now.has(identity));
  if (isOrdered && !sameJson(kept, keptBefore)) {
    const names = kept.map((identity) => withoutColon(now.get(identity)!.place.label));
    lines.push(`${nameOf(place)} in another order: ${names.join(', ')}`);
  }
  return lines;
}

/** `US tier 5 removed: 5,000.00 USD, from 20,000.00 USD`. */
function wholeChange({ place, value }: Member, change: 'added' | 'removed'): string {
  const what = [withoutColon(nameOf(place)), place.words.whole, change].filter(Boolean).join(' ');
  return typeof value === 'object' ? `${what}: ${readValue(place, value)}` : what;
}

function withoutColon(name: string): string {
  return name.replace(/:$/, '');
}

function sameJson(one: unknown, other: unknown): boolean {
  return canonicalText(one ?? null) === canonicalText(other ?? null);
}
