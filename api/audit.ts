/**
 * What is audited: every write, before anything of it is done and again with its answer, and every refusal of a principal.
 * Requests without a valid key are in the log only, and so are those above the rate limit: anybody could fill the disk with
 * them. So are reads that are answered.
 */
import type { Request, Response } from 'express';
import { appendAudit, type AuditEntry } from '../database/audit';
import type { Queryable } from '../database/pool';
import type { Principal } from './authentication';
import type { ApiContext } from './context';
import type { OperationId } from './policy';
import type { Problem } from './problem';

/** One request as the audit sees it. */
export interface Audit {
  /** In the transaction that takes the request: without this entry nothing is done. */
  requested(db: Queryable, messageId: string): Promise<void>;
  /** In the transaction that keeps the answer. */
  answered(db: Queryable, messageId: string, outcome: Outcome): Promise<void>;
  /** Of what was not begun. */
  refused(problem: Problem): Promise<void>;
}

export interface Outcome {
  status: number;
  code?: string;
  /** What the answer is about, where the path does not say it: ids only. */
  about?: Record<string, string>;
}

export function auditOf(
  { database, logger }: ApiContext,
  operation: OperationId,
  principal: Principal,
  request: Request,
  response: Response,
  /** Ids that the path does not hold. */
  more: Record<string, string> = {},
): Audit {
  const { role, id, keyId } = principal;
  const params = usable({ ...(request.params as Record<string, string>), ...more });
  const base = {
    actor: { role, id },
    keyId,
    operation,
    params,
    address: request.ip ?? '',
    requestId: String(response.locals['requestId']),
  };
  const append = (db: Queryable, entry: Omit<AuditEntry, keyof typeof base>) =>
    appendAudit(db, entry.about?.['enrollmentId'] ?? params['enrollmentId'], { ...base, ...entry });
  return {
    requested: (db, messageId) => append(db, { event: 'requested', messageId }),
    answered: (db, messageId, outcome) => append(db, { event: 'answered', messageId, ...outcome }),
    async refused({ status, code }) {
      try {
        await append(database.pool, { event: 'refused', status, code });
      } catch (err) {
        // It takes no effect, so it is refused all the same; the log has it.
        logger.warn({ err, ...base, status, code }, 'a refusal could not be audited');
      }
    },
  };
}

/** Ids as they are; what cannot be one is not worth keeping, and some of it PostgreSQL would not take (a NUL). */
function usable(params: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, /^[\w.-]{1,64}$/.test(value) ? value : '(no id)']),
  );
}
