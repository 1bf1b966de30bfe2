/** API keys: made, replaced and revoked by admins. A key is told once, in the answer to the request that made it. */
import {
  apiKeyOfMessage,
  insertApiKey,
  listApiKeys,
  lockApiKey,
  replaceApiKey,
  revokeApiKey,
  type ApiKeyRow,
  type Maker,
  type NewApiKey,
} from '../../database/apiKeys';
import type { Queryable } from '../../database/pool';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { pageOf, type CursorPage, type CursorRequest } from '../cursor';
import { makeKey } from '../keyFormat';
import { invalid, notFound, Problem } from '../problem';
import type { ApiKeyBody, RotationBody } from '../schemas';

/** `key` is null for an equal request that was answered before: nobody can tell it again. */
export interface MadeKey {
  row: ApiKeyRow;
  key: string | null;
}

export async function createApiKey(
  { database }: ApiContext,
  principal: Principal,
  { role, id, surveyPartner, test, expiresAt }: ApiKeyBody,
  message: MessageIdentity,
): Promise<MadeKey> {
  const known = await apiKeyOfMessage(database.pool, message.messageId);
  if (known) return { row: known, key: null };
  const holder = { role, holderId: id, surveyPartner: surveyPartner ?? null, forTestClocks: test };
  return make(database.pool, principal, holder, instantAhead(expiresAt), message);
}

/** The old key lives on for the overlap, so that its holder can exchange it without a gap. */
export async function rotateApiKey(
  { database }: ApiContext,
  principal: Principal,
  keyId: string,
  { overlapHours, expiresAt }: RotationBody,
  message: MessageIdentity,
): Promise<MadeKey> {
  return database.transaction(async (db) => {
    const old = await lockApiKey(db, keyId);
    if (!old) throw notFound('API key');
    const known = await apiKeyOfMessage(db, message.messageId);
    if (known) return { row: known, key: null };
    if (hasEnded(old))
      throw new Problem('API_KEY_ENDED', 'This key is revoked, expired or replaced. Make another one.');
    const made = await make(db, principal, old, instantAhead(expiresAt), message);
    await replaceApiKey(db, keyId, made.row.keyId, overlapHours);
    return made;
  });
}

/** At once: no process remembers keys. */
export async function revoke(
  { database }: ApiContext,
  principal: Principal,
  keyId: string,
): Promise<ApiKeyRow> {
  const revoked = await revokeApiKey(database.pool, keyId, makerOf(principal));
  if (!revoked) throw notFound('API key');
  return revoked;
}

export function listKeys({ database }: ApiContext, query: CursorRequest): Promise<CursorPage<ApiKeyRow>> {
  return pageOf('API keys', query, (page) => listApiKeys(database.pool, page));
}

async function make(
  db: Queryable,
  principal: Principal,
  {
    role,
    holderId,
    surveyPartner,
    forTestClocks,
  }: Pick<NewApiKey, 'role' | 'holderId' | 'surveyPartner' | 'forTestClocks'>,
  expiresAt: Date | null,
  { messageId }: MessageIdentity,
): Promise<MadeKey> {
  const { key, keyId, hash } = makeKey(forTestClocks);
  const row = await insertApiKey(db, {
    keyId,
    hash,
    role,
    holderId,
    surveyPartner,
    forTestClocks,
    expiresAt,
    messageId,
    createdBy: makerOf(principal),
  });
  // An equal request, taken over from a process that stood still, was quicker.
  if (!row) return { row: (await apiKeyOfMessage(db, messageId))!, key: null };
  return { row, key };
}

export function makerOf({ role, id, keyId }: Principal): Maker {
  return { role, id, keyId };
}

function hasEnded({ revokedAt, expiresAt, replacedBy }: ApiKeyRow): boolean {
  return (
    revokedAt !== null || replacedBy !== null || (expiresAt !== null && expiresAt.getTime() <= Date.now())
  );
}

/** Throws a 422 for what is over. */
function instantAhead(expiresAt: string | undefined): Date | null {
  if (expiresAt === undefined) return null;
  const at = new Date(expiresAt);
  if (at.getTime() <= Date.now())
    throw invalid([{ pointer: '/expiresAt', message: 'must be in the future' }], 422);
  return at;
}
