/** What Temporal itself says about the enrollments of a test. */
import type { WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import { eventually } from '../../dev/apiClient';
import type { TestService } from './testService';

/** How many runs the program has in Temporal; waits for the expected ones, since Temporal's lists are a moment late. */
export function runsOfProgram(t: TestService, programId = t.programId, expected = 1): Promise<number> {
  return countedRuns(t, `ProgramId = "${programId}"`, expected);
}

export function runsOfWorkflow(t: TestService, workflowId: string): Promise<number> {
  return countedRuns(t, `WorkflowId = "${workflowId}"`);
}

async function countedRuns(t: TestService, query: string, expected = 1): Promise<number> {
  return eventually(
    async () => (await t.temporal.workflow.count(query)).count,
    (count) => count >= expected,
  );
}

/** Events of the workflow once it is at rest: a message that changes nothing adds none. */
export async function historyLength(t: TestService, workflowId: string): Promise<number> {
  return (await untilAtRest(t.temporal.workflow.getHandle(workflowId))).historyLength;
}

/**
 * Waits until no task and no activity of the workflow is under way. What shows in the read model is not in the history
 * yet: it is written within the task, which Temporal learns of when the task is done.
 */
export function untilAtRest(workflow: WorkflowHandle): Promise<WorkflowExecutionDescription> {
  return eventually(
    () => workflow.describe(),
    ({ raw }) => !raw.pendingWorkflowTask && !raw.pendingActivities?.length,
  );
}
