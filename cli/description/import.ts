/** An import as a terminal shows it, and its failed rows as CSV. */
import { stringify } from 'csv-stringify/sync';
import type { z } from 'zod';
import type * as answers from '../../api/answers';
import { countOf } from '../layout';

export type Batch = z.infer<typeof answers.batch>;
export type BatchItems = z.infer<typeof answers.batchItemPage>;

export function describeImport({ batchId, total, done, failed }: Batch): string {
  return `${countOf(total, 'row')}: ${done} enrolled, ${failed} failed (${batchId}).\n`;
}

/** One line for each; `row` is the row of the file that was imported. */
export function failedRows({ items }: BatchItems, withHeader: boolean): string {
  const rows = items.map(({ result }) => [
    result?.row ?? '',
    result?.code ?? '',
    result?.detail ?? '',
    (result?.errors ?? []).map(({ pointer, message }) => `${pointer} ${message}`.trim()).join('; '),
  ]);
  const columns = ['row', 'code', 'detail', 'errors'];
  return stringify(rows, { header: withHeader, columns, escape_formulas: true });
}
