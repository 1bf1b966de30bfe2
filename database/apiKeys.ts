/** Keys of the API's callers: whose they are, and a hash by which one is known again. The keys themselves are nowhere. */
import type { Actor } from '../program/enrollmentState';
import { newestFirst, type Page, type PageRequest } from './pages';
import { firstRow, type Queryable } from './pool';

export interface ApiKeyRow {
  keyId: string;
  forTestClocks: boolean;
  role: 'caller' | 'partner' | 'admin' | 'approver' | 'operator' | 'auditor';
  holderId: string;
  /** Of partners only. */
  surveyPartner: string | null;
  createdAt: Date;
  /** Who made it, by which key. */
  createdBy: Maker;
  expiresAt: Date | null;
  /** To the minute. */
  lastUsedAt: Date | null;
  revokedAt: Date | null;
  /** The key that took its place. */
  replacedBy: string | null;
}

export interface Maker extends Actor {
  keyId: string;
}

export type NewApiKey = Pick<
  ApiKeyRow,
  'keyId' | 'forTestClocks' | 'role' | 'holderId' | 'surveyPartner' | 'createdBy' | 'expiresAt'
> & { hash: Buffer; messageId: string };

const COLUMNS = `key_id as "keyId", for_test_clocks as "forTestClocks", role, holder_id as "holderId",
  survey_partner as "surveyPartner", created_at as "createdAt", created_by as "createdBy", expires_at as "expiresAt",
  last_used_at as "lastUsedAt", revoked_at as "revokedAt", replaced_by as "replacedBy"`;

/** Undefined if this message has brought a key before. */
export async function insertApiKey(db: Queryable, key: NewApiKey): Promise<ApiKeyRow | undefined> {
  const result = await db.query(
    `insert into api_key (key_id, key_hash, for_test_clocks, role, holder_id, survey_partner, message_id, created_by,
       expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (message_id) do nothing returning ${COLUMNS}`,
    [
      key.keyId,
      key.hash,
      key.forTestClocks,
      key.role,
      key.holderId,
      key.surveyPartner,
      key.messageId,
      JSON.stringify(key.createdBy),
      key.expiresAt,
    ],
  );
  return firstRow<ApiKeyRow>(result);
}

export async function apiKeyOfMessage(db: Queryable, messageId: string): Promise<ApiKeyRow | undefined> {
  return firstRow<ApiKeyRow>(
    await db.query(`select ${COLUMNS} from api_key where message_id = $1`, [messageId]),
  );
}

/** With its hash, if it can be used now. */
export async function usableApiKey(
  db: Queryable,
  keyId: string,
): Promise<(ApiKeyRow & { hash: Buffer; isUseStale: boolean }) | undefined> {
  const result = await db.query(
    `select ${COLUMNS}, key_hash as hash,
            last_used_at is null or last_used_at < now() - interval '1 minute' as "isUseStale"
       from api_key
      where key_id = $1 and revoked_at is null and (expires_at is null or expires_at > now())`,
    [keyId],
  );
  return firstRow(result);
}

/** At most once a minute, whoever else is writing it now. */
export async function markUsed(db: Queryable, keyId: string): Promise<void> {
  await db.query(
    `update api_key set last_used_at = now()
      where key_id = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
    [keyId],
  );
}

export function listApiKeys(db: Queryable, page: PageRequest): Promise<Page<ApiKeyRow>> {
  const list = {
    columns: COLUMNS,
    from: 'api_key',
    where: 'true',
    values: [],
    at: 'created_at',
    id: 'key_id',
  };
  return newestFirst(db, list, page);
}

/** Locks the key: call it inside a transaction. */
export async function lockApiKey(db: Queryable, keyId: string): Promise<ApiKeyRow | undefined> {
  return firstRow<ApiKeyRow>(
    await db.query(`select ${COLUMNS} from api_key where key_id = $1 for update`, [keyId]),
  );
}

/** One that is revoked stays as it was. Undefined if there is no such key. */
export async function revokeApiKey(db: Queryable, keyId: string, by: Maker): Promise<ApiKeyRow | undefined> {
  const result = await db.query(
    `update api_key set revoked_at = coalesce(revoked_at, now()), revoked_by = coalesce(revoked_by, $2)
      where key_id = $1 returning ${COLUMNS}`,
    [keyId, JSON.stringify(by)],
  );
  return firstRow<ApiKeyRow>(result);
}

/** From now on it lives for so many hours at most. */
export async function replaceApiKey(
  db: Queryable,
  keyId: string,
  successorId: string,
  overlapHours: number,
): Promise<void> {
  await db.query(
    `update api_key
        set replaced_by = $2, expires_at = least(expires_at, now() + $3 * interval '1 hour')
      where key_id = $1`,
    [keyId, successorId, overlapHours],
  );
}
