/** "Defer or not?": what a brand would get at an expected spend, in each month that is open to it. */
import type { z } from 'zod';
import type { PublishedProgram } from '../../database/programs';
import { deferralMonths, type DeferralSituation } from '../../program/calendar';
import { programTime } from '../../program/clock';
import { whyNotDeferred } from '../../program/deferralReasons';
import {
  enrollmentAt,
  estimate,
  estimateChoices,
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

/** The expected spend in minor units. */
function requireKnown({ definition }: PublishedProgram, body: EstimateBody): number {
  const { country, currency, surveyPartner, storePlatform, expectedSpend } = body;
  const choices = estimateChoices(definition, country);
  const errors: FieldError[] = [];
  const require = (pointer: string, value: string, known: keyof EstimateChoices) => {
    if (choices[known].includes(value)) return;
    errors.push({ pointer, message: `must be one of ${choices[known].join(', ')} in this program` });
  };
  require('/country', country, 'country');
  if (choices.currency.length > 0) require('/currency', currency, 'currency');
  require('/surveyPartner', surveyPartner, 'partner');
  require('/storePlatform', storePlatform, 'platform');
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
  const { enrolledOn, deferralsUsed } = body;
  const at =
    enrolledOn === undefined ? programTime(clock, Date.now()) : startOfDay(enrolledOn, definition.timeZone);
  const enrollment = enrollmentAt(definition, at);
  if (!enrollment.ok) {
    const { from, to } = definition.window;
    const message = `must be a day from ${from} to ${to}. ${REASONS[enrollment.reasonCode]}`;
    throw invalid([{ pointer: '/enrolledOn', message }], 422);
  }
  const { terms, months } = enrollment;
  const currentMonth = body.month ?? enrollment.month;
  if (!months.includes(currentMonth))
    throw invalid([{ pointer: '/month', message: `must be one of ${months.join(', ')}` }], 422);
  const deferralsLeft = definition.deferral.maximum - deferralsUsed;
  const situation: DeferralSituation = {
    ...{ currentMonth, at, accountTimeZone: null, deferralsLeft },
    calculationBegun: false,
  };
  return { terms, situation };
}
