/** `pps program ...`: program definitions, in files or as the service has them. */
import type { Command } from 'commander';
import type { z } from 'zod';
import type * as answers from '../api/programAnswers';
import { describeChanges } from '../program/definitionDiff/describeChanges';
import { definitionJsonSchema } from '../program/jsonSchema';
import { copyForNextSeason, SeasonError, type NextSeason } from '../program/nextSeason';
import { DefinitionError, parseDefinition } from '../program/parseDefinition';
import { definitionText, readDefinitionFile, type DefinitionFile } from './definitionFile';
import { describeProgram } from './description/program';
import { addEstimateCommand } from './estimateCommand';
import { wrongUsage } from './failure';
import { toJsonText } from './jsonText';
import { DEFINITION, readDefinition, SERVICE_FOR_IDS } from './namedDefinition';
import { withOutput, writeResult, type Output } from './output';
import { remote } from './remoteCommand';
import type { Service } from './service';
import { addTableCommands } from './tableCommands';
import { json, print } from './terminal';

export function addProgramCommands(pps: Command): void {
  const program = pps
    .command('program')
    .description('Program definitions: validate, compare, copy, edit their tables, estimate credits.');
  program
    .command('validate')
    .description('Prints the program in words and tables, or everything that is wrong with its definition.')
    .argument('<definition>', DEFINITION)
    .option('--json', 'print the definition as it is understood, with all defaults, as JSON')
    .addHelpText(
      'after',
      `\nExample: pps program validate my-program.json\n         pps program validate pps-demo\n\n${SERVICE_FOR_IDS}`,
    )
    .action(validate);
  withOutput(
    program
      .command('schema')
      .description('Writes the JSON Schema of definitions, by which an editor completes and checks them.'),
    'the schema, which is JSON',
  )
    .addHelpText('after', '\nExample: pps program schema -o definition.schema.json')
    .action((options: Output) => writeResult(toJsonText(definitionJsonSchema()), options));
  program
    .command('diff')
    .description('Prints what changes from one definition to another, one line a change, or "no difference".')
    .argument('<old>', DEFINITION)
    .argument('<new>', 'as the old one')
    .option('--json', 'print the changes as JSON')
    .addHelpText(
      'after',
      '\nExample: pps program diff before.json my-program.json\n' +
        `         pps program diff pps-demo my-program.json\n\n${SERVICE_FOR_IDS}`,
    )
    .action(diff);
  addTableCommands(program);
  withOutput(
    program
      .command('copy')
      .description(
        'Writes the definition for another season: under its own id, all dates so many months later.',
      )
      .argument('<definition>', DEFINITION)
      .requiredOption('--id <id>', 'id of the new program')
      .requiredOption('--months <number>', 'how many months later, such as 12')
      .option('--name <name>', 'name of the new program; without it, as before'),
    'the definition, which is JSON',
  )
    .addHelpText(
      'after',
      '\nExample: pps program copy pps-2026.json --id pps-2027 --months 12 -o pps-2027.json\n\n' +
        SERVICE_FOR_IDS,
    )
    .action(copy);
  addEstimateCommand(program);
  remote<Publication, { dryRun?: true }>(
    program
      .command('publish')
      .description('Publishes a definition as the next revision of its program, and says what changes.')
      .argument('<file>', 'definition; "-" for standard input')
      .option('--dry-run', 'publish nothing, and say what would change'),
    {
      example: 'program publish my-program.json --dry-run',
      ask: publish,
      describe: describePublication,
    },
  );
}

type Publication = z.infer<typeof answers.publication>;

async function publish(
  service: Service,
  [file]: string[],
  { dryRun }: { dryRun?: true },
): Promise<Publication> {
  // Read here first: what is wrong has its line in the file, which the service does not know.
  const { document, definition } = await readDefinitionFile(file!);
  const published = { ...document };
  delete published['$schema']; // for editors only
  const path = `/v1/programs/${encodeURIComponent(definition.id)}/revisions`;
  return service.post(dryRun ? `${path}?dryRun=true` : path, published);
}

function describePublication(publication: Publication, { dryRun }: { dryRun?: true }): string {
  const { programId, revision, published, changes } = publication;
  // Of a first revision a dry run does not tell whether it is there already.
  const isNewRevision = dryRun && (changes.length > 0 || revision === 1);
  const outcome = published
    ? `Published: ${programId} has revision ${revision}.`
    : isNewRevision
      ? `Dry run: it would be revision ${revision} of ${programId}.`
      : `Nothing was published: revision ${revision} of ${programId} says the same.`;
  return [...changes, outcome].map((line) => `${line}\n`).join('');
}

interface Json {
  json?: true;
}

async function validate(source: string, { json: isJson }: Json): Promise<void> {
  // One that was accepted once is looked at by the checks of today, too.
  const { name, origin, definition } = await readDefinition(source, parseDefinition);
  if (isJson) print(json({ ...origin, valid: true, definition }));
  else print(`${describeProgram(definition)}\n${name} is valid.\n`);
}

async function diff(oldSource: string, newSource: string, { json: isJson }: Json): Promise<void> {
  const { definition: from } = await readDefinition(oldSource);
  const { definition: to } = await readDefinition(newSource);
  const changes = describeChanges(from, to);
  if (isJson) print(json({ changes }));
  else print((changes.length > 0 ? changes : ['no difference']).map((line) => `${line}\n`).join(''));
}

interface CopyOptions extends Output {
  id: string;
  months: string;
  name?: string;
}

async function copy(source: string, { id, months, name, ...options }: CopyOptions): Promise<void> {
  if (!/^\d{1,4}$/.test(months))
    throw wrongUsage(`--months: "${months}" is no number of months; write a whole number such as 12.`);
  const before = await readDefinition(source);
  const season = { id, months: Number(months), ...(name !== undefined && { name }) };
  await writeResult(definitionText(before, copyOf(before, season)), options);
}

/** Throws CommandFailure: what was valid before can only be wrong by what was asked for. */
function copyOf({ definition }: DefinitionFile, season: NextSeason) {
  try {
    return copyForNextSeason(definition, season);
  } catch (error) {
    if (error instanceof SeasonError) throw wrongUsage(`--months: ${error.message}`);
    if (!(error instanceof DefinitionError)) throw error;
    throw wrongUsage(
      ...error.errors.map(({ pointer, message }) => `The copy would be wrong at ${pointer}: ${message}`),
    );
  }
}
