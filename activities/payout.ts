/**
 * Paying a credit exactly once, over a rail that has no idempotency key. The payout row decides:
 *
 *   freeze (one transaction) -> read the rail's baseline -> frozen -> submitting (commits; one caller only) -> call once
 *
 * Whoever finds the row past `frozen` does not call: the outcome is unknown until the rail has been asked. A workflow that a
 * restart or a later enrollment has replaced, and that somebody has reset since, pays nothing and fails.
 */
import { createHash } from 'node:crypto';
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Database, Queryable } from '../database/pool';
import {
  bookOutcome,
  countDeadCredits,
  findPayout,
  insertFrozen,
  liveCredit,
  refusedCredit,
  takeForSubmission,
  voidFrozen,
  writeBaseline,
  type PayoutRow,
} from '../database/payouts';
import { programAtRevision } from '../database/programs';
import { isReplaced } from '../database/resumption';
import type { PayoutFacts } from '../program/enrollmentState';
import type { PayoutOutcome, PayoutRequest } from '../program/payout';
import { ThirdPartyError } from '../program/thirdPartyError';
import type { PayoutRail } from './ports';
import { thirdPartyCall } from './thirdPartyCall';
import type { PaymentAttempt, PayoutActivities, PayRequest } from './types';

interface Deps {
  database: Database;
  /** By name. */
  rails: ReadonlyMap<string, PayoutRail>;
}

export function createPayoutActivities(deps: Deps): PayoutActivities {
  return { pay: (request) => pay(deps, request), settle: (attempt) => settle(deps, attempt) };
}

async function pay(deps: Deps, request: PayRequest): Promise<PaymentAttempt> {
  const { database } = deps;
  const rail = await railOf(deps, request);
  const payout = await freeze(database, rail.name, request);
  if (payout.state !== 'frozen') return alreadySubmitted(payout);

  const baseline = await thirdPartyCall(() => rail.lookUp(payout.request));
  await writeBaseline(database.pool, payout.payoutKey, baseline);
  if (!(await takeForSubmission(database.pool, payout.payoutKey, callingWorkflow()))) {
    const taken = await findPayout(database.pool, payout.payoutKey);
    // Voided by a request for other data, or of a credit that the enrollment does not pay now: the next attempt finds the
    // row that lives then.
    if (taken?.state === 'void' || taken?.state === 'frozen')
      throw new Error('The payout changed at this moment; try again.');
    return alreadySubmitted(taken!);
  }
  // The rail knows the reference although our row says that it was never asked (the database was restored from a backup):
  // what it knows is the outcome, and it must not be asked to pay again.
  const outcome = baseline.outcome === 'absent' ? await rail.pay(payout.request) : baseline;
  return { payoutKey: payout.payoutKey, outcome };
}

/** The payout of the enrollment that counts; a frozen one for other data (a reset came between) is replaced. */
async function freeze(database: Database, rail: string, request: PayRequest): Promise<PayoutRow> {
  const { enrollmentId, advertiserId, amountMinor, currency, statementId } = request;
  const workflowId = callingWorkflow();
  return database.transaction(async (client) => {
    await refuseReplaced(client, enrollmentId, workflowId);
    const live = await liveCredit(client, enrollmentId);
    if (live) {
      const wanted = { reference: live.payoutKey, advertiserId, amountMinor, currency };
      const isSame = live.requestHash === hashOf(wanted) && live.statementId === statementId;
      if (live.state !== 'frozen' || isSame) return live;
      if (!(await voidFrozen(client, live.payoutKey)))
        throw new Error('The payout changed at this moment; try again.');
    }
    // A run that a reset has made may not remember it.
    const refused = await refusedCredit(client, enrollmentId);
    if (refused) return refused;
    const reference = `${enrollmentId}:credit:${(await countDeadCredits(client, enrollmentId)) + 1}`;
    const frozen: PayoutRequest = { reference, advertiserId, amountMinor, currency };
    const payout = {
      request: frozen,
      requestHash: hashOf(frozen),
      enrollmentId,
      workflowId,
      rail,
      statementId,
    };
    if (!(await insertFrozen(client, payout)))
      throw new Error(
        'Another payout came at this moment, or the read model does not say that this workflow pays for the enrollment; try again.',
      );
    return (await findPayout(client, reference))!;
  });
}

function alreadySubmitted({ payoutKey, state, railPaymentId }: PayoutRow): PaymentAttempt {
  const outcome: PayoutOutcome =
    state === 'paid'
      ? { outcome: 'paid', railPaymentId: railPaymentId ?? '' }
      : { outcome: 'unknown', evidence: `found in state ${state}` };
  return { payoutKey, outcome };
}

async function settle(deps: Deps, attempt: PaymentAttempt): Promise<PayoutFacts> {
  const { pool } = deps.database;
  const row = await findPayout(pool, attempt.payoutKey);
  if (!row) throw new Error(`There is no payout ${attempt.payoutKey}.`);
  const payout = await becameOf(deps, row, attempt);
  // What is known is booked all the same; only the wait for the rest is another workflow's.
  if (payout.state !== 'paid') await refuseReplaced(pool, row.enrollmentId, callingWorkflow());
  return payout;
}

async function becameOf(deps: Deps, row: PayoutRow, attempt: PaymentAttempt): Promise<PayoutFacts> {
  if (row.state === 'paid' || row.state === 'refused' || row.state === 'void') return payoutFacts(row);
  const { outcome } = attempt;
  const isDecided = outcome.outcome === 'paid' || outcome.outcome === 'refused';
  // An unclear outcome is booked before the rail is asked, and only as the first that is known of the call.
  const booked =
    isDecided || row.state === 'submitting' ? await book(deps, attempt.payoutKey, outcome) : payoutFacts(row);
  if (isDecided) return booked;
  const known = await lookUp(deps, row);
  return known ? book(deps, attempt.payoutKey, known) : booked;
}

/**
 * What the rail knows of a payout; undefined when it cannot be asked. That is no failure: the workflow shows the outcome
 * as unclear meanwhile, and has it looked up again after a pause.
 */
async function lookUp({ rails }: Deps, row: PayoutRow): Promise<PayoutOutcome | undefined> {
  const rail = rails.get(row.rail);
  if (!rail) throw new Error(`The rail ${row.rail} is not configured on this worker.`);
  try {
    const known = await rail.lookUp(row.request);
    if (known.outcome !== 'absent') return known;
    // Absent now is no proof that it will stay so: a late execution is possible. A person decides, never this code.
    return { outcome: 'unknown', evidence: `not found at the rail: ${known.evidence}` };
  } catch (error) {
    if (error instanceof ThirdPartyError) return undefined;
    throw error;
  }
}

async function book({ database }: Deps, payoutKey: string, outcome: PayoutOutcome): Promise<PayoutFacts> {
  const row = await database.transaction((client) =>
    bookOutcome(client, payoutKey, {
      state: outcome.outcome,
      railPaymentId: outcome.outcome === 'paid' ? outcome.railPaymentId : null,
      evidence: outcome.outcome === 'paid' ? null : outcome.evidence,
    }),
  );
  return payoutFacts(row);
}

function payoutFacts({ payoutKey: key, state, railPaymentId, request, statementId }: PayoutRow): PayoutFacts {
  const { amountMinor, currency } = request;
  return { key, state, railPaymentId, amountMinor, currency, statementId };
}

function callingWorkflow(): string {
  return Context.current().info.workflowExecution!.workflowId;
}

/** It would try again or wait for ever, beside the workflow that has the say now. */
async function refuseReplaced(db: Queryable, enrollmentId: string, workflowId: string): Promise<void> {
  if (!(await isReplaced(db, enrollmentId, workflowId))) return;
  throw ApplicationFailure.nonRetryable(
    `${enrollmentId} was restarted under another workflow id, or its brand has enrolled again; this workflow was reset since ` +
      'and pays nothing. Nothing has to be done here.',
    'WORKFLOW_REPLACED',
  );
}

async function railOf({ database, rails }: Deps, request: PayRequest): Promise<PayoutRail> {
  const program = await programAtRevision(database.pool, request.programId, request.programRevision);
  const name = program?.definition.rail;
  const rail = name === undefined ? undefined : rails.get(name);
  if (!rail)
    throw new Error(`The rail ${name} of program ${request.programId} is not configured on this worker.`);
  return rail;
}

function hashOf({ reference, advertiserId, amountMinor, currency }: PayoutRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([reference, advertiserId, amountMinor, currency]))
    .digest('hex');
}
