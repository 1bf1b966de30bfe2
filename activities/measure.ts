/** The calculation: look the ad account up again, read its spend, compute the credit, keep inputs and outcome. */
import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { Database } from '../database/pool';
import { insertStatement } from '../database/statements';
import { calendarFor, lookBackSpan, nextMonth, planFor } from '../program/calendar';
import { programTime, type ProgramClock } from '../program/clock';
import { parseDecimal } from '../program/money';
import { amountTableOf, computeCredit, type CreditInput, type ReportedSpend } from '../program/credit';
import { sealStatement, STATEMENT_FORMAT } from '../program/creditStatement';
import type { ProgramDefinition } from '../program/definition';
import { documentHash } from '../program/revision';
import { lookUpAdvertiser } from './advertiser';
import type { AdPlatform } from './ports';
import { submittedCredit } from './submittedCredit';
import { readProgram } from './terms';
import { thirdPartyCall } from './thirdPartyCall';
import type { MainActivities, Measurement, MeasureRequest, PayoutDate, PayoutPlanRequest } from './types';

interface Deps {
  database: Database;
  adPlatform: AdPlatform;
}

export function createMeasureActivities(deps: Deps): Pick<MainActivities, 'measure' | 'planPayout'> {
  return {
    measure: (request) => measure(deps, request),

    planPayout: (request) => payoutDate(deps, request, request.at),
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
  if (sent) return { outcome: 'already_sent', credit: sent };

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
  const { definition, clock } = await readProgram(database.pool, programId, programRevision);
  if (lookUp.period.calculationAt > programNow(clock)) return { outcome: 'too_early', lookUp };
  const { account } = lookUp;
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
    enrolledOn,
    spendAsOf: new Date(spendAsOf).toISOString(),
    account: { advertiserId, ...account },
    input,
    result,
  });
  await insertStatement(database.pool, statement);
  if (result.outcome === 'none')
    return { outcome: 'no_credit', reasonCode: result.reasonCode, statementId, lookUp };
  const { amountMinor, currency, spendMinor, region } = result;
  return {
    outcome: 'credit',
    credit: { amountMinor, currency, spendMinor, region, statementId },
    latePayout: period.payoutAt > spendAsOf ? null : await payoutDate(deps, request, spendAsOf),
    lookUp,
    aboveThreshold: isAboveThreshold(definition, result),
  };
}

/** Epoch ms on the program's clock; not before Temporal asked, or a clock that is behind would measure over and over. */
function programNow(clock: ProgramClock): number {
  return programTime(clock, Math.max(Date.now(), Context.current().info.scheduledTimestampMs));
}

/** Whether an approver has to look at it ("above", so the threshold itself is paid without). */
function isAboveThreshold(
  definition: ProgramDefinition,
  { region, currency, amountMinor }: { region: string; currency: string; amountMinor: number },
): boolean {
  const threshold = amountTableOf(definition, region, currency)?.approvalThreshold ?? null;
  return threshold !== null && amountMinor > parseDecimal(threshold, currency);
}

/**
 * A payout date that has passed: at once, or on the calendar's next one (program policy `latePayoutDate`). The policy is
 * that of the enrollment's terms, the calendar the one that its period is from.
 */
async function payoutDate(
  { database }: Deps,
  { programId, programRevision, enrolledOn, period }: Omit<PayoutPlanRequest, 'at'>,
  now: number,
): Promise<PayoutDate> {
  const { payoutDate, payoutAt, calendarRevision } = period;
  const given = { payoutDate, payoutAt };
  if (payoutAt > now) return given;
  const terms = await readProgram(database.pool, programId, programRevision);
  if (terms.definition.policies.latePayoutDate.then === 'pay_at_once') return given;
  const { definition } = await readProgram(database.pool, programId, calendarRevision);
  const calendar = calendarFor(definition, enrolledOn);
  for (
    let month = nextMonth(calendar, period.month);
    month !== undefined;
    month = nextMonth(calendar, month)
  ) {
    const plan = planFor(calendar, month, null);
    if (plan && plan.payoutAt > now) return { payoutDate: plan.payoutDate, payoutAt: plan.payoutAt };
  }
  // The calendar has no later date: waiting longer would help nobody.
  return given;
}
