/** What has been sent to the rail stands, whatever a later run of the process finds. */
import { liveCredit, voidFrozen } from '../database/payouts';
import type { Database, Queryable } from '../database/pool';
import { findStatement } from '../database/statements';
import type { CreditFacts } from '../program/enrollmentState';
import type { MainActivities } from './types';

export function createCancelPayout({
  database,
}: {
  database: Database;
}): Pick<MainActivities, 'cancelPayout'> {
  return {
    async cancelPayout(enrollmentId) {
      const live = await liveCredit(database.pool, enrollmentId);
      if (live?.state === 'frozen' && (await voidFrozen(database.pool, live.payoutKey))) return null;
      return (await submittedCredit(database.pool, enrollmentId)) ?? null;
    },
  };
}

/** The credit whose payout was submitted, if there is one: as its statement computed it. */
export async function submittedCredit(db: Queryable, enrollmentId: string): Promise<CreditFacts | undefined> {
  const payout = await liveCredit(db, enrollmentId);
  if (!payout || payout.state === 'frozen') return undefined;
  const { statementId } = payout;
  const statement = await findStatement(db, { kind: 'all' }, statementId);
  if (statement?.result.outcome !== 'credit') throw new Error(`Statement ${statementId} holds no credit.`);
  const { amountMinor, currency, spendMinor, region } = statement.result;
  return { amountMinor, currency, spendMinor, region, statementId };
}
