/**
 * What staff do to an enrollment: hold and release, waive, approve, withdraw. What waives a rule or lets money go is a
 * decision in PostgreSQL, which is read here before it counts.
 */
import { condition, log } from '@temporalio/workflow';
import { PARTNER_CRITERIA } from '../program/criteria';
import { REASONS_FOR, type Decision, type DecisionKind } from '../program/decision';
import { local } from './activities';
import { historyIsLong } from './continuation';
import type { EndedBy } from './ending';
import type { Journal } from './journal';
import {
  failure,
  isReasonCode,
  isText,
  refusal,
  refuseOnceCalculating,
  requireFitting,
  type Kind,
} from './kinds';
import type { DecisionMessage, HoldMessage, WithdrawMessage } from './messages';
import type { PayoutStop } from './payoutStop';

/** No step is taken while an enrollment is held; facts are still accepted. */
export function hold(journal: Journal, stop: PayoutStop): Kind<HoldMessage> {
  const { state } = journal;
  return {
    isComplete: ({ reasonCode, noteId }) => isReasonCode(reasonCode) && (noteId === null || isText(noteId)),
    check({ reasonCode }) {
      requireFitting(reasonCode, REASONS_FOR.hold);
      stop.refuseOnceSubmitted();
      if (state.onHold?.reasonCode === reasonCode)
        throw failure('NOTHING_CHANGED', 'The enrollment is on hold for this reason already.');
    },
    async apply(message) {
      const { messageId, actor, reasonCode, noteId } = message;
      await stop.before(() => {
        this.check(message);
        state.onHold = { id: messageId, since: state.onHold?.since ?? journal.now(), reasonCode };
        journal.record({ key: messageId, type: 'held', actor, details: { reasonCode, noteId } });
      });
    },
  };
}

export function release(journal: Journal, stop: PayoutStop): Kind<DecisionMessage> {
  const { state } = journal;
  return decided(journal, 'release', {
    check(decision) {
      stop.refuseOnceSubmitted();
      // Known only with the decision: the hold itself may be about to act, of the same task as this.
      if (!decision) return;
      const { onHold } = state;
      if (!onHold) throw refusal('NOT_ON_HOLD');
      if (decision.hold?.id !== onHold.id) throw refusal('DECISION_OUTDATED');
    },
    apply({ by, reasonCode }) {
      state.onHold = null;
      journal.addMaker(by);
      return { type: 'released', details: { reasonCode } };
    },
  });
}

export function waive(journal: Journal): Kind<DecisionMessage> {
  const { state } = journal;
  return decided(journal, 'waive', {
    check: () => refuseOnceCalculating(journal),
    apply({ criterion, decisionId, by, reasonCode }) {
      state.waivers[criterion] = { decisionId, by, at: journal.now() };
      const ofPartner: readonly string[] = PARTNER_CRITERIA;
      if (ofPartner.includes(criterion)) journal.vouch();
      journal.addMaker(by);
      return { type: 'waived', details: { criterion, reasonCode } };
    },
  });
}

/** By a second person: nobody who had a part in what the credit depends on, also if others changed more since. */
export function decideApproval(journal: Journal, stop: PayoutStop): Kind<DecisionMessage> {
  const { state } = journal;
  return decided(journal, 'approval', {
    check(decision) {
      stop.refuseOnceSubmitted();
      if (state.stage !== 'approving' || !state.approval || state.approval.decided)
        throw refusal('NO_APPROVAL_AWAITED');
      if (state.onHold) throw refusal('ON_HOLD');
      if (!decision) return;
      if (decision.statementId !== state.approval.statementId) throw refusal('DECISION_OUTDATED');
      if (state.makers.includes(decision.by.id)) throw refusal('MAKER_IS_CHECKER');
    },
    apply({ outcome, by, decisionId, reasonCode, statementId }) {
      state.approval = { ...state.approval!, decided: { outcome, decisionId, by, reasonCode } };
      const type = { approve: 'approved', reject: 'approval_rejected', send_back: 'sent_back' }[outcome];
      return { type, details: { statementId, reasonCode } };
    },
    // A new run would wait for the answer to this, so it is not waited for here.
    followed: () => condition(() => state.stage !== 'approving' || historyIsLong()),
  });
}

/** Until the payout is submitted; `begin` stops the process, and the answer is what became of it. */
export function withdraw(
  journal: Journal,
  stop: PayoutStop,
  begin: (by: EndedBy) => void,
): Kind<WithdrawMessage> {
  const { state } = journal;
  return {
    isComplete: ({ noteId }) => noteId === null || isText(noteId),
    check: () => stop.refuseOnceSubmitted(),
    async apply({ messageId, actor, noteId }) {
      await stop.before(() => begin({ actor, messageId, noteId }));
      await condition(() => state.stage === 'closed' || state.stage === 'paying');
      if (state.ending?.status === 'withdrawn') return;
      stop.refuseOnceSubmitted();
      // A payout was found that the process did not remember.
      throw refusal('PAYOUT_BEGUN');
    },
  };
}

type DecisionOf<K extends DecisionKind> = Extract<Decision, { kind: K }>;

interface Deciding<K extends DecisionKind> {
  /** Without the decision: what refuses any; with it: what refuses this one. */
  check: (decision?: DecisionOf<K>) => void;
  apply: (decision: DecisionOf<K>) => { type: string; details: Record<string, string | null> };
  /** What follows from it in the process, and belongs to the answer. */
  followed?: () => Promise<void>;
}

/** A message of which only the decision that it names counts, whoever sent it. */
function decided<K extends DecisionKind>(
  journal: Journal,
  kind: K,
  { check, apply, followed }: Deciding<K>,
): Kind<DecisionMessage> {
  return {
    isComplete: ({ decisionId }) => isText(decisionId),
    check: () => check(),
    async apply({ messageId, decisionId }) {
      const decision = await readDecision(journal, kind, decisionId);
      // While it was read, other messages may have come.
      check(decision);
      if (!journal.markDecision(decisionId))
        throw failure('NOTHING_CHANGED', 'This decision was carried out before; it counts once.');
      const { type, details } = apply(decision);
      journal.record({ key: messageId, type, actor: decision.by, details: { decisionId, ...details } });
      await followed?.();
    },
  };
}

async function readDecision<K extends DecisionKind>(
  journal: Journal,
  kind: K,
  decisionId: string,
): Promise<DecisionOf<K>> {
  const options = { summary: `read the decision (${kind})` };
  const read = () => local.readDecision.executeWithOptions(options, [decisionId]);
  const decision = await journal.inTurn(read).catch((error: unknown) => {
    log.warn('A decision could not be read', { error });
    throw failure('TRY_AGAIN', 'The decision could not be read just now. Send the same request again.');
  });
  if (decision?.kind !== kind || decision.enrollmentId !== journal.state.enrollmentId)
    throw refusal('DECISION_UNKNOWN');
  return decision as DecisionOf<K>;
}
