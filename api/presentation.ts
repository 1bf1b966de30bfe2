/** An enrollment as callers see it. */
import type { z } from 'zod';
import type { EnrollmentRow } from '../database/enrollments';
import type { TimelineRow } from '../database/timeline';
import type { PeriodPlan } from '../program/calendar';
import { criteriaOf, type Criterion } from '../program/criteria';
import type { SealedStatement } from '../program/creditStatement';
import type { Actor, ApprovalFacts } from '../program/enrollmentState';
import { explain } from '../program/explain';
import { displayMoney } from '../program/money';
import { statusOf, waitingFor } from '../program/status';
import type { enrollment, period } from './answers';
import { isStaff, type Principal } from './authentication';
import type { ApiContext } from './context';

export function presentEnrollment(
  context: Pick<ApiContext, 'temporalUiUrl'>,
  principal: Principal,
  row: EnrollmentRow,
): z.infer<typeof enrollment> {
  const { state, workflowId } = row;
  const { approval, credit, ending, onHold, period } = state;
  return {
    id: row.enrollmentId,
    programId: row.programId,
    brand: { name: row.brandName, domain: row.brandKey },
    surveyPartner: state.submission.surveyPartner,
    advertiserId: state.submission.advertiserId,
    externalId: row.externalId,
    partnerApiKey: row.partnerKeyLastFour === null ? null : { lastFour: row.partnerKeyLastFour },
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    status: statusOf(state),
    statusText: explain(state).text,
    reasonCodes: ending?.reasonCodes ?? [],
    waitingFor: waitingFor(state).map(({ who, what, by }) => ({
      who,
      what,
      by: by === null ? null : iso(by),
    })),
    criteria: criteriaOf(state).map((criterion) => presentCriterion(criterion, principal)),
    calculationMonth: period.month,
    calculationDate: iso(period.calculationAt),
    payoutDate: iso(period.payoutAt),
    credit: credit && displayMoney(credit),
    onHold: onHold && { since: iso(onHold.since), reasonCode: onHold.reasonCode },
    approval: approval && presentApproval(approval, principal),
    supersededBy: row.supersededBy,
    erasedAt: row.erasedAt && row.erasedAt.toISOString(),
    workflowId,
    ...(isStaff(principal) && { temporalUiUrl: context.temporalUiUrl(workflowId) }),
  };
}

/** With the spend and the lines of its credit. */
export function presentWithLines(
  context: Pick<ApiContext, 'temporalUiUrl'>,
  principal: Principal,
  row: EnrollmentRow,
  statement: SealedStatement | undefined,
): z.infer<typeof enrollment> {
  const answer = presentEnrollment(context, principal, row);
  const { credit } = answer;
  return statement && credit ? { ...answer, credit: { ...credit, ...presentStatement(statement) } } : answer;
}

/** What a second person has to decide, or has decided. */
function presentApproval({ statementId, causes, since, decided }: ApprovalFacts, principal: Principal) {
  return {
    statementId,
    causes,
    since: iso(since),
    decided: decided && {
      outcome: decided.outcome,
      by: shown(decided.by, principal),
      reasonCode: decided.reasonCode,
    },
  };
}

function presentCriterion({ id, status, reasonCode, evidence }: Criterion, principal: Principal) {
  const at = evidence && evidence.at !== null ? iso(evidence.at) : null;
  const by = evidence?.by && shown(evidence.by, principal);
  return { criterion: id, status, reasonCode, evidence: evidence && { ...evidence, by: by ?? null, at } };
}

/** Of staff, others learn the role only. */
function shown(actor: Actor, principal: Principal): { role: Actor['role']; id?: string } {
  return isStaff(principal) || !isStaff(actor) ? actor : { role: actor.role };
}

/** One calculation period, by its dates. */
export function presentPeriod({
  month,
  periodFrom,
  periodTo,
  calculationAt,
  payoutAt,
}: PeriodPlan): z.infer<typeof period> {
  return { month, periodFrom, periodTo, calculationDate: iso(calculationAt), payoutDate: iso(payoutAt) };
}

/** Why this amount: the spend that was read, and the lines that add up to the credit. */
function presentStatement({ result, spendAsOf }: SealedStatement) {
  const { currency, spendMinor, lines } = result;
  return {
    spend:
      spendMinor === null
        ? null
        : { ...displayMoney({ amountMinor: spendMinor, currency }), asOf: spendAsOf },
    lines: lines.map(({ text, amountMinor }) => ({ text, amount: displayMoney({ amountMinor, currency }) })),
  };
}

export function presentEvent(principal: Principal, event: TimelineRow) {
  return {
    at: event.happenedAt.toISOString(),
    recordedAt: event.recordedAt.toISOString(),
    type: event.type,
    actor: shown(event.actor, principal),
    details: event.details,
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
