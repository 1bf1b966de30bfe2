/**
 * Who is calling: the holder of a key in PostgreSQL, or of one in the settings. While PostgreSQL is away those of the
 * settings are known all the same; of others nobody can say whether they are valid, so that is a 503, never a 401.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import { markUsed, usableApiKey } from '../database/apiKeys';
import type { Scope } from '../database/enrollments';
import type { Queryable } from '../database/pool';
import type { ProgramClock } from '../program/clock';
import type { Actor } from '../program/enrollmentState';
import type { Logger } from '../settings/logger';
import type { ApiKey } from '../settings/settings';
import { hashOf, readKey, STORED_KEY } from './keyFormat';
import { mayUseTestKey, rolesOf, type OperationId } from './policy';
import { notFound, Problem } from './problem';

export interface Principal extends Omit<ApiKey, 'key'> {
  /** Which key of its: `settings:<role>:<id>` for those of the settings. */
  keyId: string;
  /** Sees and touches only what belongs to programs on test clocks. */
  testClocksOnly: boolean;
}

/** Throws a 401 that is the same for a missing, malformed, wrong, expired or revoked key. */
export type Authenticate = (request: Request) => Promise<Principal>;

/** Keys are compared by hash and in constant time. */
export function createAuthentication(
  keys: readonly ApiKey[],
  { pool, logger }: { pool: Queryable; logger: Logger },
): Authenticate {
  const known = keys.map(({ key, ...holder }) => ({
    hash: hashOf(key),
    principal: { ...holder, keyId: `settings:${holder.role}:${holder.id}`, testClocksOnly: false },
  }));
  return async (request) => {
    const token = /^bearer ([^ ]+)$/i.exec(request.get('authorization') ?? '')?.[1] ?? '';
    const hash = hashOf(token);
    const principal = STORED_KEY.test(token)
      ? await holderOf(pool, logger, token)
      : known.filter((candidate) => timingSafeEqual(candidate.hash, hash)).at(0)?.principal;
    if (!principal) {
      throw new Problem('UNAUTHENTICATED', 'Send a valid API key as "Authorization: Bearer <key>".');
    }
    return principal;
  };
}

/** Whose request is being answered; undefined before it is known, and for a stranger's. */
export function principalOf(response: Response): Principal | undefined {
  return response.locals['principal'] as Principal | undefined;
}

async function holderOf(pool: Queryable, logger: Logger, token: string): Promise<Principal | undefined> {
  const parts = readKey(token);
  const row = parts && (await usableApiKey(pool, parts.keyId));
  if (!row || !timingSafeEqual(row.hash, parts.hash)) return undefined;
  const { keyId, role, holderId, surveyPartner, forTestClocks } = row;
  // Nobody waits for it, and nobody is refused because it failed.
  if (row.isUseStale)
    markUsed(pool, keyId).catch((err: unknown) =>
      logger.warn({ err, keyId }, 'the use of a key is not noted'),
    );
  return {
    role,
    id: holderId,
    ...(surveyPartner !== null && { surveyPartner }),
    keyId,
    testClocksOnly: forTestClocks,
  };
}

const EITHER = new Intl.ListFormat('en-GB', { type: 'disjunction' });

/**
 * Throws a 403 unless the policy names the principal's role for the operation, and a 404 if the operation is not there for
 * its kind of key.
 */
export function requireRight(principal: Principal, operation: OperationId): void {
  if (principal.testClocksOnly && !mayUseTestKey(operation)) throw notFound('route for a test key');
  const roles = rolesOf(operation);
  if (!roles.includes(principal.role)) {
    throw new Problem(
      'FORBIDDEN',
      `This needs a key of role ${EITHER.format(roles)}; yours is ${principal.role}.`,
    );
  }
}

/** The enrollments that exist for this key. */
export function scopeOf(principal: Principal): Scope {
  return { ...ownershipOf(principal), testClocksOnly: principal.testClocksOnly };
}

function ownershipOf({ role, id, surveyPartner }: Principal): Scope {
  switch (role) {
    case 'caller':
      return { kind: 'owner', owner: id };
    case 'partner':
      return { kind: 'partner', surveyPartner: surveyPartner ?? '' };
    case 'admin':
    case 'approver':
    case 'operator':
    case 'auditor':
      return { kind: 'all' };
  }
}

/** The programs that exist for this key. */
export function isProgramInScope({ testClocksOnly }: Principal, { clock }: { clock: ProgramClock }): boolean {
  return !testClocksOnly || clock.length > 0;
}

export function actorOf({ role, id }: Principal): Actor {
  return { role, id };
}

/** The program's own people; not who enrolls brands, nor a survey partner, nor the service itself. */
export function isStaff({ role }: Pick<Actor, 'role'>): boolean {
  return role !== 'caller' && role !== 'partner' && role !== 'service';
}
