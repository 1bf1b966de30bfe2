/** What every cached workflow carries: small, and nothing but the process and the pure rules. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { builtEntry } from '../dev/settings';
import { PATCHES } from '../workflows/patches';
import { readSource, ROOT } from './support/sources';

const WORKFLOW_BUNDLE = builtEntry('workflow-bundle.js');

/** Of everything that webpack took in, from the bundle's source map. */
function modules(): string[] {
  const code = readFileSync(WORKFLOW_BUNDLE, 'utf8');
  const [, base64] = /\/\/# sourceMappingURL=data:application\/json;charset=utf-8;base64,(\S+)\s*$/.exec(
    code,
  )!;
  const { sources } = JSON.parse(Buffer.from(base64!, 'base64').toString()) as { sources: string[] };
  return sources;
}

test('When the workflows are bundled, then the bundle is under 1.7 MB', () => {
  expect(statSync(WORKFLOW_BUNDLE).size).toBeLessThan(1_700_000);
});

test('When the workflows are bundled, then they hold the rules, and no schema, date, domain or database library', () => {
  const sources = modules();
  for (const part of ['workflows/enrollment', 'program/criteria', 'program/clock', 'program/money'])
    expect(sources).toContainEqual(expect.stringContaining(part));
  const foreign =
    /\/(zod|@js-temporal|tldts[^/]*|pg|csv-[^/]+|canonicalize|commander)\/|program\/(definition|calendar|timeZone|brandKey|credit|revision|jsonSchema)|node:crypto/;
  expect(sources.filter((source) => foreign.test(source))).toEqual([]);
});

test('When the workflows ask for patches, then these are the ones that a worker may activate', () => {
  const sources = readdirSync(join(ROOT, 'workflows')).map((file) => readSource(`workflows/${file}`));
  const asked = sources.flatMap(patchesIn);
  expect([...new Set(asked)].sort()).toEqual(PATCHES.map((id) => `'${id}'`).sort());
  expect(patchesIn(`patched('one') || patched(TWO); deprecatePatch('three')`)).toEqual([
    `'one'`,
    'TWO',
    `'three'`,
  ]);
});

/** The arguments as they stand; comments name the functions without one. */
function patchesIn(source: string): string[] {
  return [...source.matchAll(/\b(?:patched|deprecatePatch)\(([^)]+)\)/g)].map(([, argument]) => argument!);
}
