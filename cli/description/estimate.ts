/** "Defer or not?" as people read it. */
import type { CalendarTerms } from '../../program/calendar';
import { roundAmount, type CreditLine } from '../../program/credit';
import type { Estimate, EstimateRequest } from '../../program/estimate';
import { formatAmount, formatMoney } from '../../program/money';
import { REASONS, type ReasonCode } from '../../program/reasonCodes';
import { paragraph, section, table } from '../layout';
import { PLAN_HEAD, planCells } from './periods';

/** A month that is estimated, here or by the service. */
export interface EstimateShown extends Pick<Estimate, 'plan' | 'current' | 'nextTier'> {
  credit: { lines: readonly Pick<CreditLine, 'text' | 'amountMinor'>[] } & (
    { outcome: 'credit'; amountMinor: number } | { outcome: 'none' }
  );
}

type Request = Pick<EstimateRequest, 'currency' | 'expectedSpendMinor'>;

interface ClosedMonth {
  month: string;
  reasonCode: ReasonCode;
}

/** The current month and the open ones side by side, the credit's lines, and why the other months are not open. */
export function describeEstimate(
  { timeZone }: Pick<CalendarTerms, 'timeZone'>,
  request: Request,
  estimates: readonly EstimateShown[],
  closed: readonly ClosedMonth[],
): string {
  const { currency, expectedSpendMinor } = request;
  const expected = formatMoney({ amountMinor: expectedSpendMinor, currency });
  return [
    section(
      `Defer or not? With ${expected} of spend in the period`,
      table(
        estimates.map(({ plan, current, credit, nextTier }) => [
          current ? `${plan.month} as it is` : plan.month,
          ...planCells(plan, timeZone),
          credit.outcome === 'credit' ? formatAmount({ amountMinor: credit.amountMinor, currency }) : 'none',
          nextTier ? formatAmount({ amountMinor: nextTier.missingMinor, currency }) : 'highest',
        ]),
        { head: ['Month', ...PLAN_HEAD, `Credit ${currency}`, 'To next tier'], right: [4, 5] },
      ),
      paragraph(`The calculation is shown for an ad account in ${timeZone}.`),
    ),
    describeCredit(request, estimates),
    ...(closed.length > 0 ? [section('Not open to a deferral', table(spansOf(closed)))] : []),
  ].join('\n');
}

/** Months one after the other that are closed for the same reason, in one row. */
function spansOf(months: readonly ClosedMonth[]): string[][] {
  const spans: { from: string; to: string; reason: string }[] = [];
  for (const { month, reasonCode } of months) {
    const reason = REASONS[reasonCode];
    const last = spans.at(-1);
    if (last?.reason === reason) last.to = month;
    else spans.push({ from: month, to: month, reason });
  }
  return spans.map(({ from, to, reason }) => [from === to ? from : `${from} to ${to}`, reason]);
}

/** The same for every month, since the spend is. */
function describeCredit({ currency }: Request, [estimate]: readonly EstimateShown[]): string {
  if (!estimate) return '';
  const { credit, nextTier } = estimate;
  const money = (amountMinor: number) => formatMoney({ amountMinor, currency });
  const next =
    nextTier &&
    `With ${money(nextTier.missingMinor)} more spend, the tier "${roundAmount(nextTier.fromMinor, currency)} and more" is reached. `;
  return section(
    credit.outcome === 'credit' ? `Credit of ${money(credit.amountMinor)}` : 'No credit',
    table(
      credit.lines.map(({ text, amountMinor }) => (amountMinor === 0 ? [text] : [text, money(amountMinor)])),
      { right: [1] },
    ),
    paragraph(
      `${next ?? ''}This is an estimate: what counts is the spend that is reported, and all other criteria are taken as met.`,
    ),
  );
}
