/**
 * A program definition as an argument names it: a file, or a program of the running service. `-`, what exists, and what has a
 * slash or ends in .json is a file; all else is the id of a program, of which `@2` names a revision.
 */
import { existsSync } from 'node:fs';
import type { z } from 'zod';
import type * as answers from '../api/programAnswers';
import { readRevision } from '../program/parseDefinition';
import { definitionIn, readDefinitionFile, type DefinitionFile } from './definitionFile';
import { CommandFailure, wrongUsage } from './failure';
import { nameOf, STANDARD } from './files';
import { openService, type Service } from './service';

/** Of the argument, in the help. */
export const DEFINITION =
  'file of a definition; "-" for standard input; or id of a program of the service, perhaps with a revision: pps-demo@2';
/** Below the examples. */
export const SERVICE_FOR_IDS =
  'A file needs no service. A program is asked of that at PPS_URL (http://127.0.0.1:8080 if not set) with the key in PPS_API_KEY.';

export interface NamedDefinition extends DefinitionFile {
  /** In sentences. */
  name: string;
  /** For programs. */
  origin: { file: string } | { programId: string; revision: number };
}

export interface ProgramName {
  programId: string;
  /** The latest if undefined. */
  revision: number | undefined;
}

/** Undefined for a file. Throws CommandFailure for what can be neither. */
export function programNamed(source: string): ProgramName | undefined {
  if (source === STANDARD || source.includes('/') || source.endsWith('.json') || existsSync(source))
    return undefined;
  const [, programId, revision] = /^([a-z0-9-]+)(?:@(\d{1,9}))?$/.exec(source) ?? [];
  if (programId === undefined) {
    throw wrongUsage(
      `"${source}" is neither a file that exists nor the id of a program of the service, such as pps-demo or pps-demo@2.`,
    );
  }
  return { programId, revision: revision === undefined ? undefined : Number(revision) };
}

/**
 * `readPublished` takes what the service has: by itself a revision as it was once accepted, also where today's checks
 * would not. Throws CommandFailure.
 */
export async function readDefinition(source: string, readPublished = readRevision): Promise<NamedDefinition> {
  const program = programNamed(source);
  if (!program) {
    const name = nameOf(source);
    return { name, origin: { file: name }, ...(await readDefinitionFile(source)) };
  }
  const { programId } = program;
  const { revision, document } = await asked(source, (service) => revisionOf(service, program));
  const name = `${programId}@${revision}`;
  const definition = definitionIn(document, { name, read: readPublished });
  return { name, origin: { programId, revision }, document, definition };
}

/** What the service says of a program that `source` names; a failure says that no file was meant. Throws CommandFailure. */
export async function asked<T>(source: string, ask: (service: Service) => Promise<T>): Promise<T> {
  try {
    return await ask(openService());
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    const sentence = `"${source}" is no file here, so it is taken for a program of the service:`;
    throw new CommandFailure(error.exitCode, [sentence, ...error.lines], { cause: error });
  }
}

/** The service shows definitions to staff; others are told so. */
async function revisionOf(service: Service, { programId, revision: wanted }: ProgramName) {
  const path = `/v1/programs/${programId}`;
  const revision = wanted ?? (await service.get<z.infer<typeof answers.program>>(path)).revision;
  return {
    revision,
    document: await service.get<Record<string, unknown>>(`${path}/revisions/${revision}`),
  };
}
