/** Batches as a test gives and watches them. */
import { eventually, type ApiAnswer, type ApiClient } from '../../dev/apiClient';
import type { TestService } from './testService';

export interface Batch {
  batchId: string;
  kind: string;
  total: number;
  pending: number;
  standing: number;
  done: number;
  failed: number;
  code?: string;
  errors?: { pointer: string; message: string }[];
}

export interface BatchItem {
  position: number;
  status: string;
  result: {
    status: number;
    code?: string;
    enrollmentId?: string;
    standsUntil?: string;
    errors?: { pointer: string; message: string }[];
  } | null;
}

export const confirmed = (brandDomain: string, more: object) => ({
  brandDomain,
  outcome: 'confirmed',
  ...more,
});
export const rejected = (brandDomain: string, more: object) => ({
  brandDomain,
  outcome: 'rejected',
  ...more,
});

/** Gives a batch that is taken. */
export async function give(by: ApiClient, path: string, items: object[], more: object = {}): Promise<Batch> {
  const answer = await by.post<Batch>(path, { items, ...more });
  if (answer.status !== 202) throw new Error(`The batch was not taken: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

export async function batchOf(by: ApiClient, { batchId }: { batchId: string }): Promise<Batch> {
  return (await by.get<Batch>(`/v1/batches/${batchId}`)).body;
}

/** Waits until none of its items is pending. */
export function untilCarriedOut(by: ApiClient, batch: Batch, timeoutMs = 60_000): Promise<Batch> {
  return eventually(
    () => batchOf(by, batch),
    ({ pending }) => pending === 0,
    timeoutMs,
  );
}

export async function itemsOf(by: ApiClient, { batchId }: Batch, status?: string): Promise<BatchItem[]> {
  const items: BatchItem[] = [];
  for (let after: number | null = 0; after !== null;) {
    const query: string = `?limit=200&after=${after}${status === undefined ? '' : `&status=${status}`}`;
    const page: ApiAnswer<{ items: BatchItem[]; next: number | null }> = await by.get(
      `/v1/batches/${batchId}/items${query}`,
    );
    items.push(...page.body.items);
    after = page.body.next;
  }
  return items;
}

/** The results, in order, of a batch of which nothing is pending any more. */
export async function resultsOf(by: ApiClient, batch: Batch): Promise<BatchItem['result'][]> {
  await untilCarriedOut(by, batch);
  return (await itemsOf(by, batch)).map(({ result }) => result);
}

export const brandOf = ({ brand }: { brand: { storeUrl: string } }) => new URL(brand.storeUrl).hostname;

/** What a killed process had in hand is due when its lease ends; not to wait for that, it ends now. */
export async function endLeases({ db }: TestService): Promise<void> {
  await db.query(`update batch_item set due_at = now() where status = 'pending' and attempts > 0`);
}
