/** The read models of open enrollments, as they are compared with what their workflows answer, and repaired. */
import { isDeepStrictEqual } from 'node:util';
import { listColumns, type ListColumns } from './listColumns';
import { firstRow, type Queryable } from './pool';
import { writeProjection, type ProjectionWrite } from './projection';
import type { EnrollmentState } from '../program/enrollmentState';

export interface ReadModel {
  enrollmentId: string;
  workflowId: string;
  runId: string | null;
  /** Epoch ms. */
  runStartedAt: number | null;
  sequence: number;
  state: EnrollmentState;
  /** As they were written; those of the state may be others by now (another build, a restore). */
  listed: ListColumns;
  /** Changes with every write of the row. */
  version: string;
}

/** What a workflow says that the read model should hold. */
export interface WorkflowAnswer {
  projection: ProjectionWrite;
  /** Of its current run, as Temporal knows it (epoch ms). */
  runStartedAt: number;
}

const SELECT = `select enrollment_id as "enrollmentId", workflow_id as "workflowId", run_id as "runId",
    extract(epoch from run_started_at)::float8 * 1000 as "runStartedAt", sequence, state, xmin::text as version,
    jsonb_build_object('status', status, 'calculationMonth', calculation_month, 'surveyPartner', survey_partner,
      'waitingFor', waiting_for, 'reasonCodes', reason_codes) as listed
  from enrollment
  where state->'ending' = 'null'::jsonb and superseded_by is null and started_at is not null`;

/** A page of the open enrollments that were started, in the order of their ids. */
export async function openReadModels(
  db: Queryable,
  after: string | null,
  limit: number,
): Promise<ReadModel[]> {
  const result = await db.query(
    `${SELECT} and ($1::text is null or enrollment_id > $1) order by enrollment_id limit $2`,
    [after, limit],
  );
  return result.rows as ReadModel[];
}

/** Undefined unless the enrollment is open and was started. */
export async function openReadModel(db: Queryable, enrollmentId: string): Promise<ReadModel | undefined> {
  return firstRow<ReadModel>(await db.query(`${SELECT} and enrollment_id = $1`, [enrollmentId]));
}

/** Those open ones that somebody has noted already, or whose workflow is one of these. */
export async function suspectReadModels(
  db: Queryable,
  workflowIds: readonly string[],
  limit: number,
): Promise<ReadModel[]> {
  const result = await db.query(
    `${SELECT} and (workflow_id = any($1) or enrollment_id in (select enrollment_id from attention))
      order by enrollment_id limit $2`,
    [workflowIds, limit],
  );
  return result.rows as ReadModel[];
}

/** Whether PostgreSQL knows this workflow's enrollment, or knows it under another workflow id. */
export async function isKnown(
  db: Queryable,
  { workflowId, enrollmentId }: { workflowId: string; enrollmentId: string | undefined },
): Promise<boolean> {
  const result = await db.query(
    `select from enrollment where workflow_id = $1 or enrollment_id = $2 limit 1`,
    [workflowId, enrollmentId ?? null],
  );
  return result.rowCount === 1;
}

/**
 * How a read model stands to its workflow. `ahead`: the workflow knows less, because its last task was lost or Temporal was
 * restored from a backup, and a person must say what counts. A later run that knows less is a reset, which somebody wanted.
 */
export function compareWith(
  row: ReadModel,
  { projection, runStartedAt }: WorkflowAnswer,
): 'equal' | 'behind' | 'ahead' {
  const sameRun = row.runId === projection.runId;
  const sameState =
    isDeepStrictEqual(row.state, projection.state) && isDeepStrictEqual(row.listed, listColumns(row.state));
  if (sameRun && row.sequence === projection.sequence && sameState) return 'equal';
  const isAhead = sameRun
    ? row.sequence > projection.sequence
    : row.runStartedAt !== null && row.runStartedAt >= runStartedAt;
  return isAhead ? 'ahead' : 'behind';
}

/** Whether nothing was written since it was read. Locks it until the end of the transaction. */
export async function lockUnchanged(
  db: Queryable,
  { enrollmentId, version }: Pick<ReadModel, 'enrollmentId' | 'version'>,
): Promise<boolean> {
  const result = await db.query(
    `select from enrollment where enrollment_id = $1 and xmin::text = $2 for update`,
    [enrollmentId, version],
  );
  return result.rowCount === 1;
}

/**
 * Writes what the workflow answered, unless anything was written since the read model was read: what came in between is
 * newer than the answer. Call it inside a transaction; true if it was written.
 */
export async function repairReadModel(
  db: Queryable,
  seen: Pick<ReadModel, 'enrollmentId' | 'version'>,
  { projection, runStartedAt }: WorkflowAnswer,
): Promise<boolean> {
  if (!(await lockUnchanged(db, seen))) return false;
  return (await writeProjection(db, projection, undefined, runStartedAt)) === 'written';
}
