/**
 * Stopping a payout that has begun. The rail may be away for hours before it can be asked to pay; until the payout is
 * submitted, a withdrawal, a hold or *Cancel* still counts. Which of the two came first is decided by the payout row.
 */
import { CancellationScope, condition } from '@temporalio/workflow';
import type { PaymentAttempt } from '../activities/types';
import { patient } from './activities';
import { SERVICE, type Journal } from './journal';
import { failure, refusal } from './kinds';

export class PayoutStop {
  /** Messages that have not acted yet. */
  private asking = 0;
  private isDeciding = false;
  /** Known before the process has heard of the outcome. */
  private isSubmitted = false;

  constructor(private readonly journal: Journal) {}

  /** Staff may intervene until the payout is submitted. */
  refuseOnceSubmitted(): void {
    if (this.journal.state.stage === 'closed') throw failure('ENROLLMENT_ENDED', 'The enrollment has ended.');
    if (this.isTooLate()) throw refusal('PAYOUT_BEGUN');
  }

  /** Runs `act` while nothing is being paid, which it may end by asking for it. Throws PAYOUT_BEGUN if that is too late. */
  async before(act: () => void): Promise<void> {
    this.asking += 1;
    try {
      await condition(() => !this.isPaying() || this.isTooLate());
      this.refuseOnceSubmitted();
      act();
    } finally {
      this.asking -= 1;
    }
  }

  /** What `pay` brings; undefined if a message has stopped it before it was submitted, and has acted by now. */
  async unlessStopped(pay: () => Promise<PaymentAttempt>): Promise<PaymentAttempt | undefined> {
    const scope = new CancellationScope();
    const payment = scope.run(pay);
    const attempt = await Promise.race([payment, condition(() => this.asking > 0)]);
    if (!attempt && (await this.stops())) {
      // An attempt that is under way all the same finds its payout void, and nothing to pay in its place.
      scope.cancel();
      await condition(() => this.asking === 0);
      return undefined;
    }
    this.isSubmitted = true;
    return payment;
  }

  private async stops(): Promise<boolean> {
    const { journal } = this;
    this.isDeciding = true;
    journal.state.stage = 'scheduled';
    journal.record({
      key: `payout_stopped:${journal.sequence}`,
      type: 'payout_stopped',
      actor: SERVICE,
      details: {},
    });
    const isStopped = await cancelPayout(journal);
    this.isDeciding = false;
    return isStopped;
  }

  private isPaying(): boolean {
    return this.isDeciding || this.journal.state.stage === 'paying';
  }

  private isTooLate(): boolean {
    const { stage, payout } = this.journal.state;
    return this.isSubmitted || stage === 'closed' || (stage === 'paying' && payout !== null);
  }
}

/**
 * True if nothing was submitted and nothing will be, unless the process begins to pay anew. Otherwise the process has to
 * bring the submitted payout to its end: after a reset it may not remember it. Call it when the stage is not `paying`.
 *
 * Once the read model says so, no attempt can freeze a payout: `insertFrozen` looks there, under a lock that keeps the
 * two apart. What was frozen before is seen by the activity and made void, and `takeForSubmission` takes no void row. So
 * an attempt of `pay` may be under way, or come late from a worker that stood still, and still pays nothing after this.
 */
export async function cancelPayout(journal: Journal): Promise<boolean> {
  const { state } = journal;
  await journal.writtenAgain();
  const submitted = await patient.cancelPayout.executeWithOptions(
    { summary: 'nothing may be paid any more' },
    [state.enrollmentId],
  );
  if (!submitted) return true;
  state.credit = submitted;
  state.stage = 'paying';
  journal.record({
    key: `payout_found:${journal.sequence}`,
    type: 'payout_found',
    actor: SERVICE,
    details: { ...submitted },
  });
  await journal.write();
  return false;
}
