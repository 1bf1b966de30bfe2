/**
 * Carries out a survey partner's word of a batch, as if its giver had sent it by itself. A confirmation of a brand that is not
 * enrolled with the partner stands until the brand enrolls (database/standingConfirmations.ts).
 */
import { earlierItemWaits, finishItem } from '../../database/batches';
import type { Scope } from '../../database/enrollments';
import { endStanding, letStand, lockBrand, type BrandWord } from '../../database/standingConfirmations';
import { brandKey } from '../../program/brandKey';
import { scopeOf } from '../authentication';
import type { PartnerWord } from '../batchSchemas';
import { confirmPartner, rejectPartner } from '../operations/facts';
import { enrollmentsNamed } from '../operations/namedEnrollment';
import { invalid, notFound, unavailable } from '../problem';
import { done, resultOf } from './itemResult';
import type { Item, KindOfBatch, Outcome } from './kinds';
import { pointerOf, theOneIfAny } from './theOneNamed';

export type WaitingWord = PartnerWord & {
  programId: string | null;
  /** For which an admin speaks; that of the key. */
  surveyPartner: string | null;
  /** Of items with the same one, the earlier is carried out first. */
  subject: string;
  /** Of one that stood: when it was said. */
  statedAt?: string;
};

export const partnerWords: KindOfBatch<WaitingWord> = {
  operation: ({ outcome }) => (outcome === 'confirmed' ? 'confirmPartner' : 'rejectPartner'),
  turns: (_context, most) => Promise.resolve(most),
  async carryOut(context, item) {
    const { principal, content } = item;
    const { pool } = context.database;
    if (await earlierItemWaits(pool, item, content))
      throw unavailable('An earlier item of the same brand is not done yet.');
    return resultOf<Outcome>(async () => {
      const row = await theOneIfAny(pool, scopeFor(item), item);
      if (!row) return wordOnStranger(item);
      const say = content.outcome === 'confirmed' ? confirmPartner : rejectPartner;
      return done(await say(context, principal, row, content, item));
    });
  },
};

/** An admin who speaks for a survey partner reaches what that partner does. */
function scopeFor({ principal, content: { surveyPartner } }: Item<WaitingWord>): Scope {
  const scope = scopeOf(principal);
  return surveyPartner === null
    ? scope
    : { kind: 'partner', surveyPartner, testClocksOnly: principal.testClocksOnly };
}

/** The brand is not enrolled with the partner, as far as could be seen; under its lock that is certain. */
function wordOnStranger(item: Item<WaitingWord>): Outcome {
  const { content } = item;
  if (content.enrollmentId !== undefined) throw notFound('enrollment');
  const word = brandWordOf(item);
  return {
    status: 202,
    async finish(db) {
      await lockBrand(db, word.brandKey);
      if ((await enrollmentsNamed(db, scopeFor(item), content)).length > 0)
        throw unavailable('The brand was enrolled at this moment.');
      const replaced = await endStanding(db, word);
      if (content.outcome === 'confirmed') return (await letStand(db, item, word)) !== undefined;
      const { status, code, detail } = notFound('enrollment');
      return finishItem(db, item, replaced > 0 ? { status: 200 } : { status, code, detail });
    },
  };
}

function brandWordOf({ position, principal, content }: Item<WaitingWord>): BrandWord {
  const { surveyPartner, brandDomain, advertiserId, programId } = content;
  if (surveyPartner === null)
    throw invalid(
      [
        {
          pointer: '/surveyPartner',
          message: "is needed: the brand is not enrolled, and the word is a survey partner's",
        },
      ],
      422,
    );
  const brand = brandKey(brandDomain!, []);
  const isItself = brand.ok && brand.key === brandDomain;
  if (!isItself) {
    const message = brand.ok ? `must be the brand's registrable domain, ${brand.key}` : brand.message;
    throw invalid([{ pointer: pointerOf(position, 'brandDomain'), message }], 422);
  }
  return {
    brandKey: brand.key,
    surveyPartner,
    advertiserId,
    programId,
    forTestClocks: principal.testClocksOnly,
  };
}
