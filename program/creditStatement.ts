/**
 * The credit statement: everything that a credit was computed from, and its lines, as one JSON document. Together with
 * the program revision it answers "why this amount?" for ever, and anybody can verify it offline.
 */
import { z } from 'zod';
import { lookBackSpan } from './calendar';
import { computeCredit, ENGINE_VERSION, type CreditInput, type CreditResult } from './credit';
import type { ProgramDefinition } from './definition';
import { readRevision, withoutSchema } from './parseDefinition';
import { canonicalText, documentHash } from './revision';

/** The shape of a statement; another shape gets another number. */
export const STATEMENT_FORMAT = 'pps-credit-statement/1';

const span = z.strictObject({
  from: z.iso.date(),
  to: z.iso.date(),
  rows: z.array(
    z.strictObject({
      date: z.iso.date(),
      currency: z.string(),
      amounts: z.strictObject({ spend: z.string(), billed_cost: z.string(), cash_spend: z.string() }),
    }),
  ),
});

const statementSchema = z.strictObject({
  format: z.literal(STATEMENT_FORMAT),
  statementId: z.string(),
  enrollmentId: z.string(),
  programId: z.string(),
  /** Hash of the revision's document (documentHash). */
  revisionHash: z.string(),
  /** When the spend was read, on the program's clock (ISO 8601, UTC). */
  spendAsOf: z.iso.datetime(),
  calculationMonth: z.string(),
  /** The day of enrollment in the program's time zone. */
  enrolledOn: z.iso.date(),
  /** The ad account as it was found; the credit reads country and currency only. */
  account: z.strictObject({
    advertiserId: z.string(),
    country: z.string(),
    currency: z.string(),
    timeZone: z.string(),
    status: z.enum(['active', 'suspended', 'other']),
  }),
  input: z.strictObject({
    programRevision: z.int().nullable(),
    country: z.string(),
    currency: z.string(),
    spend: span,
    lookBack: span.nullable(),
    facts: z.strictObject({ surveyPartner: z.string(), storePlatform: z.string() }),
  }),
  result: z.looseObject({ outcome: z.enum(['credit', 'none']), engineVersion: z.int() }),
  /** Hash of this document without this member. */
  hash: z.string(),
});

export interface CreditStatement extends Omit<z.infer<typeof statementSchema>, 'input' | 'result' | 'hash'> {
  input: CreditInput;
  result: CreditResult;
}
export type SealedStatement = CreditStatement & { hash: string };

/** A statement with its hash: a change of a single character shows. */
export function sealStatement(statement: CreditStatement): SealedStatement {
  return { ...statement, hash: documentHash(statement) };
}

export type Verification =
  | { ok: true; statement: SealedStatement; definition: ProgramDefinition }
  /** Sentences: what does not hold, and what to look at. */
  | { ok: false; problems: string[] };

/**
 * Verifies a statement against the revision it names: that both fit their hashes, that the recorded inputs do not
 * contradict each other or the revision, and that they still give the recorded result, to the byte. Anybody can make
 * hashes: that it is the statement of the service is shown by comparing its hash with the service's own. Throws
 * DefinitionError if the revision is no program definition.
 */
export function verifyStatement(statementDocument: unknown, revisionDocument: unknown): Verification {
  const { format } = (statementDocument ?? {}) as { format?: unknown };
  if (format !== STATEMENT_FORMAT) {
    const problem = `The file is no credit statement: its "format" is not "${STATEMENT_FORMAT}". Get the answer of /v1/enrollments/{id}/credit-statement.`;
    return { ok: false, problems: [problem] };
  }
  const parsed = statementSchema.safeParse(statementDocument);
  if (!parsed.success) {
    return {
      ok: false,
      problems: parsed.error.issues.map(
        ({ path, message }) =>
          `The file is no credit statement: ${path.join('.') || 'the document'}: ${message}.`,
      ),
    };
  }
  const statement = statementDocument as SealedStatement;
  const definition = readRevision(revisionDocument);
  const { hash, ...sealed } = statement;
  const problems: string[] = [];
  if (documentHash(sealed) !== hash)
    problems.push('The statement was changed after it was made: its hash does not fit its content.');
  // A revision is published with its defaults filled in; an admin's own file may leave them out.
  const isRevision =
    definition.id === statement.programId &&
    [withoutSchema(revisionDocument), definition].some(
      (document) => documentHash(document) === statement.revisionHash,
    );
  if (!isRevision) {
    problems.push(
      `The definition is not the one that the statement was made under (revision ${statement.input.programRevision} of ${statement.programId}); get that revision.`,
    );
  }
  const engineVersion: number = statement.result.engineVersion;
  if (isRevision) problems.push(...contradictions(definition, statement));
  if (engineVersion !== ENGINE_VERSION) {
    problems.push(
      `The statement was made by credit engine ${engineVersion}, which this version does not have; it has ${ENGINE_VERSION}.`,
    );
  } else if (isRevision) problems.push(...recomputed(definition, statement));
  return problems.length > 0 ? { ok: false, problems } : { ok: true, statement, definition };
}

/** What the service would never have computed a credit from. */
function contradictions(definition: ProgramDefinition, statement: SealedStatement): string[] {
  const { account, input, calculationMonth, enrolledOn, spendAsOf } = statement;
  const { surveyPartner, storePlatform } = input.facts;
  const { lookBack } = input;
  const span = lookBack && { from: lookBack.from, to: lookBack.to };
  const found: [boolean, string][] = [
    [
      account.country !== input.country || account.currency !== input.currency,
      'The inputs name another country or currency than the ad account has.',
    ],
    [account.status !== 'active', 'The ad account is not active; no credit is computed for such a one.'],
    [
      calculationMonth !== input.spend.to.slice(0, 7),
      'The calculation month is not that of the last day of the period.',
    ],
    [
      documentHash(span) !== documentHash(lookBackSpan(definition, enrolledOn)),
      'The look-back is not the one that the revision asks for, counted from the day of enrollment.',
    ],
    [spendAsOf.slice(0, 10) < input.spend.to, 'The spend was read before the period was over.'],
    [
      !definition.partners.some(({ id }) => id === surveyPartner),
      `The survey partner "${surveyPartner}" is not one of the revision.`,
    ],
    [
      !definition.storePlatforms.includes(storePlatform),
      `The store platform "${storePlatform}" is not one of the revision.`,
    ],
  ];
  return found.flatMap(([isSo, problem]) => (isSo ? [problem] : []));
}

function recomputed(definition: ProgramDefinition, { input, result }: SealedStatement): string[] {
  try {
    const again = computeCredit(definition, input);
    return canonicalText(again) === canonicalText(result)
      ? []
      : ['The recorded inputs give another result than the recorded one.'];
  } catch (error) {
    return [`The recorded inputs cannot be computed: ${(error as Error).message}`];
  }
}
