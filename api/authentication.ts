/** Who is calling: static bearer keys from the settings. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import type { Scope } from '../database/enrollments';
import type { Actor } from '../program/enrollmentState';
import type { ApiKey } from '../settings/settings';
import { rolesOf, type OperationId } from './policy';
import { Problem } from './problem';

export type Principal = Omit<ApiKey, 'key'>;

export type Authenticate = (request: Request) => Principal;

/** Keys are compared by hash and in constant time. Throws a 401 that is the same for a missing, malformed or wrong key. */
export function createAuthentication(keys: readonly ApiKey[]): Authenticate {
  const known = keys.map(({ key, ...principal }) => ({ hash: sha256(key), principal }));
  return (request) => {
    const token = /^bearer ([^ ]+)$/i.exec(request.get('authorization') ?? '')?.[1] ?? '';
    const hash = sha256(token);
    const match = known.filter((candidate) => timingSafeEqual(candidate.hash, hash)).at(0);
    if (!match) {
      throw new Problem(401, 'UNAUTHENTICATED', 'Send a valid API key as "Authorization: Bearer <key>".');
    }
    return match.principal;
  };
}

/** Throws a 403 unless the policy names the principal's role for the operation. */
export function requireRole(principal: Principal, operation: OperationId): void {
  const roles = rolesOf(operation);
  if (!roles.includes(principal.role)) {
    throw new Problem(
      403,
      'FORBIDDEN',
      `This needs a key of role ${roles.join(' or ')}; yours is ${principal.role}.`,
    );
  }
}

/** The enrollments that exist for this key. */
export function scopeOf({ role, id, surveyPartner }: Principal): Scope {
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

export function actorOf({ role, id }: Principal): Actor {
  return { role, id };
}

export function isStaff({ role }: Principal): boolean {
  return role !== 'caller' && role !== 'partner';
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
