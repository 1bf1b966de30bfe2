/**
 * What a stopped workflow knew. It may have taken facts (a hold, a withdrawal) while PostgreSQL was away; its history has
 * them, so it is asked itself before another workflow goes on in its place.
 */
import {
  compareWith,
  lockUnchanged,
  repairReadModel,
  type ReadModel,
  type WorkflowAnswer,
} from '../../database/comparison';
import type { Queryable } from '../../database/pool';
import { TemporalUnavailable } from '../../temporal/unavailable';
import type { ApiContext } from '../context';
import { Problem, unavailable } from '../problem';
import type { ProblemCode } from '../problemCodes';

/** From what the enrollment goes on. */
export interface Recorded {
  /** What the read model lacks; undefined if it lacks nothing, or if that cannot be known. */
  newer: WorkflowAnswer | undefined;
  /** It cannot be known: there is only what PostgreSQL has. */
  lastKnown: boolean;
}

const LAST_KNOWN: Recorded = { newer: undefined, lastKnown: true };

/**
 * `allowLastKnown`: a person takes it upon himself that what PostgreSQL has may be behind. Of a deleted workflow nobody has
 * more. Throws a Problem unless the workflow was stopped, and says what it knew or may be passed over.
 */
export async function askStopped(
  context: ApiContext,
  row: ReadModel,
  allowLastKnown: boolean,
): Promise<Recorded> {
  const { enrollmentId } = row;
  const refuse = (code: ProblemCode, detail: string) => new Problem(code, detail, { enrollmentId });
  const seen = await look(context, row.workflowId);
  if (seen.kind === 'missing') return LAST_KNOWN;
  if (seen.standing === 'open')
    throw refuse('ENROLLMENT_OPEN', 'The workflow of the enrollment is open; nothing has to be restarted.');
  if (seen.standing === 'paused')
    throw refuse(
      'ENROLLMENT_PAUSED',
      'The workflow of the enrollment is paused in Temporal: unpause it there.',
    );
  if (seen.standing === 'ended')
    throw refuse(
      'ENROLLMENT_ENDED',
      'The workflow has come to its end, and lists show it within minutes. Look at the enrollment again.',
    );

  const ask = () => seen.projection(row.sequence);
  // A Query that meets a worker while it lets go of the stopped workflow is lost; the next one has it replayed.
  const projection = (await ask()) ?? (await ask());
  if (!projection) {
    if (allowLastKnown) return LAST_KNOWN;
    const problem = refuse(
      'WORKFLOW_NOT_ANSWERING',
      'The stopped workflow does not say what it knew, so a hold or a withdrawal could be lost. ' +
        'See that a worker runs which can replay it, and send the same request again. ' +
        'If there is none, send it with "lastKnown": true and a new key: ' +
        'the enrollment goes on from what PostgreSQL has, which may be behind.',
    );
    problem.retryAfter = 10;
    throw problem;
  }
  const answer = { projection, runStartedAt: seen.runStartedAt };
  const stands = compareWith(row, answer);
  if (stands !== 'ahead') return { newer: stands === 'behind' ? answer : undefined, lastKnown: false };
  if (allowLastKnown) return LAST_KNOWN;
  throw refuse(
    'READ_MODEL_DIFFERS',
    'PostgreSQL tells more than the stopped workflow knew. Compare the timeline with the Query "enrollment"; ' +
      'to go on from what PostgreSQL has, send the request with "lastKnown": true and a new key.',
  );
}

/** Inside the transaction of the restart. False if anything was written since the read model was read. */
export function bringUpToDate(db: Queryable, row: ReadModel, { newer }: Recorded): Promise<boolean> {
  return newer ? repairReadModel(db, row, newer) : lockUnchanged(db, row);
}

async function look({ workflows }: ApiContext, workflowId: string) {
  try {
    return await workflows.look(workflowId);
  } catch (error) {
    if (error instanceof TemporalUnavailable)
      throw unavailable('Temporal does not answer just now. Send the same request again, with the same key.');
    throw error;
  }
}
