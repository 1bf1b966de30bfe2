/** `pps program estimate`: "defer or not?", what a brand would get in each month that is open to it. */
import type { Command } from 'commander';
import { deferralMonths, type DeferralSituation } from '../program/calendar';
import type { ProgramDefinition } from '../program/definition';
import { estimate, estimateSituation, unknownChoices, type EstimateRequest } from '../program/estimate';
import { MoneyError, parseDecimal } from '../program/money';
import { REASONS } from '../program/reasonCodes';
import { dateInZone, startOfDay } from '../program/timeZone';
import { isDay } from './dates';
import { readDefinitionFile } from './definitionFile';
import { describeEstimate } from './description/estimate';
import { wrongUsage } from './failure';
import { listOf } from './layout';
import { json, print } from './terminal';

interface EstimateOptions {
  country: string;
  currency: string;
  spend: string;
  partner: string;
  platform: string;
  at?: string;
  month?: string;
  deferralsUsed?: string;
  json?: true;
}

export function addEstimateCommand(program: Command): void {
  program
    .command('estimate')
    .description(
      'Defer or not? Prints the credit at an expected spend, for the month of an enrollment and each month that it may be deferred to.',
    )
    .argument('<file>', 'definition; "-" for standard input')
    .requiredOption('--country <code>', 'country of the ad account, such as US')
    .requiredOption('--currency <code>', 'currency of the ad account, such as USD')
    .requiredOption('--spend <amount>', 'spend expected in the period, such as 12480.00')
    .requiredOption('--partner <id>', 'survey partner, such as kno')
    .requiredOption('--platform <id>', 'store platform, such as woocommerce')
    .option('--at <day>', 'day of enrollment, such as 2023-10-20 (default: today)')
    .option('--month <month>', 'calculation month as it is, such as 2023-12 (default: by the day)')
    .option('--deferrals-used <number>', 'deferrals that the enrollment has used (default: 0)')
    .option('--json', 'print the estimate as JSON; amounts in minor units')
    .addHelpText(
      'after',
      '\nExample: pps program estimate my-program.json --country US --currency USD --spend 12480.00 \\\n' +
        '           --partner kno --platform woocommerce --at 2023-10-20',
    )
    .action(run);
}

async function run(file: string, options: EstimateOptions): Promise<void> {
  const { definition } = await readDefinitionFile(file);
  const request = requestOf(definition, options);
  const { terms, situation } = situationOf(definition, options);
  const estimates = estimate(terms, request, situation);
  const months = deferralMonths(terms, situation);
  if (options.json) print(json({ request, currentMonth: situation.currentMonth, estimates, months }));
  else print(describeEstimate(terms, request, situation, estimates, months));
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
  options: EstimateOptions,
): { terms: ProgramDefinition; situation: DeferralSituation } {
  const { timeZone, window } = definition;
  const { month, deferralsUsed = '0' } = options;
  if (options.at !== undefined && !isDay(options.at))
    throw wrongUsage(`--at: "${options.at}" is no day; write one such as ${window.from}.`);
  const at = options.at === undefined ? Date.now() : startOfDay(options.at, timeZone);
  if (!/^\d{1,4}$/.test(deferralsUsed))
    throw wrongUsage(`--deferrals-used: "${deferralsUsed}" is no count; write a whole number such as 1.`);
  const found = estimateSituation(definition, { at, month, deferralsUsed: Number(deferralsUsed) });
  if (found.ok) return found;
  if (found.reasonCode === null) throw wrongUsage(notOneOf('month', month!, found.months));
  throw wrongUsage(
    `--at: nobody can enroll on ${dateInZone(at, timeZone)}. ${REASONS[found.reasonCode]} Write a day from ${window.from} to ${window.to}.`,
  );
}
