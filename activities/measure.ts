/** The calculation: look the ad account up again, read its spend, compute the credit, keep inputs and outcome. */
import { randomUUID } from 'node:crypto';
import type { Database } from '../database/pool';
import { insertStatement } from '../database/statements';
import { calendarFor, lookBackSpan, nextMonth, planFor } from '../program/calendar';
import { parseDecimal } from '../program/money';
import { amountTableOf, computeCredit, type CreditInput, type ReportedSpend } from '../program/credit';
import { sealStatement, STATEMENT_FORMAT } from '../program/creditStatement';
import type { ProgramDefinition } from '../program/definition';
import { documentHash } from '../program/revision';
import { lookUpAdvertiser } from './advertiser';
import type { AdPlatform } from './ports';
import { submittedCredit } from './submittedCredit';
import { programNow, readProgram } from './terms';
import { thirdPartyCall } from './thirdPartyCall';
import type { MainActivities, Measurement, MeasureRequest } from './types';

interface Deps {
  database: Database;
  adPlatform: AdPlatform;
}

export function createMeasureActivities(deps: Deps): Pick<MainActivities, 'measure' | 'planPayout'> {
  return {
    measure: (request) => measure(deps, request),

    async planPayout({ programId, programRevision, enrolledOn, period, at }) {
      const { definition } = await readProgram(deps.database.pool, programId, programRevision);
      return payoutDate(calendarFor(definition, enrolledOn), period, at);
    },
  };
}

async function measure(deps: Deps, request: MeasureRequest): Promise<Measurement> {
  const { database, adPlatform } = deps;
  const {
    enrollmentId,
    programId,
    programRevision,
    advertiserId,
    surveyPartner,
    storePlatform,
    enrolledOn,
    period,
  } = request;
  // After a reset: a credit that has been sent to the rail is not computed again, whatever the spend is now.
  const sent = await submittedCredit(database.pool, enrollmentId);
  if (sent) {
    const { payoutAt } = period;
    return { outcome: 'credit', credit: sent, payoutAt, aboveThreshold: false, alreadySent: true };
  }

  const lookUp = await lookUpAdvertiser(deps, {
    programId,
    programRevision,
    advertiserId,
    enrolledOn,
    ...period,
  });
  const canBePaid = lookUp.located && lookUp.account.status === 'active' && lookUp.minimumSpend !== null;
  if (!canBePaid) {
    return { outcome: 'account_not_usable', lookUp };
  }
  const { account } = lookUp;
  const { definition, clock } = await readProgram(database.pool, programId, programRevision);
  const read = async ({ from, to }: { from: string; to: string }): Promise<ReportedSpend> => {
    const { currency } = account;
    const rows = await thirdPartyCall(() => adPlatform.readSpend({ advertiserId, from, to, currency }));
    return { from, to, rows };
  };
  const lookBack = lookBackSpan(definition, enrolledOn);
  const input: CreditInput = {
    programRevision,
    country: account.country,
    currency: account.currency,
    spend: await read({ from: period.periodFrom, to: period.periodTo }),
    lookBack: lookBack && (await read(lookBack)),
    facts: { surveyPartner, storePlatform },
  };
  const spendAsOf = programNow(clock);
  const result = computeCredit(definition, input);

  const statementId = `st_${randomUUID()}`;
  const statement = sealStatement({
    format: STATEMENT_FORMAT,
    statementId,
    enrollmentId,
    programId,
    revisionHash: documentHash(definition),
    calculationMonth: period.month,
    spendAsOf: new Date(spendAsOf).toISOString(),
    account,
    input,
    result,
  });
  await insertStatement(database.pool, statement);
  if (result.outcome === 'none') return { outcome: 'no_credit', reasonCode: result.reasonCode, statementId };
  const { amountMinor, currency, spendMinor, region } = result;
  return {
    outcome: 'credit',
    credit: { amountMinor, currency, spendMinor, region, statementId },
    payoutAt: payoutDate(calendarFor(definition, enrolledOn), period, spendAsOf),
    aboveThreshold: isAboveThreshold(definition, result),
    alreadySent: false,
  };
}

/** Whether an approver has to look at it ("above", so the threshold itself is paid without). */
function isAboveThreshold(
  definition: ProgramDefinition,
  { region, currency, amountMinor }: { region: string; currency: string; amountMinor: number },
): boolean {
  const threshold = amountTableOf(definition, region, currency)?.approvalThreshold ?? null;
  return threshold !== null && amountMinor > parseDecimal(threshold, currency);
}

/** A payout date that has passed: at once, or on the calendar's next one (program policy `latePayoutDate`). */
function payoutDate(definition: ProgramDefinition, period: MeasureRequest['period'], now: number): number {
  if (period.payoutAt > now || definition.policies.latePayoutDate.then === 'pay_at_once')
    return period.payoutAt;
  for (
    let month = nextMonth(definition, period.month);
    month !== undefined;
    month = nextMonth(definition, month)
  ) {
    const plan = planFor(definition, month, null);
    if (plan && plan.payoutAt > now) return plan.payoutAt;
  }
  // The calendar has no later date: waiting longer would help nobody.
  return period.payoutAt;
}
