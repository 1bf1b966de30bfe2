/** What our own staff must look at, as one list. */
import { dismissMessages, listAttention } from '../../database/attention';
import { ATTENTION, runbookAnchor } from '../../program/attention';
import { scopeOf, type Principal } from '../authentication';
import type { ApiContext } from '../context';

/** Oldest first; more than these have one cause, and `total` says how many there are. */
const MOST_ITEMS = 500;

export async function needsAttention(context: ApiContext, principal: Principal) {
  const { rows, total } = await listAttention(context.database.pool, scopeOf(principal), MOST_ITEMS);
  const items = rows.map(({ reason, since, enrollmentId, workflowId, subject }) => ({
    reason,
    since: since.toISOString(),
    enrollmentId,
    /** Which activity, payout, message or workflow, where the reason alone does not say it. */
    subject: subject || null,
    whatToDo: ATTENTION[reason],
    runbookUrl: `${context.runbookUrl}#${runbookAnchor(reason)}`,
    temporalUiUrl: context.temporalUiUrl(reason === 'REPLACED_RUN_OPEN' ? subject : workflowId),
  }));
  return { items, total };
}

/** A person has seen the messages of this enrollment that were refused, or lost by a reset. */
export async function dismissSeenMessages(
  { database }: ApiContext,
  principal: Principal,
  enrollmentId: string,
): Promise<{ dismissed: number }> {
  const { pool } = database;
  return { dismissed: await dismissMessages(pool, scopeOf(principal), enrollmentId, principal.id) };
}
