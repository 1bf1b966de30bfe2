/** Programs, their immutable revisions, and their clocks. */
import type { ProgramClock } from '../program/clock';
import type { ProgramDefinition } from '../program/definition';
import { assertMayFollow, documentHash } from '../program/revision';
import { firstRow, type Queryable } from './pool';

export interface PublishedProgram {
  revision: number;
  definition: ProgramDefinition;
  clock: ProgramClock;
}

/** The latest revision with the program's clock; undefined if there is no such program. */
export async function latestProgram(db: Queryable, programId: string): Promise<PublishedProgram | undefined> {
  const result = await db.query(
    `select r.revision, r.definition, p.clock
       from program p join program_revision r on r.program_id = p.program_id and r.revision = p.latest_revision
      where p.program_id = $1`,
    [programId],
  );
  return firstRow<PublishedProgram>(result);
}

export async function programAtRevision(
  db: Queryable,
  programId: string,
  revision: number,
): Promise<PublishedProgram | undefined> {
  const result = await db.query(
    `select r.revision, r.definition, p.clock
       from program_revision r join program p using (program_id)
      where r.program_id = $1 and r.revision = $2`,
    [programId, revision],
  );
  return firstRow<PublishedProgram>(result);
}

/**
 * Publishes a definition as the next revision; the same definition again publishes nothing. The clock is set by the
 * first revision and never by a later one. Returns the revision that holds now. Throws DefinitionError for what may not
 * follow the revision before.
 */
export async function publishRevision(
  db: Queryable,
  definition: ProgramDefinition,
  publishedBy: string,
  initialClock: ProgramClock,
): Promise<number> {
  // The row is locked first, so that two publishers get two numbers.
  await db.query(
    `insert into program (program_id, latest_revision, clock) values ($1, 0, $2) on conflict (program_id) do nothing`,
    [definition.id, JSON.stringify(initialClock)],
  );
  await db.query(`select from program where program_id = $1 for update`, [definition.id]);
  const previous = await latestProgram(db, definition.id);
  if (previous) {
    if (documentHash(previous.definition) === documentHash(definition)) return previous.revision;
    assertMayFollow(previous.definition, definition);
  }
  const published = firstRow<{ revision: number }>(
    await db.query(
      `with next as (
         update program set latest_revision = latest_revision + 1 where program_id = $1 returning latest_revision
       )
       insert into program_revision (program_id, revision, definition, published_by)
       select $1, latest_revision, $2, $3 from next returning revision`,
      [definition.id, JSON.stringify(definition), publishedBy],
    ),
  );
  return published!.revision;
}

export async function readClock(db: Queryable, programId: string): Promise<ProgramClock | undefined> {
  const result = await db.query(`select clock from program where program_id = $1`, [programId]);
  return firstRow<{ clock: ProgramClock }>(result)?.clock;
}

/** Locks the program's clock until the end of the transaction. */
export async function lockClock(db: Queryable, programId: string): Promise<ProgramClock | undefined> {
  const result = await db.query(`select clock from program where program_id = $1 for update`, [programId]);
  return firstRow<{ clock: ProgramClock }>(result)?.clock;
}

export async function writeClock(db: Queryable, programId: string, clock: ProgramClock): Promise<void> {
  await db.query(`update program set clock = $2 where program_id = $1`, [programId, JSON.stringify(clock)]);
}
