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

/** Of what an estimate is asked for, what only the program knows. */
export interface EstimateChoices {
  country: string;
  currency: string;
  partner: string;
  platform: string;
}

export interface UnknownChoice {
  choice: keyof EstimateChoices;
  /** What the program knows. */
  known: string[];
}

/** Everything that the program does not know, at once. Of a country that it does not know it has no currency to name. */
export function unknownChoices(
  { partners, storePlatforms, regions, credit }: ProgramDefinition,
  asked: EstimateChoices,
): UnknownChoice[] {
  const region = regionOf(regions, asked.country);
  const ofRegion = credit.filter((table) => table.region === region);
  const choices: UnknownChoice[] = [
    { choice: 'country', known: Object.values(regions).flat().toSorted() },
    ...(ofRegion.length > 0
      ? [{ choice: 'currency' as const, known: ofRegion.map(({ currency }) => currency) }]
      : []),
    { choice: 'partner', known: partners.map(({ id }) => id) },
    { choice: 'platform', known: storePlatforms },
  ];
  return choices.filter(({ choice, known }) => !known.includes(asked[choice]));
}

export type EstimateSituation =
  /** `terms`: with the calendar of such an enrollment. */
  | { ok: true; terms: ProgramDefinition; situation: DeferralSituation }
  /** Nobody can enroll at that instant. */
  | Extract<FirstPlan, { ok: false }>
  /** The enrollment cannot be in the month that was named. */
  | { ok: false; reasonCode: null; months: string[] };

/**
 * Where an enrollment stands that is made at an instant (epoch ms, program time), with the ad account in the program's time
 * zone: in the month that follows from its day, or in a later one that is named.
 */
export function estimateSituation(
  definition: ProgramDefinition,
  { at, month, deferralsUsed }: { at: number; month?: string | undefined; deferralsUsed: number },
): EstimateSituation {
  const first = firstPlan(definition, at, null);
  if (!first.ok) return first;
  const terms = calendarFor(definition, first.enrolledOn);
  const months = terms.calendar.map(calculationMonthOf).filter((candidate) => candidate >= first.plan.month);
  const currentMonth = month ?? first.plan.month;
  if (!months.includes(currentMonth)) return { ok: false, reasonCode: null, months };
  const deferralsLeft = definition.deferral.maximum - deferralsUsed;
  return {
    ok: true,
    terms,
    situation: { currentMonth, at, accountTimeZone: null, deferralsLeft, calculationBegun: false },
  };
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
