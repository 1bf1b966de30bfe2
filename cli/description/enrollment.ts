/** Enrollments as a terminal shows them. */
import type { z } from 'zod';
import type * as answers from '../../api/answers';
import type { ApprovalOutcome } from '../../program/decision';
import { formatMoney } from '../../program/money';
import { countOf, facts, paragraph, section, table } from '../layout';

export type Enrollment = z.infer<typeof answers.enrollment>;
export type EnrollmentPage = z.infer<typeof answers.enrollmentPage>;
export type Timeline = z.infer<typeof answers.timeline>;
export type Explanation = z.infer<typeof answers.explanation>;
export type DeferralOffer = z.infer<typeof answers.deferralOffer>;
export type AttentionList = z.infer<typeof answers.attentionList>;
export type Dismissal = z.infer<typeof answers.dismissal>;

export function describeEnrollment(enrollment: Enrollment): string {
  const { brand, waitingFor, criteria, credit, onHold, approval } = enrollment;
  const parts = [
    section(
      `${brand.name} (${brand.domain})`,
      paragraph(enrollment.statusText),
      facts([
        ['Enrollment', enrollment.id],
        ['Program', enrollment.programId],
        ['Status', `${words(enrollment.status)}${onHold ? ', on hold' : ''}`],
        enrollment.reasonCodes.length > 0 ? ['Reasons', enrollment.reasonCodes.join(', ')] : null,
        onHold && ['Hold', `${onHold.reasonCode}, since ${instant(onHold.since)}`],
        ['Survey partner', enrollment.surveyPartner],
        ['Advertiser ID', enrollment.advertiserId],
        ['Month', enrollment.calculationMonth],
        ['Calculation', instant(enrollment.calculationDate)],
        ['Payout', instant(enrollment.payoutDate)],
        enrollment.supersededBy === null ? null : ['Later enrollment', enrollment.supersededBy],
        enrollment.temporalUiUrl === undefined ? null : ['Temporal UI', enrollment.temporalUiUrl],
      ]),
    ),
  ];
  if (waitingFor.length > 0) {
    const rows = waitingFor.map(({ who, what, by }) => [who, words(what), by === null ? '' : instant(by)]);
    parts.push(section('Waiting for', table(rows, { head: ['Who', 'What', 'By'] })));
  }
  const rows = criteria.map(({ criterion, status, reasonCode, evidence }) => [
    words(criterion),
    status,
    evidence?.source ?? '',
    evidence?.by ? actorIn(evidence.by) : '',
    // Of a pending one it is why the enrollment would be closed, not what is so today.
    status === 'pending' ? '' : (reasonCode ?? ''),
  ]);
  parts.push(section('Criteria', table(rows, { head: ['Criterion', 'Status', 'Source', 'By', 'Reason'] })));
  if (credit) {
    const lines = (credit.lines ?? []).map(({ text, amount }) => [text, amount.display]);
    parts.push(section('Credit', table([...lines, ['Credit', credit.display]], { right: [1] })));
  }
  if (approval) {
    const { statementId, causes, decided } = approval;
    parts.push(
      section(
        'Approval',
        facts([
          ['Statement', statementId],
          ['Because', causes.map(words).join(', ')],
          ['Decided', decided ? `${DECIDED[decided.outcome]} by ${actorIn(decided.by)}` : 'not yet'],
        ]),
      ),
    );
  }
  return parts.join('\n');
}

const DECIDED: Record<ApprovalOutcome, string> = {
  approve: 'approved',
  reject: 'rejected',
  send_back: 'sent back',
};

/** One line an enrollment. */
export function describePage({ items, next }: EnrollmentPage): string {
  if (items.length === 0) return 'No enrollments.\n';
  const rows = items.map((enrollment) => [
    enrollment.id,
    enrollment.brand.domain,
    `${words(enrollment.status)}${enrollment.onHold ? ' (held)' : ''}`,
    enrollment.calculationMonth,
    enrollment.waitingFor.map(({ who, what }) => `${who}: ${words(what)}`).join('\n'),
  ]);
  const more = next === null ? '' : `\nMore: --after ${next}\n`;
  return `${table(rows, { head: ['Enrollment', 'Brand', 'Status', 'Month', 'Waiting for'] }).join('\n')}\n${more}`;
}

export function describeTimeline({ items }: Timeline): string {
  const rows = items.map(({ at, type, actor, details }, index) => [
    instant(at),
    words(type),
    actorIn(actor),
    detailLines(details, currencyAt(items, index)).join('\n'),
  ]);
  return `${table(rows, { head: ['When (program time)', 'What', 'Who', 'Details'] }).join('\n')}\n`;
}

type Details = Timeline['items'][number]['details'];

/** An event of a payout has the currency of the credit that was told last. */
function currencyAt(items: Timeline['items'], index: number): unknown {
  const credits = items
    .slice(0, index + 1)
    .filter(({ details }) => 'amountMinor' in details && 'currency' in details);
  return credits.at(-1)?.details['currency'];
}

function detailLines(details: Details, currency: unknown): string[] {
  return Object.entries(details)
    .filter(([name, value]) => value !== null && !(name === 'repeated' && value === false))
    .map(([name, value]) => {
      if (name.endsWith('Minor') && typeof value === 'number' && typeof currency === 'string')
        return `${name.slice(0, -'Minor'.length)} ${formatMoney({ amountMinor: value, currency })}`;
      return `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`;
    });
}

function actorIn({ role, id }: Timeline['items'][number]['actor']): string {
  return id === undefined ? role : `${role} ${id}`;
}

export function describeOffer({ month, deferralsLeft, mayDefer, open, closed }: DeferralOffer): string {
  // A code for an enrollment that has ended, too; it is that of all months, whatever deferrals are left.
  if (closed.some(({ reasonCode }) => reasonCode === 'CALCULATION_BEGUN')) {
    const sentence = 'No month is open: the calculation has begun, or the enrollment has ended.';
    return section(`Calculation month ${month}`, paragraph(sentence));
  }
  const left = `${countOf(deferralsLeft, 'deferral')} left${mayDefer ? '' : '; in this program another party defers'}.`;
  const parts = [section(`Calculation month ${month}`, paragraph(left))];
  if (open.length > 0) {
    const rows = open.map((period) => [
      period.month,
      `${period.periodFrom} to ${period.periodTo}`,
      instant(period.calculationDate),
      instant(period.payoutDate),
    ]);
    parts.push(section('Open', table(rows, { head: ['Month', 'Spend counts', 'Calculation', 'Payout'] })));
  }
  if (closed.length > 0)
    parts.push(section('Not open', facts(closed.map(({ month: of, reason }) => [of, reason]))));
  return parts.join('\n');
}

export function describeAttention({ items, total }: AttentionList): string {
  if (total === 0) return 'Nothing needs attention.\n';
  const listed = items.map(({ reason, since, enrollmentId, subject, whatToDo, runbookUrl }) =>
    section(
      `${reason}${subject === null ? '' : ` (${subject})`}`,
      facts([
        ['Enrollment', enrollmentId],
        ['Since', instant(since)],
        ['What to do', whatToDo],
        ['Runbook', runbookUrl],
      ]),
    ),
  );
  const more = total > items.length ? `\n${total - items.length} more.\n` : '';
  return listed.join('\n') + more;
}

/** `awaiting_approval` as people read it. */
export function words(code: string): string {
  return code.replaceAll('_', ' ');
}

/** `2023-12-03 05:00 UTC` */
export function instant(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}
