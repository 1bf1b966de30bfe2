/** Programs, their immutable revisions, and their clocks. */
import { initialClock, type ProgramClock } from '../program/clock';
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

/** All programs at their latest revision, in the order of their ids. */
export async function latestPrograms(db: Queryable): Promise<PublishedProgram[]> {
  const result = await db.query(
    `select r.revision, r.definition, p.clock
       from program p join program_revision r on r.program_id = p.program_id and r.revision = p.latest_revision
      order by p.program_id`,
  );
  return result.rows as PublishedProgram[];
}

export interface RevisionRow {
  revision: number;
  publishedAt: Date;
  publishedBy: string;
}

/** Newest first; none if there is no such program. */
export async function revisionsOf(db: Queryable, programId: string): Promise<RevisionRow[]> {
  const result = await db.query(
    `select revision, published_at as "publishedAt", published_by as "publishedBy"
       from program_revision where program_id = $1 order by revision desc`,
    [programId],
  );
  return result.rows as RevisionRow[];
}

export interface Publication {
  /** The one that holds the definition. */
  revision: number;
  /** False if it is the latest already: the same definition is no new revision. */
  isNew: boolean;
  /** The revision before; null for a program's first. */
  previous: ProgramDefinition | null;
}

/** What publishing would do now. Throws DefinitionError for what may not follow the revision before. */
export async function planPublication(db: Queryable, definition: ProgramDefinition): Promise<Publication> {
  const latest = await latestProgram(db, definition.id);
  if (!latest) return { revision: 1, isNew: true, previous: null };
  const { revision, definition: previous } = latest;
  if (documentHash(previous) === documentHash(definition)) return { revision, isNew: false, previous };
  assertMayFollow(previous, definition);
  return { revision: revision + 1, isNew: true, previous };
}

/**
 * Publishes a definition as the next revision; the same definition again publishes nothing, and so does the same message,
 * whatever has come since. The clock is set by the first revision and never by a later one. Call it inside a transaction. Throws DefinitionError for what may not follow
 * the revision before.
 */
export async function publishRevision(
  db: Queryable,
  definition: ProgramDefinition,
  { publishedBy, messageId }: { publishedBy: string; messageId?: string },
  clock: ProgramClock = initialClock(definition.testClock, Date.now()),
): Promise<Publication> {
  // The row is locked first, so that two publishers get two numbers.
  await db.query(
    `insert into program (program_id, latest_revision, clock) values ($1, 0, $2) on conflict (program_id) do nothing`,
    [definition.id, JSON.stringify(clock)],
  );
  await db.query(`select from program where program_id = $1 for update`, [definition.id]);
  const earlier = messageId === undefined ? undefined : await publicationOf(db, messageId);
  if (earlier) return earlier;
  const publication = await planPublication(db, definition);
  if (!publication.isNew) return publication;
  await db.query(
    `with next as (update program set latest_revision = $2 where program_id = $1)
     insert into program_revision (program_id, revision, definition, published_by, message_id) values ($1, $2, $3, $4, $5)`,
    [definition.id, publication.revision, JSON.stringify(definition), publishedBy, messageId ?? null],
  );
  return publication;
}

/** What a message has published. */
async function publicationOf(db: Queryable, messageId: string): Promise<Publication | undefined> {
  const result = await db.query(
    `select r.revision, true as "isNew", before.definition as previous
       from program_revision r
       left join program_revision before on before.program_id = r.program_id and before.revision = r.revision - 1
      where r.message_id = $1`,
    [messageId],
  );
  return firstRow<Publication>(result);
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

/** False if the message has adjusted a clock before. */
export async function noteAdjustment(db: Queryable, programId: string, messageId: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into clock_adjustment (message_id, program_id) values ($1, $2) on conflict do nothing`,
    [messageId, programId],
  );
  return rowCount === 1;
}
