/** What Temporal itself says about the enrollments of a test. */
import { eventually } from '../../dev/apiClient';
import type { TestService } from './testService';

/** How many runs the program has in Temporal; waits until there is one, since Temporal's lists are a moment late. */
export function runsOfProgram(t: TestService, programId = t.programId): Promise<number> {
  return countedRuns(t, `ProgramId = "${programId}"`);
}

export function runsOfWorkflow(t: TestService, workflowId: string): Promise<number> {
  return countedRuns(t, `WorkflowId = "${workflowId}"`);
}

async function countedRuns(t: TestService, query: string): Promise<number> {
  return eventually(
    async () => (await t.temporal.workflow.count(query)).count,
    (count) => count > 0,
  );
}

/** Events of the workflow once it is at rest: a message that changes nothing adds none. */
export async function historyLength(t: TestService, workflowId: string): Promise<number> {
  const { historyLength: length } = await eventually(
    () => t.temporal.workflow.getHandle(workflowId).describe(),
    ({ raw }) => !raw.pendingWorkflowTask && !raw.pendingActivities?.length,
  );
  return length;
}
