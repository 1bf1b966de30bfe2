/** Compares PostgreSQL's open enrollments with Temporal, a part of them at a time; started by a Temporal Schedule. */
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { ComparisonActivities, ComparisonResult } from '../activities/types';

/** Its heartbeats say how far it came; if it fails for good, the next scheduled run does its work. */
const { compare } = proxyActivities<ComparisonActivities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '5 seconds', maximumAttempts: 3 },
});

/** Goes on where the scheduled run before has stopped. */
export async function comparison(): Promise<ComparisonResult> {
  const before = workflowInfo().lastResult as ComparisonResult | undefined;
  const after = before?.after ?? null;
  return compare.executeWithOptions({ summary: `compare from ${after ?? 'the beginning'}` }, [{ after }]);
}
