/** Publishes a revision of a program: checked, numbered in order, and told apart from the one before in words. */
import { planPublication, publishRevision as publish, type Publication } from '../../database/programs';
import type { ProgramDefinition } from '../../program/definition';
import { describeChanges } from '../../program/definitionDiff/describeChanges';
import { DefinitionError, parseDefinition, readRevision } from '../../program/parseDefinition';
import { mayRunOnTestClock } from '../../settings/settings';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { invalid, testClockRefused } from '../problem';

export interface PublicationAnswer {
  programId: string;
  /** The one that holds the definition, or would hold it. */
  revision: number;
  published: boolean;
  /** From the revision before; empty for the first. */
  changes: string[];
}

/** Throws a 422 that names all that is wrong with the definition, and a 403 for a test clock that is not allowed here. */
export async function publishRevision(
  { database, testClockPrograms }: ApiContext,
  { role, id }: Principal,
  programId: string,
  document: unknown,
  { dryRun }: { dryRun: boolean },
  { messageId }: Pick<MessageIdentity, 'messageId'>,
): Promise<PublicationAnswer> {
  const definition = namingErrors(() => parseDefinition(document));
  if (definition.id !== programId)
    throw invalid([{ pointer: '/id', message: `must be "${programId}", the program of the path` }], 422);
  if (definition.testClock && !mayRunOnTestClock(testClockPrograms, programId))
    throw testClockRefused(programId);
  const publication = await (
    dryRun
      ? planPublication(database.pool, definition)
      : database.transaction((client) =>
          publish(client, definition, { publishedBy: `${role} ${id}`, messageId }),
        )
  ).catch(withErrorsNamed);
  const { revision, isNew } = publication;
  return { programId, revision, published: isNew && !dryRun, changes: changesOf(publication, definition) };
}

function changesOf({ previous }: Publication, definition: ProgramDefinition): string[] {
  // A revision that was published by an earlier release may lack what has a default by now.
  return previous ? describeChanges(readRevision(previous), definition) : [];
}

function namingErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    return withErrorsNamed(error);
  }
}

function withErrorsNamed(error: unknown): never {
  if (error instanceof DefinitionError) throw invalid([...error.errors], 422);
  throw error;
}
