/**
 * Standing confirmations: what a survey partner has confirmed of a brand before it enrolled. Each is an item of a batch
 * (batches.ts) that stands until the brand enrolls, another word takes its place, or its time is over.
 */
import { firstRow, type Queryable } from './pool';

export interface BrandWord {
  brandKey: string;
  surveyPartner: string;
  advertiserId: string;
  /** Null: in any program. */
  programId: string | null;
  /** Said with a key of role partner that sees test clocks only. */
  forTestClocks: boolean;
}

interface Place {
  batchId: string;
  position: number;
}

/** Real time. */
export const STANDS_FOR_DAYS = 90;

/**
 * Until the end of the transaction nobody else enrolls the brand or lets a word on it stand, in whatever program: what is
 * found not to be there stays away.
 */
export async function lockBrand(db: Queryable, brandKey: string): Promise<void> {
  await db.query(`select pg_advisory_xact_lock(hashtextextended('brand ' || $1, 0))`, [brandKey]);
}

/** The item stands from now on. Undefined if it has a result already. */
export async function letStand(
  db: Queryable,
  { batchId, position }: Place,
  { brandKey, surveyPartner, advertiserId, programId, forTestClocks }: BrandWord,
): Promise<Date | undefined> {
  const found = await db.query(
    `with standing as (
       update batch_item set status = 'standing' where batch_id = $1 and position = $2 and status = 'pending'
       returning batch_id, position)
     insert into standing_confirmation
       (batch_id, position, brand_key, survey_partner, advertiser_id, program_id, for_test_clocks, stated_at, expires_at)
     select s.batch_id, s.position, $3, $4, $5, $6, $7, b.created_at, b.created_at + $8 * interval '1 day'
       from standing s join batch b on b.batch_id = s.batch_id
     returning expires_at as "expiresAt"`,
    [batchId, position, brandKey, surveyPartner, advertiserId, programId, forTestClocks, STANDS_FOR_DAYS],
  );
  const expiresAt = firstRow<{ expiresAt: Date }>(found)?.expiresAt;
  if (expiresAt)
    await db.query(`update batch_item set result = $3 where batch_id = $1 and position = $2`, [
      batchId,
      position,
      JSON.stringify({ status: 202, standsUntil: expiresAt.toISOString() }),
    ]);
  return expiresAt;
}

/** A later word took the place of what stands: how many items ended by it. */
export async function endStanding(
  db: Queryable,
  { brandKey, surveyPartner, advertiserId, programId, forTestClocks }: BrandWord,
): Promise<number> {
  return fail(
    db,
    `brand_key = $3 and survey_partner = $4 and advertiser_id = $5
       and program_id is not distinct from $6 and for_test_clocks = $7`,
    [brandKey, surveyPartner, advertiserId, programId, forTestClocks],
    { code: 'CONFIRMATION_REPLACED', detail: 'A later word on the brand took its place.' },
  );
}

export async function expireStanding(db: Queryable): Promise<void> {
  const detail = `The brand did not enroll within ${STANDS_FOR_DAYS} days with this survey partner and ad account.`;
  await fail(db, 'expires_at <= now()', [], { code: 'CONFIRMATION_EXPIRED', detail });
}

/**
 * What stands for an enrollment that is being inserted is due soon, as a word on it. A lookup by brand and partner: call it in
 * that transaction, under `lockBrand`.
 */
export async function applyStanding(
  db: Queryable,
  enrolled: { enrollmentId: string } & Omit<BrandWord, 'forTestClocks'> & { isOnTestClock: boolean },
): Promise<void> {
  const { enrollmentId, brandKey, surveyPartner, advertiserId, programId, isOnTestClock } = enrolled;
  await db.query(
    `with due as (
       delete from standing_confirmation
        where brand_key = $2 and survey_partner = $3 and advertiser_id = $4 and (program_id is null or program_id = $5)
          and (not for_test_clocks or $6) and expires_at > now()
       returning batch_id, position, stated_at)
     -- The workflow has to be started first.
     update batch_item i
        set status = 'pending', result = null, due_at = now() + interval '1 second',
            content = i.content || jsonb_build_object('enrollmentId', $1::text, 'statedAt',
              to_char(due.stated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
       from due where i.batch_id = due.batch_id and i.position = due.position`,
    [enrollmentId, brandKey, surveyPartner, advertiserId, programId, isOnTestClock],
  );
}

/** `where` has parameters from $3 on. */
async function fail(
  db: Queryable,
  where: string,
  values: unknown[],
  { code, detail }: { code: string; detail: string },
): Promise<number> {
  const failed = await db.query(
    `with ended as (delete from standing_confirmation where ${where} returning batch_id, position)
     update batch_item i set status = 'failed', content = null,
            result = jsonb_build_object('status', 409, 'code', $1::text, 'detail', $2::text)
       from ended where i.batch_id = ended.batch_id and i.position = ended.position`,
    [code, detail, ...values],
  );
  return failed.rowCount ?? 0;
}
