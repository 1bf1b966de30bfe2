/** One enrollment, as PostgreSQL holds it and as Temporal knows it. */
import { noteComparison, type Noticed } from '../database/attention';
import { compareWith, repairReadModel, type ReadModel } from '../database/comparison';
import type { Database } from '../database/pool';
import { ATTENTION_ATTEMPT } from '../program/attention';
import type { WorkflowSeen, WorkflowWatch } from './ports';

/** `unknown`: no worker answers for it, or it was changed at this moment; another comparison decides. */
export type Compared = 'equal' | 'repaired' | 'differs' | 'missing' | 'unknown';

/** Repairs the read model if it is behind, and notes what needs a person. */
export async function compareOne(
  { database, workflows }: { database: Database; workflows: Pick<WorkflowWatch, 'look'> },
  row: ReadModel,
): Promise<Compared> {
  const seen = await workflows.look(row.workflowId);
  const compared = seen.kind === 'missing' ? 'missing' : await compareState(database, row, seen);
  await noteComparison(database.pool, row.enrollmentId, noticed(seen, compared));
  return compared;
}

async function compareState(
  database: Database,
  row: ReadModel,
  { projection: ask, runStartedAt }: Extract<WorkflowSeen, { kind: 'seen' }>,
): Promise<Compared> {
  const projection = await ask(row.sequence);
  if (!projection) return 'unknown';
  const answer = { projection, runStartedAt };
  const stands = compareWith(row, answer);
  if (stands === 'equal') return 'equal';
  if (stands === 'ahead') return 'differs';
  const written = await database.transaction((db) => repairReadModel(db, row, answer));
  return written ? 'repaired' : 'unknown';
}

function noticed(seen: WorkflowSeen, compared: Compared): Noticed {
  if (seen.kind === 'missing') return { stands: ['RUN_MISSING'], over: [] };
  const found = {
    RUN_MISSING: false,
    RUN_STOPPED: seen.standing === 'stopped',
    RUN_PAUSED: seen.standing === 'paused',
    // What nobody has answered stays as it was noted.
    ...(compared !== 'unknown' && { READ_MODEL_DIFFERS: compared === 'differs' }),
  };
  const reasons = Object.keys(found) as (keyof typeof found)[];
  return {
    stands: reasons.filter((reason) => found[reason]),
    over: reasons.filter((reason) => !found[reason]),
    retrying: seen.retrying(ATTENTION_ATTEMPT),
  };
}
