/**
 * Standing confirmations: what a survey partner has confirmed of a brand before it enrolled. Each is an item of a batch
 * (batches.ts) that waits to be applied to an enrollment with the same partner and ad account, for some time.
 */
import type { ClaimedItem, ItemResult } from './batches';
import { firstRow, type Queryable } from './pool';

export interface StandingConfirmation {
  brandKey: string;
  surveyPartner: string;
  advertiserId: string;
  criteria: readonly string[];
  /** Null: in any program on real time; said with a test key, in any on a test clock. */
  programId: string | null;
  forTestClocks: boolean;
}

const STANDS_FOR = `interval '90 days'`;
/** The end of what stands since the batch `b`, as the API writes instants. */
const STANDS_UNTIL = `to_char((b.created_at + ${STANDS_FOR}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * Whether a standing confirmation `s` is meant for a program `p`. What names none is used up only where its key is at home:
 * a rehearsal takes nothing away from what is real.
 */
const MEANT_FOR = `(case when s.program_id is null then s.for_test_clocks = (p.clock <> '[]')
    else s.program_id = p.program_id and (not s.for_test_clocks or p.clock <> '[]') end)`;

/** Whether it is meant for an enrollment `e` of a program `p`. */
const FITS = `p.program_id = e.program_id and s.brand_key = e.brand_key and s.survey_partner = e.survey_partner
    and s.advertiser_id = e.state #>> '{submission,advertiserId}' and e.state->'ending' = 'null'::jsonb
    and e.superseded_by is null and ${MEANT_FOR} and s.expires_at > now()`;

/**
 * Until the end of the transaction: whoever looks whether a brand is enrolled, to let a confirmation stand, and whoever enrolls
 * it, to apply what stands, do so one after the other.
 */
export async function lockBrand(db: Queryable, brandKey: string): Promise<void> {
  await db.query(`select pg_advisory_xact_lock(hashtextextended('brand ' || $1, 0))`, [brandKey]);
}

/** Lets an item stand. Returns its result; undefined if it has one already. */
export async function letStand(
  db: Queryable,
  { batchId, position }: Pick<ClaimedItem, 'batchId' | 'position'>,
  { brandKey, surveyPartner, advertiserId, criteria, programId, forTestClocks }: StandingConfirmation,
): Promise<ItemResult | undefined> {
  const stands = await db.query(
    `with standing as (
       update batch_item i set status = 'standing',
              result = jsonb_build_object('status', 202, 'standsUntil', ${STANDS_UNTIL})
         from batch b
        where i.batch_id = $1 and i.position = $2 and i.status = 'pending' and b.batch_id = i.batch_id
       returning i.batch_id, i.position, i.result, b.created_at)
     , stored as (
       insert into standing_confirmation
              (batch_id, position, brand_key, survey_partner, advertiser_id, criteria, program_id, for_test_clocks, stated_at, expires_at)
       select batch_id, position, $3, $4, $5, $6, $7, $8, created_at, created_at + ${STANDS_FOR} from standing)
     select result from standing`,
    [batchId, position, brandKey, surveyPartner, advertiserId, criteria, programId, forTestClocks],
  );
  return firstRow<{ result: ItemResult }>(stands)?.result;
}

/** Ends those of the same ad account of which a later confirmation says as much; it is not there yet. */
export async function replaceStanding(
  db: Queryable,
  { brandKey, surveyPartner, advertiserId, criteria, programId, forTestClocks }: StandingConfirmation,
  result: ItemResult,
): Promise<void> {
  await end(
    db,
    `brand_key = $2 and survey_partner = $3 and advertiser_id = $4 and criteria <@ $5
       and program_id is not distinct from $6 and for_test_clocks = $7`,
    result,
    [brandKey, surveyPartner, advertiserId, criteria, programId, forTestClocks],
  );
}

/** Ends all of a brand, whatever ad account they are of; with a program, those that could be meant for it. True if there were any. */
export async function endStanding(
  db: Queryable,
  {
    brandKey,
    surveyPartner,
    programId,
    forTestClocks,
  }: Pick<StandingConfirmation, 'brandKey' | 'surveyPartner' | 'programId' | 'forTestClocks'>,
  result: ItemResult,
): Promise<boolean> {
  const ended = await end(
    db,
    `brand_key = $2 and survey_partner = $3
       and ($4::text is null or exists (select from program p where p.program_id = $4 and ${MEANT_FOR}))
       -- What a test key says changes nothing of what is real.
       and (for_test_clocks or not $5)`,
    result,
    [brandKey, surveyPartner, programId, forTestClocks],
  );
  return ended > 0;
}

/** Those that nothing was applied to in time. */
export async function expireStanding(db: Queryable, result: ItemResult): Promise<void> {
  await end(
    db,
    `(batch_id, position) in
       (select batch_id, position from standing_confirmation where expires_at <= now() for update skip locked)`,
    result,
    [],
  );
}

/** How many. */
async function end(db: Queryable, condition: string, result: ItemResult, values: unknown[]): Promise<number> {
  const ended = await db.query(
    `with ended as (delete from standing_confirmation s where ${condition} returning batch_id, position)
     update batch_item i set status = 'failed', content = null, result = $1
       from ended where i.batch_id = ended.batch_id and i.position = ended.position`,
    [JSON.stringify(result), ...values],
  );
  return ended.rowCount ?? 0;
}

/** Makes what stands for an enrollment items to carry out, of this enrollment and with the date on which they were given. */
export async function applyStanding(db: Queryable, enrollmentId: string): Promise<void> {
  await db.query(
    `with fitting as (
       delete from standing_confirmation s using enrollment e, program p where e.enrollment_id = $1 and ${FITS}
       returning s.batch_id, s.position, s.stated_at)
     update batch_item i set status = 'pending', result = null,
            content = i.content || jsonb_build_object('enrollmentId', $1::text, 'statedAt', extract(epoch from stated_at) * 1000),
            -- Its workflow is about to be started.
            due_at = now() + interval '1 second'
       from fitting where i.batch_id = fitting.batch_id and i.position = fitting.position`,
    [enrollmentId],
  );
}

/** Enrollments for which something stands: resubmitted, and whoever did it could not apply it. */
export async function enrollmentsWithStanding(db: Queryable, limit: number): Promise<string[]> {
  const found = await db.query(
    `select distinct e.enrollment_id as id from standing_confirmation s, enrollment e, program p where ${FITS} limit $1`,
    [limit],
  );
  return (found.rows as { id: string }[]).map(({ id }) => id);
}
