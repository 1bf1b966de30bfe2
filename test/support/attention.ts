/** The comparison, and the list of what needs attention, as a test uses them. */
import { randomUUID } from 'node:crypto';
import type { ComparisonResult } from '../../activities/types';
import type { AttentionReason } from '../../program/attention';
import { COMPARISON_WORKFLOW } from '../../workflows/messages';
import { eventually } from '../../dev/apiClient';
import type { TestService } from './testService';

export interface AttentionItem {
  reason: AttentionReason;
  since: string;
  enrollmentId: string;
  subject: string | null;
  whatToDo: string;
  runbookUrl: string;
  temporalUiUrl: string;
}

/** Compares everything, as the schedule does, and says what came of it. */
export function compareNow(t: TestService): Promise<ComparisonResult> {
  return t.temporal.workflow.execute(COMPARISON_WORKFLOW, {
    workflowId: `comparison-${randomUUID()}`,
    taskQueue: t.plan.taskQueue,
  });
}

export async function attentionItems(t: TestService, enrollmentId?: string): Promise<AttentionItem[]> {
  const { items } = (await t.admin.get<{ items: AttentionItem[] }>('/v1/attention')).body;
  return items.filter((item) => enrollmentId === undefined || item.enrollmentId === enrollmentId);
}

export async function attentionReasons(t: TestService, enrollmentId: string): Promise<AttentionReason[]> {
  return (await attentionItems(t, enrollmentId)).map(({ reason }) => reason);
}

/** Compares until an enrollment is listed for exactly these reasons: Temporal's own lists are a moment late. */
export async function compareUntil(
  t: TestService,
  enrollmentId: string,
  reasons: AttentionReason[],
  timeoutMs?: number,
): Promise<void> {
  await eventually(
    async () => {
      await compareNow(t);
      return attentionReasons(t, enrollmentId);
    },
    (listed) => JSON.stringify(listed) === JSON.stringify(reasons),
    timeoutMs,
  );
}
