/** The facts that are reported from outside: submissions, the survey partner's word, the questionnaire. */
import { confirmationStands, PARTNER_CRITERIA } from '../program/criteria';
import { REASONS_FOR } from '../program/decision';
import type { PartnerCriterion } from '../program/enrollmentState';
import type { Journal } from './journal';
import {
  failure,
  isInstant,
  isReasonCode,
  isText,
  refusal,
  refuseOnceCalculating,
  requireFitting,
  type Kind,
} from './kinds';
import type * as messages from './messages';

export function resubmit(journal: Journal): Kind<messages.ResubmitMessage> {
  const { state } = journal;
  return {
    isComplete({ submission }) {
      const { id, advertiserId, surveyPartner, storePlatform, contactId } = submission ?? {};
      return (
        [id, advertiserId, surveyPartner, storePlatform, contactId].every(isText) &&
        (submission.partnerKeyId === null || isText(submission.partnerKeyId)) &&
        typeof submission.dataSharingAuthorized === 'boolean'
      );
    },
    check({ submission }) {
      if (submission.id === state.submission.id) {
        throw failure('NOTHING_CHANGED', 'The enrollment has this submission already.');
      }
      refuseOnceCalculating(journal);
    },
    apply({ submission, messageId, actor }) {
      const { advertiserId } = submission;
      const otherAccount = advertiserId !== state.submission.advertiserId;
      state.submission = submission;
      if (otherAccount) state.lookUp = { state: 'pending' };
      journal.addMaker(actor);
      const details = { submissionId: submission.id, advertiserId };
      journal.record({ key: messageId, type: 'resubmitted', actor, details });
    },
  };
}

export function confirmPartner(journal: Journal): Kind<messages.ConfirmPartnerMessage> {
  const isKnown = ({ criteria }: messages.ConfirmPartnerMessage) =>
    confirmationStands(journal.state, criteria);
  return {
    isComplete: (message) =>
      namesItsSubmission(message) && (message.statedAt === undefined || isInstant(message.statedAt)),
    check(message) {
      refuseOnceCalculating(journal);
      requireCurrentSubmission(journal, message);
      if (isKnown(message)) journal.repeats.refuseEndless();
    },
    apply(message) {
      const repeated = isKnown(message);
      if (repeated) journal.repeats.count();
      else recordStatement(journal, message, { outcome: 'confirmed', reasonCode: null });
      journal.record({
        key: message.messageId,
        type: 'partner_confirmed',
        actor: message.actor,
        details: { ...subjectOf(journal, message), ...statementDate(message), repeated },
      });
    },
  };
}

/** "If it does not check out, the advertiser is contacted" (FAQ); the partner may confirm after all, later. */
export function rejectPartner(journal: Journal): Kind<messages.RejectPartnerMessage> {
  const { state } = journal;
  const isKnown = ({ criteria, reasonCode }: messages.RejectPartnerMessage) =>
    (criteria ?? PARTNER_CRITERIA).every((criterion) => {
      const statement = state.partnerStatements[criterion];
      return (
        statement?.outcome === 'rejected' &&
        statement.reasonCode === reasonCode &&
        statement.submissionId === state.submission.id
      );
    });
  return {
    isComplete: (message) => namesItsSubmission(message) && isReasonCode(message.reasonCode),
    check(message) {
      requireFitting(message.reasonCode, REASONS_FOR.partner_rejection);
      refuseOnceCalculating(journal);
      requireCurrentSubmission(journal, message);
      if (isKnown(message)) journal.repeats.refuseEndless();
    },
    apply(message) {
      const repeated = isKnown(message);
      if (repeated) journal.repeats.count();
      else recordStatement(journal, message, { outcome: 'rejected', reasonCode: message.reasonCode });
      journal.record({
        key: message.messageId,
        type: 'partner_rejected',
        actor: message.actor,
        details: { ...subjectOf(journal, message), reasonCode: message.reasonCode, repeated },
      });
    },
  };
}

export function completeQuestionnaire(journal: Journal): Kind<messages.CompleteQuestionnaireMessage> {
  const { state } = journal;
  return {
    isComplete: ({ answersId }) => answersId === null || isText(answersId),
    check() {
      refuseOnceCalculating(journal);
      if (state.questionnaire) journal.repeats.refuseEndless();
    },
    apply({ answersId, actor, messageId }) {
      const repeated = state.questionnaire !== null;
      if (repeated) journal.repeats.count();
      state.questionnaire ??= { answersId, by: actor, at: journal.now() };
      if (!repeated) journal.addMaker(actor);
      journal.record({
        key: messageId,
        type: 'questionnaire_completed',
        actor,
        details: { answersId, repeated },
      });
    },
  };
}

export function reopenQuestionnaire(journal: Journal): Kind<messages.ReopenQuestionnaireMessage> {
  const { state } = journal;
  return {
    isComplete: ({ noteId }) => noteId === null || isText(noteId),
    check() {
      refuseOnceCalculating(journal);
      if (!state.questionnaire) throw failure('NOTHING_CHANGED', 'The questionnaire is open already.');
    },
    apply({ messageId, actor, noteId }) {
      state.questionnaire = null;
      journal.addMaker(actor);
      journal.record({ key: messageId, type: 'questionnaire_reopened', actor, details: { noteId } });
    },
  };
}

function namesItsSubmission({ advertiserId, submissionId, criteria }: messages.PartnerWordMessage): boolean {
  return (
    isText(advertiserId) &&
    (submissionId === undefined || isText(submissionId)) &&
    (criteria === undefined ||
      (Array.isArray(criteria) &&
        criteria.length > 0 &&
        criteria.every((criterion) => PARTNER_CRITERIA.includes(criterion))))
  );
}

function requireCurrentSubmission({ state }: Journal, message: messages.PartnerWordMessage): void {
  const { advertiserId, submissionId = state.submission.id } = message;
  if (advertiserId !== state.submission.advertiserId || submissionId !== state.submission.id) {
    throw refusal('SUBMISSION_SUPERSEDED');
  }
}

function recordStatement(
  journal: Journal,
  { criteria, actor, statedAt = journal.now() }: messages.ConfirmPartnerMessage,
  said: { outcome: 'confirmed' | 'rejected'; reasonCode: messages.RejectPartnerMessage['reasonCode'] | null },
): void {
  const { state } = journal;
  const { id: submissionId, advertiserId } = state.submission;
  if (said.outcome === 'confirmed') journal.vouch();
  const statement = { ...said, submissionId, advertiserId, by: actor, at: statedAt };
  for (const criterion of criteria ?? PARTNER_CRITERIA) state.partnerStatements[criterion] = statement;
  journal.addMaker(actor);
}

/** Of what was said before: the entry itself has the date on which it was taken. */
function statementDate({ statedAt }: messages.ConfirmPartnerMessage): { statedAt?: string } {
  return statedAt === undefined ? {} : { statedAt: new Date(statedAt).toISOString() };
}

function subjectOf(
  { state }: Journal,
  { advertiserId, criteria }: messages.PartnerWordMessage,
): Record<string, string> {
  const some: readonly PartnerCriterion[] | undefined = criteria;
  return { advertiserId, submissionId: state.submission.id, ...(some && { criteria: some.join(',') }) };
}
