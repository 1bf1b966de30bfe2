/**
 * A long history is slow to replay, and Temporal ends one that grows without end. So the enrollment goes on in a new run,
 * with the same workflow id and all that it knows. Messages in between wait at the server for the new run.
 */
import { allHandlersFinished, condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { Journal } from './journal';
import type { EnrollmentInput, EnrollmentResult } from './messages';

/** Events; a month-long wait with some corrections has less than a hundred. */
const LONG_HISTORY = 1_000;

export function historyIsLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength >= LONG_HISTORY;
}

/**
 * Call it where nothing but a wait would be interrupted. Returns if, once every message was answered, `isReady` says that
 * something has to be done first. Work that runs beside (a look-up, a write of the read model) is begun anew.
 */
export async function goOnInNewRun(journal: Journal, isReady: () => boolean = () => true): Promise<void> {
  await condition(allHandlersFinished);
  if (!isReady()) return;
  await continueAsNew<(input: EnrollmentInput) => Promise<EnrollmentResult>>(journal.resumedInput());
}
