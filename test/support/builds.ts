/** Builds of the worker from changed sources: what a next release could be. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { builtEntry } from '../../dev/settings';
import { runCommand } from '../../dev/stack/runCommand';
import { readSource, ROOT } from './sources';

export interface Build {
  /** As `startWorker` takes it. */
  directory: string;
  remove(): Promise<void>;
}

/** A source file, and pieces of its text with what stands there instead. */
type Changes = Record<string, Record<string, string>>;

/** Builds today's worker with these changes: its compiled rooms, and a workflow bundle made by its own bundler. */
export async function buildChanged(changes: Changes): Promise<Build> {
  const place = await mkdtemp(join(tmpdir(), 'pps-test-build-'));
  const directory = join(place, 'dist');
  await cp(builtEntry(), directory, { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(place, 'node_modules'), 'dir');
  for (const [path, replaced] of Object.entries(changes)) {
    const target = join(directory, path.replace(/\.ts$/, '.js'));
    await writeFile(target, compiled(changedSource(path, replaced)));
  }
  const bundle = await runCommand(process.execPath, [join(directory, 'worker', 'bundle.js')], {
    timeoutMs: 120_000,
  });
  if (!bundle.succeeded) throw new Error(`The changed workflows were not bundled: ${bundle.output}`);
  if ((await readFile(bundleOf(directory))).equals(await readFile(bundleOf(builtEntry()))))
    throw new Error('The change is not in the bundle.');
  return { directory, remove: () => rm(place, { recursive: true, force: true }) };
}

function changedSource(path: string, replaced: Record<string, string>): string {
  return Object.entries(replaced).reduce((source, [before, after]) => {
    if (!source.includes(before)) throw new Error(`${path} does not hold: ${before}`);
    return source.replace(before, after);
  }, readSource(path));
}

function compiled(source: string): string {
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 };
  return ts.transpileModule(source, { compilerOptions }).outputText;
}

function bundleOf(directory: string): string {
  return join(directory, 'workflow-bundle.js');
}
