/**
 * Compares PostgreSQL's open enrollments with Temporal: repairs read models that are behind, and notes for our staff what
 * nobody can repair by himself. Each run looks at what is suspect already, then at the next part of all.
 */
import { Context } from '@temporalio/activity';
import { noteReplacedOpen, replaceAttention } from '../database/attention';
import { openReadModels, suspectReadModels, type ReadModel } from '../database/comparison';
import type { Database } from '../database/pool';
import { replacedWorkflows } from '../database/resumption';
import { compareOne } from './compareOne';
import type { WorkflowWatch } from './ports';
import type { ComparisonActivities, ComparisonRequest, ComparisonResult } from './types';

interface Deps {
  database: Database;
  workflows: WorkflowWatch;
}

/** What one run looks at: 500 every five minutes are 144,000 a day. */
interface Part {
  /** Rows that are asked side by side; each may cost a worker a replay. */
  page: number;
  pages: number;
}

const PART: Part = { page: 10, pages: 50 };
const MOST_SUSPECTS = 200;
/** The latest ones; Temporal resets nothing that is older than its retention. */
const MOST_REPLACED = 1_000;

export function createComparisonActivities(deps: Deps, part = PART): ComparisonActivities {
  return { compare: (request) => compare(deps, part, request) };
}

async function compare(deps: Deps, part: Part, request: ComparisonRequest): Promise<ComparisonResult> {
  const { database, workflows } = deps;
  // Of an attempt that did not come to its end.
  const before = Context.current().info.heartbeatDetails as ComparisonResult | undefined;
  const result: ComparisonResult = before ?? { compared: 0, repaired: 0, after: request.after };
  if (!before) {
    await replaceAttention(database.pool, 'WORKFLOW_TASK_FAILING', await workflows.withFailingTasks());
    const replaced = await replacedWorkflows(database.pool, MOST_REPLACED);
    await noteReplacedOpen(database.pool, await workflows.openAmong(replaced));
    const stopped = await workflows.stoppedLately();
    await comparePage(deps, part, await suspectReadModels(database.pool, stopped, MOST_SUSPECTS), result);
  }
  for (let pages = 0; pages < part.pages; pages += 1) {
    const page = await openReadModels(database.pool, result.after, part.page);
    await comparePage(deps, part, page, result);
    result.after = page.length < part.page ? null : page.at(-1)!.enrollmentId;
    if (result.after === null) break;
  }
  return result;
}

/** Counts into `result`, and tells Temporal that the work goes on. */
async function comparePage(
  deps: Deps,
  { page }: Part,
  rows: ReadModel[],
  result: ComparisonResult,
): Promise<void> {
  for (let from = 0; from < rows.length; from += page) {
    const outcomes = await Promise.all(rows.slice(from, from + page).map((row) => compareOne(deps, row)));
    result.compared += outcomes.length;
    result.repaired += outcomes.filter((outcome) => outcome === 'repaired').length;
    Context.current().heartbeat(result);
  }
}
