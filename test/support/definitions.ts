/** Program definitions for the tests of what is wrong with them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramDefinition } from '../../program/definition';
import { DefinitionError, parseDefinition, type DefinitionProblem } from '../../program/parseDefinition';

export type Change = (definition: ProgramDefinition) => void;
/** What is changed, the change, and all that is then reported: `pointer: message`. */
export type Case = [string, Change, string[]];

/** A definition that ships, as its file has it. */
export function shipped(name: string): ProgramDefinition {
  return JSON.parse(
    readFileSync(join(__dirname, `../../program/definitions/${name}.json`), 'utf8'),
  ) as ProgramDefinition;
}

export function problemsOf(document: unknown): readonly DefinitionProblem[] {
  try {
    parseDefinition(document);
    return [];
  } catch (error) {
    if (error instanceof DefinitionError) return error.errors;
    throw error;
  }
}

/** What is wrong with the demo program after a change. */
export function problems(change: Change): readonly DefinitionProblem[] {
  const definition = shipped('pps-demo');
  change(definition);
  return problemsOf(definition);
}

export function pointers(change: Change): string[] {
  return problems(change).map(({ pointer }) => pointer);
}

export function sentences(change: Change): string[] {
  return problems(change).map(({ pointer, message }) => `${pointer}: ${message}`);
}

/** To write what the types forbid. */
export function loose(value: unknown): Record<string, unknown> {
  return value as Record<string, unknown>;
}
