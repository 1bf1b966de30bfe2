/** `pps program estimate`: "defer or not?", what a brand would get in each month that is open to it. */
import type { Command } from 'commander';
import { deferralMonths, type DeferralSituation } from '../program/calendar';
import type { ProgramDefinition } from '../program/definition';
import { estimate, estimateSituation, unknownChoices, type EstimateRequest } from '../program/estimate';
import { MoneyError, parseDecimal } from '../program/money';
import { REASONS } from '../program/reasonCodes';
import { dateInZone, startOfDay } from '../program/timeZone';
import { isDay } from './dates';
import { describeEstimate } from './description/estimate';
import { wrongUsage } from './failure';
import { listOf } from './layout';
import { DEFINITION, programNamed, readDefinition, SERVICE_FOR_IDS } from './namedDefinition';
import { estimateAtService } from './serviceEstimate';
import { json, print } from './terminal';

export interface EstimateOptions {
  country: string;
  currency: string;
  spend: string;
  partner: string;
  platform: string;
  at?: string;
  month?: string;
  deferralsUsed: string;
  json?: true;
}

export function addEstimateCommand(program: Command): void {
  program
    .command('estimate')
    .description(
      'Defer or not? Prints the credit at an expected spend, for the month of an enrollment and each month that it may be deferred to.',
    )
    .argument('<definition>', DEFINITION)
    .requiredOption('--country <code>', 'country of the ad account, such as US')
    .requiredOption('--currency <code>', 'currency of the ad account, such as USD')
    .requiredOption('--spend <amount>', 'spend expected in the period, such as 12480.00')
    .requiredOption('--partner <id>', 'survey partner, such as kno')
    .requiredOption('--platform <id>', 'store platform, such as woocommerce')
    .option('--at <day>', 'day of enrollment, such as 2023-10-20 (default: today)')
    .option('--month <month>', 'calculation month as it is, such as 2023-12 (default: by the day)')
    .option('--deferrals-used <number>', 'deferrals that the enrollment has used', '0')
    .option(
      '--json',
      'print the estimate as JSON, amounts in minor units; of a program, the answer of the service',
    )
    .addHelpText(
      'after',
      '\nExample: pps program estimate my-program.json --country US --currency USD --spend 12480.00 \\\n' +
        '           --partner kno --platform woocommerce --at 2023-10-20\n\n' +
        SERVICE_FOR_IDS,
    )
    .action(run);
}

async function run(source: string, options: EstimateOptions): Promise<void> {
  const deferralsUsed = countIn(options.deferralsUsed);
  const program = programNamed(source);
  if (program && program.revision === undefined) {
    await estimateAtService(program.programId, deferralsUsed, options);
    return;
  }
  // The service estimates by the latest revision only.
  const { definition } = await readDefinition(source);
  const request = requestOf(definition, options);
  const { terms, situation } = situationOf(definition, deferralsUsed, options);
  const estimates = estimate(terms, request, situation);
  const months = deferralMonths(terms, situation);
  const { currentMonth } = situation;
  const closed = months.flatMap((month) => (month.open || month.month === currentMonth ? [] : [month]));
  if (options.json) print(json({ request, currentMonth, estimates, months }));
  else print(describeEstimate(terms, request, estimates, closed));
}

function countIn(deferralsUsed: string): number {
  if (/^\d{1,4}$/.test(deferralsUsed)) return Number(deferralsUsed);
  throw wrongUsage(`--deferrals-used: "${deferralsUsed}" is no count; write a whole number such as 1.`);
}

/** Throws CommandFailure with everything that the program does not know. */
function requestOf(definition: ProgramDefinition, options: EstimateOptions): EstimateRequest {
  const { country, currency, partner, platform } = options;
  const asked = { country, currency, partner, platform };
  const unknown = unknownChoices(definition, asked);
  if (unknown.length > 0)
    throw wrongUsage(...unknown.map(({ choice, known }) => notOneOf(choice, asked[choice], known)));
  return {
    country,
    currency,
    facts: { surveyPartner: partner, storePlatform: platform },
    programRevision: null,
    expectedSpendMinor: spendOf(options),
  };
}

function notOneOf(option: string, value: string, known: readonly string[]): string {
  const choice = known.length === 1 ? known[0] : `one of ${listOf(known, 'or')}`;
  return `--${option}: this program has no ${option} "${value}"${option === 'currency' ? ' there' : ''}; write ${choice}.`;
}

function spendOf({ spend, currency }: EstimateOptions): number {
  try {
    const spendMinor = parseDecimal(spend, currency);
    if (spendMinor >= 0) return spendMinor;
    throw new MoneyError('OUT_OF_RANGE', `"${spend}" is below 0.`);
  } catch (error) {
    if (!(error instanceof MoneyError)) throw error;
    throw wrongUsage(`--spend: ${error.message} Write the spend expected in the period, such as 12480.00.`);
  }
}

/** The terms with the calendar of the enrollment, and where it stands in it. Throws CommandFailure. */
function situationOf(
  definition: ProgramDefinition,
  deferralsUsed: number,
  options: EstimateOptions,
): { terms: ProgramDefinition; situation: DeferralSituation } {
  const { timeZone, window } = definition;
  const { month } = options;
  if (options.at !== undefined && !isDay(options.at))
    throw wrongUsage(`--at: "${options.at}" is no day; write one such as ${window.from}.`);
  const at = options.at === undefined ? Date.now() : startOfDay(options.at, timeZone);
  const found = estimateSituation(definition, { at, month, deferralsUsed });
  if (found.ok) return found;
  if (found.reasonCode === null) throw wrongUsage(notOneOf('month', month!, found.months));
  throw wrongUsage(
    `--at: nobody can enroll on ${dateInZone(at, timeZone)}. ${REASONS[found.reasonCode]} Write a day from ${window.from} to ${window.to}.`,
  );
}
