/** A credit and its statement, for an enrollment that the process has not calculated. */
import { insertStatement } from '../../database/statements';
import { sealStatement, STATEMENT_FORMAT } from '../../program/creditStatement';
import type { CreditFacts } from '../../program/enrollmentState';
import { documentHash } from '../../program/revision';
import { compute, days, demo } from './credits';
import { ADVERTISER, type TestService } from './testService';

/** Into its rows; its process knows nothing of it. Returns the id of the statement. */
export async function giveCredit({ db, definition }: TestService, enrollmentId: string): Promise<string> {
  const result = compute();
  if (result.outcome !== 'credit') throw new Error('The demo gives a credit for this spend.');
  const { amountMinor, currency, spendMinor, region } = result;
  const statementId = `st_${enrollmentId}`;
  const input = {
    ...{ programRevision: 1, country: 'US', currency, lookBack: null },
    spend: { from: '2023-12-01', to: '2023-12-31', rows: days(currency, '12480.00') },
    facts: { surveyPartner: 'okendo', storePlatform: 'shopify' },
  };
  const account = { country: 'US', currency, timeZone: demo.timeZone, status: 'active' } as const;
  await insertStatement(
    db,
    sealStatement({
      ...{ format: STATEMENT_FORMAT, statementId, enrollmentId, programId: definition.id },
      ...{ calculationMonth: '2023-12', enrolledOn: '2023-11-12', spendAsOf: '2024-01-03T05:00:00.000Z' },
      revisionHash: documentHash(definition),
      account: { advertiserId: ADVERTISER, ...account },
      ...{ input, result },
    }),
  );
  const credit: CreditFacts = { amountMinor, currency, spendMinor, region, statementId };
  await db.query(
    `update enrollment set state = state || jsonb_build_object('credit', $2::jsonb) where enrollment_id = $1`,
    [enrollmentId, JSON.stringify(credit)],
  );
  return statementId;
}
