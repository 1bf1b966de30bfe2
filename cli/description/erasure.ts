/** What an erasure came to, as a terminal shows it. */
import type { z } from 'zod';
import type * as answers from '../../api/answers';
import { table } from '../layout';

export type ContactErasure = z.infer<typeof answers.contactErasure>;

export function describeContactErasure({ items, more }: ContactErasure): string {
  if (items.length === 0) return 'No enrollment that this key may see has personal data of this contact.\n';
  const rows = items.map(({ enrollmentId, outcome, whatToDo }) => [enrollmentId, outcome, whatToDo ?? '']);
  const lines = table(rows, { head: ['Enrollment', 'Outcome', 'What to do'] });
  return [...lines, ...(more ? ['', 'There are more: use the same command again.'] : []), ''].join('\n');
}
