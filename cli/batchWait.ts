/** A batch that the service carries out: how far it is, until it is done, and what of it has failed. */
import { failedItems, type Batch, type BatchItems } from './description/batch';
import { openDraft } from './files';
import { onInterrupt } from './interrupt';
import { countOf } from './layout';
import { showProgress } from './progress';
import type { Service } from './service';

const LOOK_EVERY_MS = 1_000;

/** What is said while it is waited for. */
interface Words {
  verb: string;
  unit: string;
  /** On Ctrl-C. */
  comeBack: string;
}

/** Resolves when no item is pending; shows how many are not. */
export async function untilDone(
  service: Service,
  batchId: string,
  { verb, unit, comeBack }: Words,
): Promise<Batch> {
  const stop = onInterrupt(comeBack);
  const progress = showProgress(verb);
  try {
    for (;;) {
      const batch = await service.get<Batch>(`/v1/batches/${encodeURIComponent(batchId)}`);
      const { total, failed, pending } = batch;
      const carriedOut = total - pending;
      progress.show(carriedOut / total, `${carriedOut} of ${countOf(total, unit)}, ${failed} failed`);
      if (pending === 0) return batch;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  } finally {
    progress.end();
    stop();
  }
}

/** Items that have failed, with their reasons, as CSV; no file if there are none. */
export async function writeFailed(
  service: Service,
  { batchId, kind, failed }: Batch,
  file: string | undefined,
): Promise<void> {
  if (file === undefined || failed === 0) return;
  const draft = openDraft(file);
  for (let after: number | null = 0; after !== null;) {
    const query = { status: 'failed', limit: '200', after: String(after) };
    const page: BatchItems = await service.get<BatchItems>(`/v1/batches/${batchId}/items`, query);
    await draft.write(failedItems(page, kind, after === 0));
    after = page.next;
  }
  await draft.keep();
}
