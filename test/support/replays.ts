/** Whether a worker that has forgotten an enrollment can go on with it: its history, through the workflow as it is built. */
import { readFileSync } from 'node:fs';
import type { WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { builtEntry } from '../../dev/settings';

const workflowBundle = { code: readFileSync(builtEntry('workflow-bundle.js'), 'utf8') };

// Each replay reports the states of its worker.
Runtime.install({ logger: new DefaultLogger('ERROR') });

/** What keeps the history from being replayed; null if nothing does. */
export async function replayProblem(workflow: WorkflowHandle): Promise<string | null> {
  return Worker.runReplayHistory({ workflowBundle }, await workflow.fetchHistory()).then(
    () => null,
    (error: Error) => error.message,
  );
}
