/** `pps credit ...`: credit statements, in files or as the service has them. */
import type { Command } from 'commander';
import { verifyStatement, type SealedStatement } from '../program/creditStatement';
import type { ProgramDefinition } from '../program/definition';
import { formatMoney } from '../program/money';
import { REASONS } from '../program/reasonCodes';
import { readDefinitionFile } from './definitionFile';
import { wrongContent, wrongUsage } from './failure';
import { nameOf, readJsonFile } from './files';
import { countOf, facts, paragraph, section, table } from './layout';
import { openService } from './service';
import { json, print } from './terminal';

export function addCreditCommands(pps: Command): void {
  pps
    .command('credit')
    .description('Credit statements: what a credit was computed from.')
    .command('verify')
    .description(
      'Verifies that a statement fits its revision and its hash, and that the recorded inputs still give the recorded credit. With --hash also that it is the one that the service has.',
    )
    .argument('<statement>', 'file of a credit statement; "-" for standard input; or the id of an enrollment')
    .option(
      '--revision <file>',
      'definition of the revision that the statement was made under; of an enrollment, that of the service if left out',
    )
    .option('--hash <hash>', 'the hash of the statement as the service tells it, sha256:...')
    .option('--json', 'print the outcome and the statement as JSON')
    .addHelpText(
      'after',
      '\nExample: pps credit verify statement.json --revision revision-3.json\n' +
        '         pps credit verify enr_8d53a5e2f3d84a6a9a5c',
    )
    .action(verify);
}

interface VerifyOptions {
  revision?: string;
  hash?: string;
  json?: true;
}

async function verify(file: string, { revision, hash, json: isJson }: VerifyOptions): Promise<void> {
  if (file.startsWith('enr_')) {
    const { statement, document } = await ofService(file, revision);
    report(verified(file, statement, document, hash ?? statement.hash), isJson);
    return;
  }
  if (revision === undefined) {
    throw wrongUsage(
      '--revision is missing: name the file of the definition. Of an enrollment, which the service is asked for, name the id (enr_...).',
    );
  }
  const { value } = await readJsonFile(file);
  const { document } = await readDefinitionFile(revision);
  report(verified(file, value, document, hash), isJson);
}

/** The enrollment's statement, and the revision it names: from a file, or from the service, which shows it to staff. */
async function ofService(enrollmentId: string, revision: string | undefined) {
  const service = openService();
  const path = `/v1/enrollments/${encodeURIComponent(enrollmentId)}/credit-statement`;
  const statement = await service.get<SealedStatement>(path);
  const { programId, input } = statement;
  const document = revision
    ? (await readDefinitionFile(revision)).document
    : await service.get<unknown>(`/v1/programs/${programId}/revisions/${input.programRevision}`);
  return { statement, document };
}

interface Verified {
  file: string;
  statement: SealedStatement;
  definition: ProgramDefinition;
  isHashChecked: boolean;
}

/** Throws CommandFailure unless everything holds. */
function verified(file: string, value: unknown, document: unknown, hash: string | undefined): Verified {
  const verification = verifyStatement(value, document);
  if (!verification.ok) {
    const { problems } = verification;
    throw wrongContent(
      ...problems,
      `${nameOf(file)} is not verified: ${countOf(problems.length, 'problem')}.`,
    );
  }
  const { statement, definition } = verification;
  if (hash !== undefined && hash !== statement.hash) {
    throw wrongContent(
      `${nameOf(file)} is not the statement with the hash ${hash}; get that one from the service.`,
    );
  }
  return { file: nameOf(file), statement, definition, isHashChecked: hash !== undefined };
}

function report({ file, statement, definition, isHashChecked }: Verified, isJson: true | undefined): void {
  if (isJson) {
    print(json({ file, verified: true, hashChecked: isHashChecked, statement }));
    return;
  }
  print(`${describeStatement(statement, definition)}\n`);
  if (!isHashChecked)
    print('Whether it is the one that the service has was not checked: give its hash by --hash.\n');
  print(`${file} is verified: under this revision, its inputs give this result, to the byte.\n`);
}

function describeStatement(statement: SealedStatement, { spendBasis }: ProgramDefinition): string {
  const { account, input, result, programId, calculationMonth } = statement;
  const { currency, lines, spendMinor } = result;
  const { from, to } = input.spend;
  return [
    section(
      `Credit statement ${statement.statementId}`,
      facts([
        ['Enrollment', statement.enrollmentId],
        ['Program', `${programId}, revision ${input.programRevision ?? 'not published'}`],
        ['Ad account', `${account.advertiserId} (${account.country}, ${currency}, ${account.timeZone})`],
        ['Period', `${from} to ${to} (calculation month ${calculationMonth})`],
        [
          'Spend',
          spendMinor === null
            ? 'in another currency than the ad account has'
            : `${formatMoney({ amountMinor: spendMinor, currency })} (${spendBasis}), as reported at ${statement.spendAsOf}`,
        ],
      ]),
    ),
    section(
      'Credit',
      table(
        lines.map(({ text, amountMinor }) => [text, formatMoney({ amountMinor, currency })]),
        { right: [1] },
      ),
      result.outcome === 'credit'
        ? [`Credit: ${formatMoney({ amountMinor: result.amountMinor, currency })}`]
        : paragraph(`No credit: ${REASONS[result.reasonCode]}`),
    ),
    section(
      'Hashes',
      facts([
        ['Statement', statement.hash],
        ['Revision', statement.revisionHash],
      ]),
    ),
  ].join('\n');
}
