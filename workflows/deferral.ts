/** A move to another month: "defers its period to a future month by telling its survey partner" (program page, 4). */
import { log } from '@temporalio/workflow';
import type { PlanRequest } from '../activities/types';
import { mayUndoDeferral } from '../program/deferralRights';
import type { PeriodFacts } from '../program/enrollmentState';
import { local } from './activities';
import type { Journal } from './journal';
import { failure, isMonth, isText, refusal, refuseOnceCalculating, type Kind } from './kinds';
import type { DeferMessage } from './messages';

export function defer(journal: Journal): Kind<DeferMessage> {
  const { state } = journal;
  return {
    isComplete: ({ month, askedAt, surveyPartner }) =>
      isMonth(month) &&
      (askedAt === undefined || Number.isSafeInteger(askedAt)) &&
      (surveyPartner === undefined || isText(surveyPartner)),
    check(message) {
      refuseOnceCalculating(journal);
      const { surveyPartner = state.submission.surveyPartner } = message;
      if (surveyPartner !== state.submission.surveyPartner) throw refusal('SUBMISSION_SUPERSEDED');
      if (message.month === state.period.month) {
        journal.repeats.refuseEndless();
        return;
      }
      if (message.month < state.period.month) {
        if (!mayUndoDeferral(message.actor.role)) throw refusal('MONTH_NOT_LATER');
        if (!state.deferredFrom.includes(message.month)) throw refusal('NO_SUCH_DEFERRAL');
      } else if (state.deferredFrom.length >= state.terms.maximumDeferrals)
        throw refusal('DEFERRAL_LIMIT_REACHED');
    },
    async apply(message) {
      for (;;) {
        const from = state.period;
        if (message.month === from.month) {
          journal.repeats.count();
          return;
        }
        const period = await plan(journal, message);
        // While the calendar was read, other messages, the calculation date or the ad account's time zone may have come.
        this.check(message);
        if (state.period !== from) continue;
        state.deferredFrom = monthsDeferredFrom(state.deferredFrom, from.month, message.month);
        state.period = period;
        journal.addMaker(message.actor);
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
}

/** Where a deferral leads by the calendar in use now. Throws the calendar's refusal, or TRY_AGAIN. */
async function plan(journal: Journal, message: DeferMessage): Promise<PeriodFacts> {
  const { programId, enrolledOn, lookUp, period } = journal.state;
  const { month, actor } = message;
  const now = journal.now();
  const request: PlanRequest = {
    programId,
    calendar: 'latest',
    enrolledOn,
    at: Math.min(message.askedAt ?? now, now),
    timeZone: lookUp.state === 'located' ? lookUp.account.timeZone : null,
    move: { kind: 'defer', fromMonth: period.month, month, allowEarlier: mayUndoDeferral(actor.role) },
  };
  const options = { summary: `${month} in the calendar` };
  const answer = await journal
    .inTurn(() => local.planPeriod.executeWithOptions(options, [request]))
    .catch((error: unknown) => {
      log.warn('The calendar could not be read', { error });
      throw failure('TRY_AGAIN', 'The calendar could not be read just now. Send the same request again.');
    });
  if (!answer.ok) throw refusal(answer.reasonCode);
  return answer.period;
}

/** Going back to a month undoes the deferral from it and those that followed. */
function monthsDeferredFrom(before: string[], fromMonth: string, month: string): string[] {
  const undone = before.indexOf(month);
  return undone === -1 ? [...before, fromMonth] : before.slice(0, undone);
}
