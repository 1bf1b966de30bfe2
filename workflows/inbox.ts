/**
 * What the enrollment does with the messages that it gets: each is checked by a synchronous validator (a refused Update
 * costs nothing), changes facts, and is answered once the read model holds the change. Messages come in any order, also
 * before the first line of the process runs, and also twice. What each kind changes: facts.ts, deferral.ts and
 * interventions.ts.
 */
import type { UpdateDefinition } from '@temporalio/common';
import { setHandler } from '@temporalio/workflow';
import { PARTNER_CRITERIA } from '../program/criteria';
import { defer } from './deferral';
import type { EndedBy } from './ending';
import { completeQuestionnaire, confirmPartner, rejectPartner, reopenQuestionnaire, resubmit } from './facts';
import { decideApproval, hold, release, waive, withdraw } from './interventions';
import type { Journal } from './journal';
import { applyOnce, requireShape, type Kind } from './kinds';
import * as messages from './messages';
import type { Message, MessageAnswer } from './messages';
import type { PayoutStop } from './payoutStop';
import {
  optionalCriteria,
  optionalId,
  receiveCancel,
  receiveSignals,
  requiredMonth,
  requiredReason,
} from './signals';

/** What messages set going besides facts. */
export interface Reactions {
  clockAdjusted: () => void;
  withdraw: (by: EndedBy) => void;
  stop: PayoutStop;
  /** Rejects when somebody uses *Cancel* in Temporal UI. */
  cancelRequested: Promise<never>;
}

export function receiveMessages(journal: Journal, reactions: Reactions): void {
  const { state } = journal;
  const { stop } = reactions;
  const kinds = {
    confirmPartner: confirmPartner(journal),
    rejectPartner: rejectPartner(journal),
    completeQuestionnaire: completeQuestionnaire(journal),
    defer: defer(journal),
    hold: hold(journal, stop),
    withdraw: withdraw(journal, stop, reactions.withdraw),
  };

  receive(journal, messages.resubmit, resubmit(journal));
  receive(journal, messages.confirmPartner, kinds.confirmPartner);
  receive(journal, messages.rejectPartner, kinds.rejectPartner);
  receive(journal, messages.completeQuestionnaire, kinds.completeQuestionnaire);
  receive(journal, messages.reopenQuestionnaire, reopenQuestionnaire(journal));
  receive(journal, messages.defer, kinds.defer);
  receive(journal, messages.hold, kinds.hold);
  receive(journal, messages.release, release(journal, stop));
  receive(journal, messages.waive, waive(journal));
  receive(journal, messages.decideApproval, decideApproval(journal, stop));
  receive(journal, messages.withdraw, kinds.withdraw);

  const receiveSignal = receiveSignals(journal);
  const word = (sent: messages.OperatorMessage<messages.PartnerWordMessage>) => ({
    advertiserId: sent.advertiserId ?? state.submission.advertiserId,
    criteria: optionalCriteria(sent.criteria) ?? [...PARTNER_CRITERIA],
  });
  receiveSignal(messages.confirmPartnerSignal, kinds.confirmPartner, ['advertiserId', 'criteria'], word);
  receiveSignal(
    messages.rejectPartnerSignal,
    kinds.rejectPartner,
    ['advertiserId', 'criteria', 'reasonCode'],
    (sent) => ({ ...word(sent), reasonCode: requiredReason(sent.reasonCode ?? 'PARTNER_REJECTED') }),
  );
  receiveSignal(messages.completeQuestionnaireSignal, kinds.completeQuestionnaire, ['answersId'], (sent) => ({
    answersId: optionalId(sent.answersId, 'answersId') ?? null,
  }));
  receiveSignal(messages.deferSignal, kinds.defer, ['month'], (sent) => ({
    month: requiredMonth(sent.month),
  }));
  receiveSignal(messages.holdSignal, kinds.hold, ['reasonCode'], (sent) => ({
    reasonCode: requiredReason(sent.reasonCode ?? 'FRAUD_REVIEW'),
    noteId: null,
  }));

  receiveCancel(journal, reactions.cancelRequested, kinds.withdraw);
  setHandler(messages.wake, reactions.clockAdjusted);
  setHandler(messages.enrollmentQuery, () => state);
  setHandler(messages.projectionQuery, () => journal.wholeProjection());
}

function receive<M extends Message>(
  journal: Journal,
  definition: UpdateDefinition<MessageAnswer, [M]>,
  kind: Kind<M>,
): void {
  setHandler(
    definition,
    async (message: M) => {
      await applyOnce(journal, kind, message);
      await journal.write();
      return { sequence: journal.sequence };
    },
    {
      validator(message: M) {
        requireShape(kind, message);
        // A message that was applied is answered again, whatever has happened since.
        if (!journal.hasApplied(message.messageId)) kind.check(message);
      },
    },
  );
}
