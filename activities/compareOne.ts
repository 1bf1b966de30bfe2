/** One enrollment, as PostgreSQL holds it and as Temporal knows it. */
import { isDeepStrictEqual } from 'node:util';
import { raiseAttention, settleAttention } from '../database/attention';
import { repairReadModel, type ReadModel } from '../database/comparison';
import { listColumns } from '../database/listColumns';
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
  const { pool } = database;
  const { enrollmentId } = row;
  const seen = await workflows.look(row.workflowId, row.sequence);
  if (seen.kind === 'missing') {
    await raiseAttention(pool, enrollmentId, 'RUN_MISSING');
    return 'missing';
  }
  await settleAttention(pool, enrollmentId, ['RUN_MISSING']);
  // Who reports an activity also takes it back; an activity that was given up is taken back here.
  await settleAttention(pool, enrollmentId, ['ACTIVITY_RETRYING'], seen.retrying(ATTENTION_ATTEMPT));
  if (seen.stopped) await raiseAttention(pool, enrollmentId, 'RUN_STOPPED');
  else await settleAttention(pool, enrollmentId, ['RUN_STOPPED']);

  const compared = await compareState(database, row, seen);
  if (compared === 'differs') await raiseAttention(pool, enrollmentId, 'READ_MODEL_DIFFERS');
  if (compared === 'equal' || compared === 'repaired')
    await settleAttention(pool, enrollmentId, ['READ_MODEL_DIFFERS']);
  return compared;
}

async function compareState(
  database: Database,
  row: ReadModel,
  { projection, runStartedAt }: Extract<WorkflowSeen, { kind: 'seen' }>,
): Promise<Compared> {
  if (!projection) return 'unknown';
  const sameRun = row.runId === projection.runId;
  const sameState =
    isDeepStrictEqual(row.state, projection.state) && isDeepStrictEqual(row.listed, listColumns(row.state));
  if (sameRun && row.sequence === projection.sequence && sameState) return 'equal';
  // It knows less than the read model: Temporal was restored from a backup, and a person must say what was lost. A later
  // run that knows less is a reset, which somebody wanted.
  const isAhead = sameRun
    ? row.sequence > projection.sequence
    : row.runStartedAt !== null && row.runStartedAt >= runStartedAt;
  if (isAhead) return 'differs';
  const written = await database.transaction((db) => repairReadModel(db, row, projection, runStartedAt));
  return written ? 'repaired' : 'unknown';
}
