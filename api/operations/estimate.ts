/** "Defer or not?": what a brand would get at an expected spend, in each month that is open to it. */
import type { z } from 'zod';
import type { PublishedProgram } from '../../database/programs';
import { deferralMonths } from '../../program/calendar';
import { programTime } from '../../program/clock';
import { whyNotDeferred } from '../../program/deferralReasons';
import {
  estimate,
  estimateSituation,
  unknownChoices,
  type Estimate,
  type EstimateChoices,
} from '../../program/estimate';
import { displayMoney, MoneyError, parseDecimal } from '../../program/money';
import { REASONS } from '../../program/reasonCodes';
import { startOfDay } from '../../program/timeZone';
import { presentPeriod } from '../presentation';
import { invalid, type FieldError } from '../problem';
import type * as answers from '../programAnswers';
import type { EstimateBody } from '../schemas';

/** Throws a 422 that names everything that the program does not know. */
export function estimateCredit(
  program: PublishedProgram,
  body: EstimateBody,
): z.infer<typeof answers.estimate> {
  const { definition, revision } = program;
  const { country, currency, surveyPartner, storePlatform } = body;
  const expectedSpendMinor = requireKnown(program, body);
  const { terms, situation } = situationOf(program, body);
  const request = {
    ...{ country, currency, expectedSpendMinor, programRevision: revision },
    facts: { surveyPartner, storePlatform },
  };
  const closed = deferralMonths(terms, situation).filter(
    ({ month, open }) => !open && month !== situation.currentMonth,
  );
  return {
    revision,
    notice: definition.notice,
    expectedSpend: displayMoney({ amountMinor: expectedSpendMinor, currency }),
    months: estimate(terms, request, situation).map((each) => present(each, currency)),
    closed: closed.flatMap(({ month, ...rest }) => {
      if (rest.open) return [];
      const named = {
        ...{ month, currentMonth: situation.currentMonth },
        maximumDeferrals: definition.deferral.maximum,
      };
      return [{ month, reasonCode: rest.reasonCode, reason: whyNotDeferred(rest.reasonCode, named) }];
    }),
  };
}

function present({ plan, current, credit, nextTier }: Estimate, currency: string) {
  const money = (amountMinor: number) => displayMoney({ amountMinor, currency });
  return {
    ...presentPeriod(plan),
    current,
    credit: credit.outcome === 'credit' ? money(credit.amountMinor) : null,
    reasonCode: credit.outcome === 'credit' ? null : credit.reasonCode,
    lines: credit.lines.map(({ text, amountMinor }) => ({ text, amount: money(amountMinor) })),
    nextTier: nextTier && { from: money(nextTier.fromMinor), missing: money(nextTier.missingMinor) },
  };
}

const POINTERS: Record<keyof EstimateChoices, string> = {
  country: '/country',
  currency: '/currency',
  partner: '/surveyPartner',
  platform: '/storePlatform',
};

/** The expected spend in minor units. */
function requireKnown({ definition }: PublishedProgram, body: EstimateBody): number {
  const { country, currency, surveyPartner: partner, storePlatform: platform, expectedSpend } = body;
  const unknown = unknownChoices(definition, { country, currency, partner, platform });
  const errors: FieldError[] = unknown.map(({ choice, known }) => ({
    pointer: POINTERS[choice],
    message: `must be one of ${known.join(', ')} in this program`,
  }));
  try {
    const spendMinor = parseDecimal(expectedSpend, currency);
    if (errors.length === 0) return spendMinor;
  } catch (error) {
    if (!(error instanceof MoneyError)) throw error;
    errors.push({
      pointer: '/expectedSpend',
      message: `must be an amount of this currency: ${error.message}`,
    });
  }
  throw invalid(errors, 422);
}

function situationOf({ definition, clock }: PublishedProgram, body: EstimateBody) {
  const { enrolledOn, month, deferralsUsed } = body;
  const at =
    enrolledOn === undefined ? programTime(clock, Date.now()) : startOfDay(enrolledOn, definition.timeZone);
  const found = estimateSituation(definition, { at, month, deferralsUsed });
  if (found.ok) return found;
  if (found.reasonCode === null)
    throw invalid([{ pointer: '/month', message: `must be one of ${found.months.join(', ')}` }], 422);
  const { from, to } = definition.window;
  const message = `must be a day from ${from} to ${to}. ${REASONS[found.reasonCode]}`;
  throw invalid([{ pointer: '/enrolledOn', message }], 422);
}
