/** Payouts have a task queue of their own, so that they can have a rate and workers of their own. */
export function payoutTaskQueue(taskQueue: string): string {
  return `${taskQueue}-payouts`;
}
