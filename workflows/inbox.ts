/**
 * What the enrollment does with the messages that it gets: each is checked by a synchronous validator (a refused Update
 * costs nothing), changes facts, and is answered once the read model holds the change. Messages come in any order, also
 * before the first line of the process runs, and also twice.
 *
 * Place of the messages to come: hold, release, waive (they change `onHold` and criteria here), decideApproval and
 * settlePayout (approval.ts, payout.ts).
 */
import type { UpdateDefinition } from '@temporalio/common';
import { log, setHandler } from '@temporalio/workflow';
import type { PeriodFacts } from '../program/enrollmentState';
import { confirmationStands, PARTNER_CRITERIA } from '../program/criteria';
import { local } from './activities';
import type { Journal } from './journal';
import { applyOnce, failure, isMonth, isText, refusal, requireShape, type Kind, type Message } from './kinds';
import * as messages from './messages';
import type { MessageAnswer } from './messages';
import { optionalId, receiveSignals, requiredMonth } from './signals';

/**
 * Reports of what is known already, over the life of an enrollment. A run takes 2,000 Updates and then none at all, so
 * whoever repeats itself without end must not use up those of the others. A refused Update does not count.
 */
const MAXIMUM_REPEATS = 100;

export function receiveMessages(journal: Journal, clockAdjusted: () => void): void {
  const { state } = journal;
  let repeats = 0;
  const refuseEndlessRepeats = () => {
    if (repeats < MAXIMUM_REPEATS) return;
    throw failure('REPEATED_TOO_OFTEN', 'The same has been reported over and over; it is known.');
  };

  const resubmit: Kind<messages.ResubmitMessage> = {
    isComplete({ submission }) {
      const { id, advertiserId, surveyPartner, storePlatform, dataSharingAuthorized } = submission ?? {};
      return (
        [id, advertiserId, surveyPartner, storePlatform].every(isText) &&
        typeof dataSharingAuthorized === 'boolean'
      );
    },
    check({ submission }) {
      if (submission.id === state.submission.id) {
        throw failure('NOTHING_CHANGED', 'The enrollment has this submission already.');
      }
      refuseOnceCalculating(journal);
    },
    apply(message) {
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
    isComplete: ({ advertiserId, submissionId }) =>
      isText(advertiserId) && (submissionId === undefined || isText(submissionId)),
    check({ advertiserId, submissionId = state.submission.id }) {
      refuseOnceCalculating(journal);
      if (advertiserId !== state.submission.advertiserId || submissionId !== state.submission.id) {
        throw refusal('SUBMISSION_SUPERSEDED');
      }
      if (confirmationStands(state)) refuseEndlessRepeats();
    },
    apply(message) {
      const repeated = confirmationStands(state);
      if (repeated) repeats += 1;
      if (!repeated) {
        const { id, advertiserId } = state.submission;
        const confirmed = {
          outcome: 'confirmed',
          reasonCode: null,
          submissionId: id,
          advertiserId,
          by: message.actor,
          at: journal.now(),
        } as const;
        for (const criterion of PARTNER_CRITERIA) state.partnerStatements[criterion] = confirmed;
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
    isComplete: ({ answersId }) => answersId === null || isText(answersId),
    check() {
      refuseOnceCalculating(journal);
      if (state.questionnaire) refuseEndlessRepeats();
    },
    apply(message) {
      const repeated = state.questionnaire !== null;
      if (repeated) repeats += 1;
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
    isComplete: ({ month, surveyPartner }) =>
      isMonth(month) && (surveyPartner === undefined || isText(surveyPartner)),
    check(message) {
      refuseOnceCalculating(journal);
      const { surveyPartner = state.submission.surveyPartner } = message;
      if (surveyPartner !== state.submission.surveyPartner) throw refusal('SUBMISSION_SUPERSEDED');
      if (message.month === state.period.month) {
        refuseEndlessRepeats();
        return;
      }
      if (message.month < state.period.month) {
        if (message.actor.role !== 'admin') throw refusal('MONTH_NOT_LATER');
        if (!state.deferredFrom.includes(message.month)) throw refusal('NO_SUCH_DEFERRAL');
      } else if (state.deferredFrom.length >= state.terms.maximumDeferrals)
        throw refusal('DEFERRAL_LIMIT_REACHED');
    },
    async apply(message) {
      for (;;) {
        const from = state.period;
        if (message.month === from.month) {
          repeats += 1;
          return;
        }
        const period = await planDeferral(journal, message);
        // While the calendar was read, other messages, the calculation date or the ad account's time zone may have come.
        this.check(message);
        if (state.period !== from) continue;
        state.deferredFrom = monthsDeferredFrom(state.deferredFrom, from.month, message.month);
        state.period = period;
        journal.record({
          key: message.messageId,
          type: 'deferred',
          actor: message.actor,
          details: { fromMonth: from.month, month: message.month },
        });
        return;
      }
    },
  };

  receive(journal, messages.resubmit, resubmit);
  receive(journal, messages.confirmPartner, confirmPartner);
  receive(journal, messages.completeQuestionnaire, completeQuestionnaire);
  receive(journal, messages.defer, defer);

  const receiveSignal = receiveSignals(journal);
  receiveSignal(messages.confirmPartnerSignal, confirmPartner, ['advertiserId'], (sent) => ({
    advertiserId: sent.advertiserId ?? state.submission.advertiserId,
  }));
  receiveSignal(messages.completeQuestionnaireSignal, completeQuestionnaire, ['answersId'], (sent) => ({
    answersId: optionalId(sent.answersId, 'answersId') ?? null,
  }));
  receiveSignal(messages.deferSignal, defer, ['month'], (sent) => ({ month: requiredMonth(sent.month) }));

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
        requireShape(kind, message);
        // A message that was applied is answered again, whatever has happened since.
        if (!journal.hasApplied(message.messageId)) kind.check(message);
      },
    },
  );
}

/** Where a deferral leads by the calendar in use now. Throws the calendar's refusal, or TRY_AGAIN. */
async function planDeferral(journal: Journal, message: messages.DeferMessage): Promise<PeriodFacts> {
  const { programId, lookUp, period } = journal.state;
  const plan = await local
    .planPeriod({
      programId,
      calendar: 'latest',
      enrolledOn: journal.state.enrolledOn,
      at: journal.now(),
      timeZone: lookUp.state === 'located' ? lookUp.account.timeZone : null,
      move: {
        kind: 'defer',
        fromMonth: period.month,
        month: message.month,
        allowEarlier: message.actor.role === 'admin',
      },
    })
    .catch((error: unknown) => {
      log.warn('The calendar could not be read', { error });
      throw failure('TRY_AGAIN', 'The calendar could not be read just now. Send the same request again.');
    });
  if (!plan.ok) throw refusal(plan.reasonCode);
  return plan.period;
}

/** Going back to a month undoes the deferral from it and those that followed. */
function monthsDeferredFrom(before: string[], fromMonth: string, month: string): string[] {
  const undone = before.indexOf(month);
  return undone === -1 ? [...before, fromMonth] : before.slice(0, undone);
}

function refuseOnceCalculating({ state }: Journal): void {
  if (state.stage === 'closed') throw failure('ENROLLMENT_ENDED', 'The enrollment has ended.');
  if (state.stage !== 'collecting') throw refusal('CALCULATION_BEGUN');
}
