/** Amounts, bonuses and budgets as people read them. */
import type { AmountTable, Bonus, Pay, ProgramDefinition } from '../../program/definition';
import { formatAmount, parseDecimal } from '../../program/money';
import { listOf, paragraph, section, table, wrap } from '../layout';

const ROUNDED: Record<ProgramDefinition['rounding'], string> = {
  half_up: 'half up',
  half_even: 'half to even',
  down: 'down',
};

/** The figure of the spend report that counts. */
const BASIS: Record<ProgramDefinition['spendBasis'], string> = {
  spend: 'the total spend',
  billed_cost: 'the billed cost, which is without credits',
  cash_spend: 'the cash spend',
};

const COUNTRIES_WIDTH = 40;

export function describeAmounts({ credit, regions, spendBasis, rounding }: ProgramDefinition): string {
  const isPercentage = ({ percent }: Pay) => percent !== undefined;
  const hasPercentage = credit.some(
    ({ tiers, bonuses }) => tiers.some(isPercentage) || Object.values(bonuses).some(isPercentage),
  );
  return section(
    'Amounts',
    paragraph(
      `What counts is ${BASIS[spendBasis]} in the calculation period. Only the highest tier reached is paid.` +
        (hasPercentage ? ` A percentage is of that spend, rounded ${ROUNDED[rounding]}.` : ''),
    ),
    table(
      credit.flatMap((amounts, index) => [
        ...(index === 0 ? [] : [['']]),
        ...tableRows(amounts, regions[amounts.region] ?? []),
      ]),
      { head: ['Region', 'Currency', 'Spend from', 'Credit', 'Countries'], right: [2, 3] },
    ),
  );
}

/** One row a tier, then bonuses, cap and approval; the countries run down beside them. */
function tableRows(
  { region, currency, tiers, ...rest }: AmountTable,
  countries: readonly string[],
): string[][] {
  const { bonuses, cap, approvalThreshold } = rest;
  const pays = [
    ...tiers.map(({ from, ...pay }) => [amountIn(currency, from), payIn(currency, pay)]),
    ...Object.entries(bonuses).map(([id, pay]) => [`bonus ${id}`, bonusIn(currency, pay)]),
    ...(cap === null ? [] : [['at most', amountIn(currency, cap)]]),
    ...(approvalThreshold === null ? [] : [['approval above', amountIn(currency, approvalThreshold)]]),
  ];
  const beside = wrap(countries.join(' '), COUNTRIES_WIDTH);
  return Array.from({ length: Math.max(pays.length, beside.length) }, (_, index) => [
    ...(index === 0 ? [region, currency] : ['', '']),
    ...(pays[index] ?? ['', '']),
    beside[index] ?? '',
  ]);
}

export function describeBonuses({ bonuses, partners }: ProgramDefinition): string {
  return section(
    'Bonuses',
    bonuses.length === 0
      ? ['none']
      : table(
          bonuses.map((bonus) => [
            bonus.id,
            wrap(`${bonus.name}: ${condition(bonus, partners)}`, 70).join('\n'),
          ]),
        ),
  );
}

function condition({ when }: Bonus, partners: ProgramDefinition['partners']): string {
  const nameOf = (id: string) => partners.find((partner) => partner.id === id)?.name ?? id;
  return [
    when.storePlatformNot && `the store platform is not ${listOf(when.storePlatformNot, 'or')}`,
    when.surveyPartner && `the survey partner is ${listOf(when.surveyPartner.map(nameOf), 'or')}`,
  ]
    .filter((part) => part !== undefined)
    .join(', and ');
}

export function describeBudgets({ budgets }: ProgramDefinition): string {
  return section(
    'Budgets',
    budgets.length === 0
      ? ['none: nothing limits what all credits come to']
      : table(
          budgets.map(({ currency, amount, regions }) => [
            `${amountIn(currency, amount)} ${currency}`,
            regions === null ? 'for the whole program' : `for ${listOf(regions)}`,
          ]),
          { right: [0] },
        ),
  );
}

function amountIn(currency: string, amount: string): string {
  return formatAmount({ amountMinor: parseDecimal(amount, currency), currency });
}

function payIn(currency: string, { amount, percent, upTo }: Pay): string {
  return amount === undefined
    ? `${percent} % up to ${amountIn(currency, upTo!)}`
    : amountIn(currency, amount);
}

function bonusIn(currency: string, pay: Pay): string {
  const isNothing = pay.amount !== undefined && parseDecimal(pay.amount, currency) === 0;
  return isNothing ? 'none' : `+ ${payIn(currency, pay)}`;
}
