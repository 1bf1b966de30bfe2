/**
 * The payout: pay once, then find out what became of it. The payout row in PostgreSQL decides whether the rail may be
 * called, so neither a retry, nor a reset, nor a second run of this code can pay twice.
 */
import { condition, sleep } from '@temporalio/workflow';
import type { PaymentAttempt } from '../activities/types';
import type { PayoutFacts } from '../program/enrollmentState';
import { payoutBeginsAt } from '../program/payoutSpread';
import { patient, payoutActivities } from './activities';
import { goOnInNewRun, historyIsLong } from './continuation';
import { end } from './ending';
import { SERVICE, type Journal } from './journal';
import type { PayoutStop } from './payoutStop';
import type { Waits } from './waits';

/** Pauses between look-ups of an unclear payout: quick at first, since most answers are only late. */
const LOOK_UP_PAUSES_MS = [1_000, 5_000, 30_000, 5 * 60_000, 30 * 60_000];
const LONGEST_PAUSE_MS = 6 * 3_600_000;

/** Until the moment of the payout date that is its own; a hold may outlast it. */
export async function untilPayoutDate(journal: Journal, waits: Waits): Promise<void> {
  const { state } = journal;
  for (;;) {
    await waits.until(
      () => (state.onHold ? journal.now() : payoutBeginsAt(state)),
      () => `payout date of ${state.period.month}`,
    );
    if (!state.onHold) return;
    await waits.until(
      () => (state.onHold ? undefined : journal.now()),
      () => 'release',
    );
    if (isLate(journal)) await schedulePayout(journal);
  }
}

/** For its payout date, or for what is left of one that has passed: by the program's policy. */
export async function schedulePayout(journal: Journal): Promise<void> {
  const { state } = journal;
  if (isLate(journal)) {
    const { programId, programRevision, enrolledOn, period } = state;
    const { payoutDate, payoutAt } = await patient.planPayout.executeWithOptions(
      { summary: 'payout date that is left' },
      [{ programId, programRevision, enrolledOn, period, at: journal.now() }],
    );
    state.period = { ...state.period, payoutDate, payoutAt };
  }
  state.stage = 'scheduled';
  journal.record({
    key: `payout_scheduled:${state.credit!.statementId}:${journal.sequence}`,
    type: 'payout_scheduled',
    actor: SERVICE,
    details: { payoutAt: new Date(state.period.payoutAt).toISOString() },
  });
  await journal.write();
}

function isLate(journal: Journal): boolean {
  return journal.state.period.payoutAt <= journal.now();
}

/** To its end, unless a message stops it in time: then it is scheduled again. */
export async function payOut(journal: Journal, stop: PayoutStop, taskQueue: string): Promise<void> {
  const { state } = journal;
  const { credit, enrollmentId, programId, programRevision } = state;
  if (!credit) throw new TypeError('Only a computed credit can be paid.');
  const { pay, settle } = payoutActivities(taskQueue);
  if (state.stage !== 'paying') {
    state.stage = 'paying';
    journal.record({
      key: `payout_begun:${journal.sequence}`,
      type: 'payout_begun',
      actor: SERVICE,
      details: {},
    });
    await journal.write();
  }

  const { amountMinor, currency, statementId } = credit;
  // A restarted enrollment that knows its payout only finds out what became of it.
  let attempt = state.payout
    ? lookedUpAgain(state.payout.key)
    : await stop.unlessStopped(() =>
        pay.executeWithOptions({ summary: 'pay the credit' }, [
          {
            enrollmentId,
            programId,
            programRevision,
            advertiserId: state.submission.advertiserId,
            amountMinor,
            currency,
            statementId,
          },
        ]),
      );
  if (!attempt) return;
  for (let lookUps = 0; ; lookUps += 1) {
    const payout = await settle.executeWithOptions(
      { summary: `book the payout (${attempt.outcome.outcome})` },
      [attempt],
    );
    recordPayout(journal, payout);
    if (payout.state === 'paid') break;
    await journal.write();
    if (payout.state === 'refused') await untilDecidedByPerson();
    if (historyIsLong()) await goOnInNewRun(journal);
    await untilLookUp(lookUps);
    attempt = lookedUpAgain(attempt.payoutKey);
  }

  await end(journal, 'paid', []);
}

/** What becomes of a refused payout: a decision that comes with settlePayout, so today nothing ends it. A new run waits on. */
function untilDecidedByPerson(): Promise<void> {
  return condition(historyIsLong);
}

/** The rail gets time to know what became of an unclear payout. */
function untilLookUp(lookUps: number): Promise<void> {
  return sleep(LOOK_UP_PAUSES_MS[lookUps] ?? LONGEST_PAUSE_MS, {
    summary: 'before the payout is looked up again',
  });
}

function lookedUpAgain(payoutKey: string): PaymentAttempt {
  return { payoutKey, outcome: { outcome: 'unknown', evidence: 'looked up again' } };
}

function recordPayout(journal: Journal, payout: PayoutFacts): void {
  const { state } = journal;
  const unchanged = state.payout?.key === payout.key && state.payout.state === payout.state;
  state.payout = payout;
  if (state.credit) {
    const { amountMinor, currency, statementId } = payout;
    state.credit = { ...state.credit, amountMinor, currency, statementId };
  }
  if (unchanged) return;
  journal.record({
    // It may be in one state several times, also after a restart.
    key: `payout_${payout.state}:${payout.key}:${journal.sequence}`,
    type: `payout_${payout.state}`,
    actor: SERVICE,
    details: { payoutKey: payout.key, railPaymentId: payout.railPaymentId, amountMinor: payout.amountMinor },
  });
}
