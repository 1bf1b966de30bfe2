/** A batch as a terminal shows it, and its failed items as CSV. */
import { stringify } from 'csv-stringify/sync';
import type { z } from 'zod';
import type * as answers from '../../api/answers';
import { countOf, facts, section, table } from '../layout';
import { instant } from './enrollment';

export type Batch = z.infer<typeof answers.batch>;
export type BatchItems = z.infer<typeof answers.batchItemPage>;
type Item = BatchItems['items'][number];

const KINDS: Record<Batch['kind'], string> = {
  enrollments: 'import of enrollments',
  partner_confirmations: 'partner confirmations',
  deferrals: 'deferrals',
};

export function describeImport({ batchId, total, done, failed }: Batch): string {
  return `${countOf(total, 'row')}: ${done} enrolled, ${failed} failed (${batchId}).\n`;
}

/** With the first of its failed items. */
export function describeBatch(batch: Batch, failed: BatchItems): string {
  const { batchId, kind, state, createdAt, total, pending, standing, done } = batch;
  const counts = section(
    `Batch ${batchId}: ${KINDS[kind]}`,
    facts([
      ['Given', instant(createdAt)],
      state === 'receiving' ? ['State', 'the file has not arrived in full'] : null,
      ['Items', String(total)],
      ['Pending', String(pending)],
      standing > 0 ? ['Standing', `${standing}, until their brands enroll`] : null,
      ['Done', String(done)],
      ['Failed', String(batch.failed)],
    ]),
  );
  if (failed.items.length === 0) return counts;
  const rows = failed.items.map((item) => [numberOf(item), item.result?.code ?? '', reasonOf(item)]);
  const rest = batch.failed - rows.length;
  const more = rest > 0 ? [`... and ${rest} more: --failed FILE writes all of them.`] : [];
  const list = table(rows, { head: [nameOfNumber(kind), 'Code', 'Why'], right: [0] });
  return `${counts}\n${section('Failed', list, more)}`;
}

/** One line for each; a row is that of the file that was imported, a position that in the request, from 1. */
export function failedItems({ items }: BatchItems, kind: Batch['kind'], withHeader: boolean): string {
  const rows = items.map((item) => [
    numberOf(item),
    item.result?.code ?? '',
    item.result?.detail ?? '',
    errorsOf(item),
  ]);
  const columns = [nameOfNumber(kind).toLowerCase(), 'code', 'detail', 'errors'];
  return stringify(rows, { header: withHeader, columns, escape_formulas: true });
}

const nameOfNumber = (kind: Batch['kind']) => (kind === 'enrollments' ? 'Row' : 'Position');
const numberOf = ({ position, result }: Item) => String(result?.row ?? position);
const errorsOf = ({ result }: Item) =>
  (result?.errors ?? []).map(({ pointer, message }) => `${pointer} ${message}`.trim()).join('; ');
const reasonOf = (item: Item) => errorsOf(item) || (item.result?.detail ?? '');
