/**
 * "Defer or not?": what an enrollment would get at an expected spend, for each month that is open to it. The amounts are
 * those of the credit itself; nothing is promised, because the spend that counts is the one reported.
 */
import {
  calculationMonthOf,
  calendarFor,
  deferralMonths,
  firstPlan,
  planFor,
  type CalendarTerms,
  type DeferralSituation,
  type FirstPlan,
  type PeriodPlan,
} from './calendar';
import {
  amountTableOf,
  computeCredit,
  regionOf,
  type CreditInput,
  type CreditResult,
  type CreditTerms,
} from './credit';
import type { ProgramDefinition } from './definition';
import { parseDecimal, toDecimal } from './money';

export interface EstimateRequest extends Pick<
  CreditInput,
  'country' | 'currency' | 'facts' | 'programRevision'
> {
  /** The spend that is expected in whichever period, in minor units of the ad account's currency. */
  expectedSpendMinor: number;
}

export interface Estimate {
  plan: PeriodPlan;
  /** Whether it is the month of the enrollment as it is; the others would need a deferral. */
  current: boolean;
  credit: CreditResult;
  nextTier: NextTier | null;
}

/** The next higher tier, and how much more spend reaches it (minor units). */
export interface NextTier {
  fromMinor: number;
  missingMinor: number;
}

/**
 * The current month and each month that is open to a deferral, side by side in the order of the calendar. The look-back
 * of a program is taken as passed. Throws TimeZoneError, and MoneyError for a spend that is no safe integer.
 */
export function estimate(
  terms: CreditTerms & CalendarTerms,
  request: EstimateRequest,
  situation: DeferralSituation,
): Estimate[] {
  const { currentMonth, accountTimeZone } = situation;
  const open = deferralMonths(terms, situation).flatMap((month) => (month.open ? [month.plan] : []));
  const current = planFor(terms, currentMonth, accountTimeZone);
  const plans = [...(current ? [current] : []), ...open];
  return plans.map((plan) => ({
    plan,
    current: plan.month === currentMonth,
    credit: computeCredit(terms, creditInput(terms, request, plan)),
    nextTier: nextTier(terms, request),
  }));
}

/** What an estimate may be asked for: the program knows nothing else. */
export interface EstimateChoices {
  country: string[];
  /** Of the tables for the country's region; empty for a country that is not in the program. */
  currency: string[];
  partner: string[];
  platform: string[];
}

export function estimateChoices(
  { partners, storePlatforms, regions, credit }: ProgramDefinition,
  country: string,
): EstimateChoices {
  const region = regionOf(regions, country);
  return {
    country: Object.values(regions).flat().toSorted(),
    currency: credit.filter((table) => table.region === region).map((table) => table.currency),
    partner: partners.map(({ id }) => id),
    platform: storePlatforms,
  };
}

export type EnrollmentAt =
  | {
      ok: true;
      /** With the calendar of such an enrollment. */
      terms: ProgramDefinition;
      /** The calculation month that follows from its day. */
      month: string;
      /** That one, and the later ones. */
      months: string[];
    }
  | Extract<FirstPlan, { ok: false }>;

/** An enrollment that is made at an instant (epoch ms, program time), with the ad account in the program's time zone. */
export function enrollmentAt(definition: ProgramDefinition, at: number): EnrollmentAt {
  const first = firstPlan(definition, at, null);
  if (!first.ok) return first;
  const terms = calendarFor(definition, first.enrolledOn);
  const { month } = first.plan;
  const months = terms.calendar.map(calculationMonthOf).filter((candidate) => candidate >= month);
  return { ok: true, terms, month, months };
}

function creditInput(terms: CreditTerms, request: EstimateRequest, plan: PeriodPlan): CreditInput {
  const { country, currency, facts, programRevision, expectedSpendMinor } = request;
  const spend = toDecimal({ amountMinor: expectedSpendMinor, currency });
  const { periodFrom: from, periodTo: to } = plan;
  const amounts = { spend, billed_cost: spend, cash_spend: spend };
  return {
    programRevision,
    country,
    currency,
    spend: { from, to, rows: [{ date: from, currency, amounts }] },
    lookBack: terms.lookBackDays === null ? null : { from, to, rows: [] },
    facts,
  };
}

function nextTier(
  terms: CreditTerms,
  { country, currency, expectedSpendMinor }: EstimateRequest,
): NextTier | null {
  const region = regionOf(terms.regions, country);
  const table = region === null ? undefined : amountTableOf(terms, region, currency);
  const next = table?.tiers
    .map(({ from }) => parseDecimal(from, currency))
    .find((fromMinor) => fromMinor > expectedSpendMinor);
  return next === undefined ? null : { fromMinor: next, missingMinor: next - expectedSpendMinor };
}
