/** Carries out a deferral of a batch, as if the giver of the batch had sent it by itself. */
import { earlierItemWaits } from '../../database/batches';
import { scopeOf } from '../authentication';
import type { DeferralsBody } from '../batchSchemas';
import { defer } from '../operations/deferral';
import { refused, unavailable } from '../problem';
import { done, resultOf } from './itemResult';
import type { KindOfBatch } from './kind';
import { theOneNamed } from './theOneNamed';

export type WaitingDeferral = DeferralsBody['items'][number] & {
  programId: string | null;
  surveyPartner: string | null;
  /** Of items with the same one, the earlier is carried out first. */
  subject: string;
};

export const deferrals: KindOfBatch<WaitingDeferral> = {
  operation: () => 'defer',
  atOnce: 2,
  turns: (_context, most) => Promise.resolve(most),
  async carryOut(context, item) {
    const { principal, content } = item;
    const { pool } = context.database;
    if (await earlierItemWaits(pool, item, content))
      throw unavailable('An earlier item of the same brand is not done yet.');
    return resultOf(async () => {
      const row = await theOneNamed(pool, scopeOf(principal), item);
      const { advertiserId = row.state.submission.advertiserId, month } = content;
      if (advertiserId !== row.state.submission.advertiserId) throw refused('SUBMISSION_SUPERSEDED');
      return done(await defer(context, principal, row, { month }, item));
    });
  },
};
