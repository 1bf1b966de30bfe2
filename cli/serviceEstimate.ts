/** "Defer or not?" as the service answers it: by the latest revision of a program, and today on the program's clock. */
import type { z } from 'zod';
import type * as answers from '../api/programAnswers';
import { dateInZone } from '../program/timeZone';
import { describeEstimate, type EstimateShown } from './description/estimate';
import type { EstimateOptions } from './estimateCommand';
import { asked } from './namedDefinition';
import { json, print } from './terminal';

type Answer = z.infer<typeof answers.estimate>;
type Program = z.infer<typeof answers.program>;

/** Throws CommandFailure. */
export async function estimateAtService(
  programId: string,
  deferralsUsed: number,
  options: EstimateOptions,
): Promise<void> {
  const { country, currency, spend, partner, platform, at, month } = options;
  const path = `/v1/programs/${programId}`;
  const { answer, timeZone } = await asked(programId, async (service) => ({
    answer: await service.post<Answer>(`${path}/estimate`, {
      ...{ country, currency, deferralsUsed },
      expectedSpend: spend,
      surveyPartner: partner,
      storePlatform: platform,
      ...(at !== undefined && { enrolledOn: at }),
      ...(month !== undefined && { month }),
    }),
    timeZone: options.json ? '' : (await service.get<Program>(path)).timeZone,
  }));
  print(options.json ? json(answer) : describe(answer, timeZone));
}

function describe({ expectedSpend, months, closed }: Answer, timeZone: string): string {
  const { amountMinor: expectedSpendMinor, currency } = expectedSpend;
  return describeEstimate(
    { timeZone },
    { currency, expectedSpendMinor },
    months.map((month) => shown(month, timeZone)),
    closed,
  );
}

function shown(month: Answer['months'][number], timeZone: string): EstimateShown {
  const { credit, lines, nextTier, current, calculationDate, payoutDate, ...period } = month;
  const payoutAt = Date.parse(payoutDate);
  return {
    plan: {
      ...{ month: period.month, periodFrom: period.periodFrom, periodTo: period.periodTo },
      calculationAt: Date.parse(calculationDate),
      ...{ payoutAt, payoutDate: dateInZone(payoutAt, timeZone) },
    },
    current,
    credit: {
      ...(credit ? { outcome: 'credit', amountMinor: credit.amountMinor } : { outcome: 'none' }),
      lines: lines.map(({ text, amount }) => ({ text, amountMinor: amount.amountMinor })),
    },
    nextTier: nextTier && {
      fromMinor: nextTier.from.amountMinor,
      missingMinor: nextTier.missing.amountMinor,
    },
  };
}
