/** An API process that stands still with an item of a batch in hand, and another one that carries the item out meanwhile. */
import { eventually } from '../../dev/apiClient';
import type { Service } from '../../dev/service';
import { endLeases, type Batch } from './batches';
import { holdRows } from './databaseGate';
import { startSecond, type TestService } from './testService';

/** Gives a batch of one item; the API stands still once it has taken the item, and has just read what it speaks of. */
export async function standsStillWith(t: TestService, giveIt: () => Promise<Batch>): Promise<Batch> {
  const claiming = await holdRows(t.db, 'batch_item', 'update', 'new.attempts > old.attempts');
  const batch = await giveIt();
  await claiming.reached();
  const holder = await t.db.connect();
  try {
    await holder.query('begin; lock table enrollment in access exclusive mode');
    await claiming.open();
    const isReading = `select from pg_stat_activity
      where datname = current_database() and application_name = 'pps' and wait_event_type = 'Lock'
        and query like '%from enrollment e%'`;
    await eventually(
      async () => (await t.db.query(isReading)).rowCount,
      (count) => count === 1,
    );
    process.kill(t.service.api.pid, 'SIGSTOP');
  } finally {
    await holder.query('rollback');
    holder.release();
  }
  return batch;
}

/** Another process does `work`, to which the items of the one that stands still are due; then that one goes on to its end. */
export async function meanwhile(t: TestService, work: (second: Service) => Promise<void>): Promise<void> {
  const second = await startSecond(t);
  try {
    await endLeases(t);
    await work(second);
  } finally {
    await second.stop();
    process.kill(t.service.api.pid, 'SIGCONT');
  }
  // It ends when the items in hand are done.
  await t.service.api.stop();
  await t.service.startApi();
}
