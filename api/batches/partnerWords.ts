/**
 * Carries out a survey partner's word of a batch, as if the giver of the batch had sent it by itself. A confirmation of a brand
 * that is not enrolled stands until it is (database/standingConfirmations.ts).
 */
import { earlierItemWaits, finishItem, lockPending, type ItemResult } from '../../database/batches';
import type { EnrollmentRow, Scope } from '../../database/enrollments';
import type { Queryable } from '../../database/pool';
import {
  endStanding,
  letStand,
  lockBrand,
  replaceStanding,
  type StandingConfirmation,
} from '../../database/standingConfirmations';
import { brandKey } from '../../program/brandKey';
import { PARTNER_CRITERIA } from '../../program/criteria';
import { scopeOf } from '../authentication';
import type { PartnerWord } from '../batchSchemas';
import type { ApiContext } from '../context';
import { confirmPartner, rejectPartner } from '../operations/facts';
import { enrollmentsNamed } from '../operations/namedEnrollment';
import { REPLACED } from '../operations/standingEnds';
import { invalid, notFound, Problem, unavailable } from '../problem';
import { done, resultOf } from './itemResult';
import type { Item, KindOfBatch, Settle } from './kind';
import { pointerOf, theOneIfAny } from './theOneNamed';

export type WaitingWord = PartnerWord & {
  programId: string | null;
  /** For which it is said; null if an admin names none. */
  surveyPartner: string | null;
  /** Of items with the same one, the earlier is carried out first. */
  subject: string;
  /** When it was given, in epoch ms of real time; of one that stood before it was applied. */
  statedAt?: number;
};
type Word = Item<WaitingWord>;

export const partnerWords: KindOfBatch<WaitingWord> = {
  operation: ({ outcome }) => (outcome === 'confirmed' ? 'confirmPartner' : 'rejectPartner'),
  atOnce: 3,
  turns: (_context, most) => Promise.resolve(most),
  async carryOut(context, word) {
    const { pool } = context.database;
    if (await earlierItemWaits(pool, word, word.content))
      throw unavailable('An earlier item of the same brand is not done yet.');
    return resultOf(async () => {
      const row = await theOneIfAny(pool, scopeOfWord(word), word);
      return row ? done(await say(context, word, row)) : ofUnknownBrand(word);
    });
  },
};

/** Of a word for a partner, also if an admin says it: that partner's enrollments. */
function scopeOfWord({ principal, content }: Pick<Word, 'principal' | 'content'>): Scope {
  const { surveyPartner } = content;
  if (surveyPartner === null) return scopeOf(principal);
  return { kind: 'partner', surveyPartner, testClocksOnly: principal.testClocksOnly };
}

async function say(context: ApiContext, word: Word, row: EnrollmentRow): Promise<EnrollmentRow> {
  const { principal, content } = word;
  if (content.outcome === 'rejected') return rejectPartner(context, principal, row, content, word);
  const { statedAt } = content;
  // The enrollment was not the partner's yet when it stood, so whatever the partner has said of this submission came later.
  if (statedAt !== undefined && isRejected(row.state)) throw replaced();
  try {
    return await confirmPartner(context, principal, row, content, word, statedAt);
  } catch (error) {
    // The partner has seen no submission: another one of the same ad account is meant as well.
    const isSameAccount = row.state.submission.advertiserId === content.advertiserId;
    if (statedAt !== undefined && isSameAccount && isSuperseded(error))
      throw unavailable('The form was sent again at this moment.', 1);
    throw error;
  }
}

function isRejected({ partnerStatements, submission }: EnrollmentRow['state']): boolean {
  return Object.values(partnerStatements).some(
    (statement) => statement?.outcome === 'rejected' && statement.submissionId === submission.id,
  );
}

function replaced(): Problem {
  return new Problem(REPLACED.code, REPLACED.detail);
}

function isSuperseded(error: unknown): boolean {
  return error instanceof Problem && error.code === 'SUBMISSION_SUPERSEDED';
}

/** Throws what is to be told of an item that cannot stand. */
function ofUnknownBrand(word: Word): Settle {
  const { principal, position, content } = word;
  const { brandDomain, surveyPartner, outcome, advertiserId, programId } = content;
  if (brandDomain === undefined || content.enrollmentId !== undefined) throw notFound('enrollment');
  if (surveyPartner === null) {
    if (outcome === 'rejected') throw notFound('enrollment');
    const message = 'is required for a brand that is not enrolled: its confirmation stands for this partner';
    throw invalid([{ pointer: '/surveyPartner', message }], 422);
  }
  const brand = { brandKey: brandDomain, surveyPartner, programId, forTestClocks: principal.testClocksOnly };
  if (outcome === 'rejected') return (db) => endByRejection(db, word, brand);
  requireBrandKey(brandDomain, position);
  const { criteria = PARTNER_CRITERIA } = content;
  return (db) => stand(db, word, { ...brand, advertiserId, criteria });
}

/** What is no brand key would stand in vain. */
function requireBrandKey(brandDomain: string, position: number): void {
  const brand = brandKey(brandDomain, []);
  if (brand.ok && brand.key === brandDomain) return;
  const message = brand.ok ? `must be the registrable domain, ${brand.key}` : brand.message;
  throw invalid([{ pointer: pointerOf(position, 'brandDomain'), message }], 422);
}

async function stand(
  db: Queryable,
  word: Word,
  confirmation: StandingConfirmation,
): Promise<ItemResult | undefined> {
  if (!(await lockWithBrand(db, word, confirmation))) return undefined;
  await replaceStanding(db, confirmation, REPLACED);
  return letStand(db, word, confirmation);
}

async function endByRejection(
  db: Queryable,
  word: Word,
  brand: Pick<StandingConfirmation, 'brandKey' | 'surveyPartner' | 'programId' | 'forTestClocks'>,
): Promise<ItemResult | undefined> {
  if (!(await lockWithBrand(db, word, brand))) return undefined;
  const { status, code, detail } = notFound('enrollment');
  const result = (await endStanding(db, brand, REPLACED))
    ? {
        status: 200,
        detail: 'The brand is not enrolled. What you had confirmed of it does not stand any more.',
      }
    : { status, code, detail };
  return (await finishItem(db, word, result)) ? result : undefined;
}

/**
 * False if the word has its result: somebody else has carried it out since the lease of whoever asks ended, and what the partner
 * has said later must stand. Throws a 503 if the brand has been enrolled since the item was looked at.
 */
async function lockWithBrand(
  db: Queryable,
  word: Word,
  { brandKey: key }: Pick<StandingConfirmation, 'brandKey'>,
): Promise<boolean> {
  await lockBrand(db, key);
  if (!(await lockPending(db, word))) return false;
  const found = await enrollmentsNamed(db, scopeOfWord(word), word.content);
  if (found.length > 0) throw unavailable('The brand was enrolled at this moment.', 1);
  return true;
}
