/**
 * What the enrollment does with the messages that it gets: each is checked by a synchronous validator (a refused Update
 * costs nothing), changes facts, and is answered once the read model holds the change. Messages come in any order, also
 * before the first line of the process runs, and also twice.
 *
 * Place of the messages to come: hold, release, waive (they change `onHold` and criteria here), decideApproval and
 * settlePayout (approval.ts, payout.ts).
 */
import type { SignalDefinition, UpdateDefinition } from '@temporalio/common';
import { ApplicationFailure, log, setHandler } from '@temporalio/workflow';
import type { Actor, SubmissionFacts } from '../program/enrollmentState';
import { REASONS, type ReasonCode } from '../program/reasonCodes';
import { confirmationStands } from '../program/status';
import { local } from './activities';
import type { Journal } from './journal';
import * as messages from './messages';
import type { MessageAnswer, OperatorMessage, RefusalType } from './messages';

interface Message {
  version: 1;
  messageId: string;
  actor: Actor;
}

/** One kind of message: what refuses it, and what it changes. */
interface Kind<M extends Message> {
  /** Throws the refusal; must not change anything. Called again after every await of `apply`. */
  check(message: M): void;
  apply(message: M): void | Promise<void>;
}

const OPERATOR: Actor = { role: 'operator', id: 'Temporal UI' };

export function receiveMessages(journal: Journal, clockAdjusted: () => void): void {
  const { state } = journal;

  const resubmit: Kind<messages.ResubmitMessage> = {
    check: () => refuseOnceCalculating(journal),
    apply(message) {
      if (sameSubmission(state.submission, message.submission)) return;
      const otherAccount = message.submission.advertiserId !== state.submission.advertiserId;
      state.submission = message.submission;
      if (otherAccount) state.lookUp = { state: 'pending' };
      journal.record({
        key: message.messageId,
        type: 'resubmitted',
        actor: message.actor,
        details: { submissionId: message.submission.id, advertiserId: message.submission.advertiserId },
      });
    },
  };

  const confirmPartner: Kind<messages.ConfirmPartnerMessage> = {
    check(message) {
      refuseOnceCalculating(journal);
      if (message.advertiserId !== state.submission.advertiserId) throw refusal('SUBMISSION_SUPERSEDED');
    },
    apply(message) {
      const repeated = confirmationStands(state);
      if (!repeated) {
        const { id, advertiserId } = state.submission;
        state.confirmation = { submissionId: id, advertiserId, by: message.actor, at: journal.now() };
      }
      journal.record({
        key: message.messageId,
        type: 'partner_confirmed',
        actor: message.actor,
        details: { advertiserId: message.advertiserId, submissionId: state.submission.id, repeated },
      });
    },
  };

  const completeQuestionnaire: Kind<messages.CompleteQuestionnaireMessage> = {
    check: () => refuseOnceCalculating(journal),
    apply(message) {
      const repeated = state.questionnaire !== null;
      state.questionnaire ??= { answersId: message.answersId, by: message.actor, at: journal.now() };
      journal.record({
        key: message.messageId,
        type: 'questionnaire_completed',
        actor: message.actor,
        details: { answersId: message.answersId, repeated },
      });
    },
  };

  const defer: Kind<messages.DeferMessage> = {
    check(message) {
      refuseOnceCalculating(journal);
      if (message.month === state.period.month) return;
      if (message.month < state.period.month) {
        if (message.actor.role !== 'admin') throw refusal('MONTH_NOT_LATER');
        if (!state.deferredFrom.includes(message.month)) throw refusal('NO_SUCH_DEFERRAL');
      } else if (state.deferredFrom.length >= state.terms.maximumDeferrals)
        throw refusal('DEFERRAL_LIMIT_REACHED');
    },
    async apply(message) {
      const fromMonth = state.period.month;
      if (message.month === fromMonth) return;
      const plan = await local
        .planPeriod({
          programId: state.programId,
          calendar: 'latest',
          at: journal.now(),
          timeZone: state.lookUp.state === 'located' ? state.lookUp.account.timeZone : null,
          move: {
            kind: 'defer',
            fromMonth,
            month: message.month,
            allowEarlier: message.actor.role === 'admin',
          },
        })
        .catch((error: unknown) => {
          log.warn('The calendar could not be read', { error });
          throw failure('TRY_AGAIN', 'The calendar could not be read just now. Send the same request again.');
        });
      if (!plan.ok) throw refusal(plan.reasonCode);
      // Other messages, or the calculation date, may have come while the calendar was read.
      this.check(message);
      if (state.period.month !== fromMonth)
        throw failure('TRY_AGAIN', 'Another deferral came at the same moment.');
      const undone = state.deferredFrom.indexOf(message.month);
      state.deferredFrom =
        undone === -1 ? [...state.deferredFrom, fromMonth] : state.deferredFrom.slice(0, undone);
      state.period = plan.period;
      journal.record({
        key: message.messageId,
        type: 'deferred',
        actor: message.actor,
        details: { fromMonth, month: message.month },
      });
    },
  };

  receive(journal, messages.resubmit, resubmit);
  receive(journal, messages.confirmPartner, confirmPartner);
  receive(journal, messages.completeQuestionnaire, completeQuestionnaire);
  receive(journal, messages.defer, defer);

  receiveSignal(journal, messages.confirmPartnerSignal, confirmPartner, (sent) => ({
    advertiserId: sent.advertiserId ?? state.submission.advertiserId,
  }));
  receiveSignal(journal, messages.completeQuestionnaireSignal, completeQuestionnaire, (sent) => ({
    answersId: sent.answersId ?? null,
  }));
  receiveSignal(journal, messages.deferSignal, defer, (sent) => ({ month: requireMonth(sent.month) }));

  setHandler(messages.wake, clockAdjusted);
  setHandler(messages.enrollmentQuery, () => state);
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
        if (message.version !== 1)
          throw failure('INVALID_MESSAGE', `Unknown message version ${String(message.version)}.`);
        // A message that was applied is answered again, whatever has happened since.
        if (!journal.hasApplied(message.messageId)) kind.check(message);
      },
    },
  );
}

/** Signals come from people in Temporal UI: no answer, no sender to believe, fields missing. They never throw. */
function receiveSignal<M extends Message>(
  journal: Journal,
  definition: SignalDefinition<[OperatorMessage<M>?]>,
  kind: Kind<M>,
  complete: (sent: OperatorMessage<M>) => Omit<M, keyof Message>,
): void {
  setHandler(definition, async (sent) => {
    const given: OperatorMessage<M> = sent ?? {};
    const messageId = given.messageId ?? `operator:${definition.name}:${journal.sequence + 1}`;
    try {
      const message = { ...complete(given), version: 1, messageId, actor: OPERATOR } as M;
      await applyOnce(journal, kind, message);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      journal.state.lastRefusal = { message: definition.name, reason, at: journal.now() };
      journal.record({
        key: messageId,
        type: 'message_refused',
        actor: OPERATOR,
        details: { message: definition.name, reason },
      });
    }
    await journal.write();
  });
}

async function applyOnce<M extends Message>(journal: Journal, kind: Kind<M>, message: M): Promise<void> {
  if (journal.hasApplied(message.messageId)) return;
  kind.check(message);
  await kind.apply(message);
  journal.markApplied(message.messageId);
}

function refuseOnceCalculating({ state }: Journal): void {
  if (state.stage === 'closed') throw failure('ENROLLMENT_ENDED', 'The enrollment has ended.');
  if (state.stage !== 'collecting') throw refusal('CALCULATION_BEGUN');
}

function sameSubmission(one: SubmissionFacts, other: SubmissionFacts): boolean {
  return one.id === other.id;
}

function requireMonth(month: unknown): string {
  if (typeof month === 'string' && /^\d{4}-(0[1-9]|1[0-2])$/.test(month)) return month;
  throw failure('INVALID_MESSAGE', 'A deferral needs a month, for example {"month":"2023-12"}.');
}

function refusal(reasonCode: ReasonCode): ApplicationFailure {
  return failure(reasonCode, REASONS[reasonCode]);
}

function failure(type: RefusalType, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type);
}
