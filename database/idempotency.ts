/**
 * Idempotency of writes over HTTP. A key belongs to an owner and a route. Its row is committed before anything is done
 * and gets the answer afterwards, so an equal request finds either the answer, or somebody at work, or work to take over.
 */
import { firstRow, type Queryable } from './pool';

export interface KeyedRequest {
  owner: string;
  route: string;
  key: string;
  bodyHash: string;
  messageId: string;
}

export type Claim =
  | { kind: 'mine'; attempt: number }
  | { kind: 'answered'; status: number; body: unknown }
  | { kind: 'in_flight' }
  | { kind: 'other_body' };

/** Takes the request for `leaseMs`, unless it was answered or somebody else is at work on it. */
export async function claimRequest(db: Queryable, request: KeyedRequest, leaseMs: number): Promise<Claim> {
  const { owner, route, key, bodyHash, messageId } = request;
  const claimed = firstRow<{ attempt: number }>(
    await db.query(
      `insert into idempotency_key as k (owner, route, key, body_hash, message_id, leased_until)
       values ($1, $2, $3, $4, $5, now() + $6 * interval '1 millisecond')
       on conflict (owner, route, key) do update set leased_until = excluded.leased_until
         where k.body_hash = $4 and k.response_status is null and (k.leased_until is null or k.leased_until < now())
       returning attempt`,
      [owner, route, key, bodyHash, messageId, leaseMs],
    ),
  );
  if (claimed) return { kind: 'mine', attempt: claimed.attempt };
  // Undefined: swept away at this moment; the next look decides.
  return (await earlierRequest(db, request)) ?? { kind: 'in_flight' };
}

/** What became of a request of this owner, route and key; undefined if there was none. */
export async function earlierRequest(
  db: Queryable,
  { owner, route, key, bodyHash }: KeyedRequest,
): Promise<Exclude<Claim, { kind: 'mine' }> | undefined> {
  const row = firstRow<{ bodyHash: string; status: number | null; body: unknown }>(
    await db.query(
      `select body_hash as "bodyHash", response_status as status, response_body as body
         from idempotency_key where owner = $1 and route = $2 and key = $3`,
      [owner, route, key],
    ),
  );
  if (!row) return undefined;
  if (row.bodyHash !== bodyHash) return { kind: 'other_body' };
  return row.status === null
    ? { kind: 'in_flight' }
    : { kind: 'answered', status: row.status, body: row.body };
}

/** Keeps the answer for equal requests to come; the first one that is kept stands. */
export async function keepAnswer(
  db: Queryable,
  request: KeyedRequest,
  answer: { status: number; body: unknown; enrollmentId: string | undefined },
): Promise<void> {
  await db.query(
    `update idempotency_key set response_status = $4, response_body = $5, enrollment_id = $6, leased_until = null
      where owner = $1 and route = $2 and key = $3 and response_status is null`,
    [
      request.owner,
      request.route,
      request.key,
      answer.status,
      JSON.stringify(answer.body),
      answer.enrollmentId ?? null,
    ],
  );
}

/**
 * The same within the transaction of a change that leaves nothing to find it by: an equal request would not know that it
 * was done.
 */
export async function keepAnswerOfMessage(
  db: Queryable,
  { owner, messageId }: Pick<KeyedRequest, 'owner' | 'messageId'>,
  { status, body }: { status: number; body: unknown },
): Promise<void> {
  await db.query(
    `update idempotency_key set response_status = $3, response_body = $4, leased_until = null
      where owner = $1 and message_id = $2 and response_status is null`,
    [owner, messageId, status, JSON.stringify(body)],
  );
}

/** Gives the request back without an answer; `raiseAttempt` lets the same message be sent to the workflow again. */
export async function giveBack(db: Queryable, request: KeyedRequest, raiseAttempt: boolean): Promise<void> {
  await db.query(
    `update idempotency_key set leased_until = null, attempt = attempt + $4::int
      where owner = $1 and route = $2 and key = $3 and response_status is null`,
    [request.owner, request.route, request.key, raiseAttempt ? 1 : 0],
  );
}

/**
 * Keys are kept for a day, ids of webhooks for longer than their senders try: they do for days. Removes at most `limit`, so that
 * a statement stays short however many there are; returns how many.
 */
export async function sweepKeys(db: Queryable, limit: number): Promise<number> {
  const swept = await db.query(
    `delete from idempotency_key where (owner, route, key) in
       (select owner, route, key from idempotency_key
         where created_at < now() - interval '24 hours'
           and (created_at < now() - interval '14 days' or owner not like 'webhook %')
         limit $1)`,
    [limit],
  );
  return swept.rowCount ?? 0;
}
