/** When nothing goes on any more of what was asked of the service, so that it does not slow down what is measured next. */
import { eventually } from '../../dev/apiClient';
import type { TestService } from '../../test/support/testService';

const AT_REST_WITHIN_MS = 300_000;

/** Each ad account is looked up; from then on an enrollment waits for facts, and for a date. */
export async function untilLocated({ db }: TestService): Promise<void> {
  await eventually(
    () => db.query(`select from enrollment where state->'lookUp'->>'state' <> 'located' limit 1`),
    ({ rowCount }) => rowCount === 0,
    AT_REST_WITHIN_MS,
  );
}

/** And the outbox is empty: it looks after each start once more, some seconds later. */
export async function untilAtRest(t: TestService): Promise<void> {
  await untilLocated(t);
  await eventually(
    () => t.db.query('select from outbox limit 1'),
    ({ rowCount }) => rowCount === 0,
    AT_REST_WITHIN_MS,
  );
}
