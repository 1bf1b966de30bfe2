/**
 * Every write is answered once. The key row is committed before anything is done and gets the answer afterwards, so an
 * equal request replays the answer, waits for it, or takes over what a killed process left behind. Answers of 500 and
 * above are never kept: they say that the same request may succeed later.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Request } from 'express';
import {
  claimRequest,
  earlierRequest,
  giveBack,
  keepAnswer,
  type KeyedRequest,
} from '../database/idempotency';
import type { Audit } from './audit';
import type { Principal } from './authentication';
import type { ApiContext, MessageIdentity } from './context';
import { invalid, Problem } from './problem';
import { problemOf } from './problemOf';

export interface Answer {
  status: number;
  body: unknown;
  /** What equal requests get instead: a secret is told once and kept nowhere. */
  kept?: unknown;
  /** For the audit, where the path does not say it: ids only. */
  about?: Record<string, string>;
}

/**
 * Longer than a write takes as long as PostgreSQL and Temporal answer. One that takes longer may be done beside itself,
 * which its message id makes harmless: both do one message, and the first kept answer stands.
 */
const LEASE_MS = 30_000;
const WAIT_FOR_OTHER_MS = 10_000;
const POLL_MS = 100;

export interface Answered extends Answer {
  /** It was done before. */
  isReplayed: boolean;
}

/** Runs `operate` once for this key; `about` is the enrollment that the path names. */
export async function answerOnce(
  context: ApiContext,
  audit: Audit,
  keyed: KeyedRequest,
  about: string | undefined,
  operate: (message: MessageIdentity) => Promise<Answer>,
): Promise<Answered> {
  const { database, logger } = context;
  const { messageId } = keyed;
  const claim = await claimOrWait(context, audit, keyed);
  if (claim.kind === 'answered') return { ...claim, isReplayed: true };
  let answer: Answer;
  try {
    answer = await operate({ messageId, updateId: `${messageId}:${claim.attempt}` });
  } catch (error) {
    const problem = problemOf(error);
    const { status, code } = problem;
    if (status >= 500) {
      const returned = database.transaction(async (db) => {
        await giveBack(db, keyed, problem.newAttempt);
        await audit.answered(db, messageId, { status, code });
      });
      await returned.catch((err: unknown) =>
        logger.warn({ err }, 'an idempotency key could not be given back; its lease will end'),
      );
      throw error;
    }
    answer = { status, body: problem.toJSON() };
  }
  const { status, kept = answer.body, about: named } = answer;
  const enrollmentId = named?.['enrollmentId'] ?? about;
  // The change is made; if its answer cannot be kept, an equal request will find the same change by its message id.
  const keeping = database.transaction(async (db) => {
    await keepAnswer(db, keyed, { status, body: kept, enrollmentId });
    const { code } = kept as { code?: string };
    await audit.answered(db, messageId, {
      status,
      ...(status >= 400 && { code: code! }),
      ...(named && { about: named }),
    });
  });
  await keeping.catch((err: unknown) => logger.warn({ err }, 'an answer could not be kept'));
  return { ...answer, isReplayed: false };
}

/**
 * The answer that was kept for an equal request, without taking this one: for what is looked up anew each time, and may not
 * be there any more. Throws a 422 if the key was used with another body.
 */
export async function answeredBefore(
  { database }: ApiContext,
  keyed: KeyedRequest,
): Promise<Answered | undefined> {
  const earlier = await earlierRequest(database.pool, keyed);
  if (earlier?.kind === 'other_body') throw usedWithAnotherBody();
  return earlier?.kind === 'answered' ? { ...earlier, isReplayed: true } : undefined;
}

function usedWithAnotherBody(): Problem {
  return new Problem(
    'IDEMPOTENCY_KEY_REUSED',
    'This Idempotency-Key was used with another body. Use a new key for a new request.',
  );
}

async function claimOrWait(
  { database }: ApiContext,
  audit: Audit,
  keyed: KeyedRequest,
): Promise<{ kind: 'mine'; attempt: number } | ({ kind: 'answered' } & Answer)> {
  const deadline = Date.now() + WAIT_FOR_OTHER_MS;
  for (;;) {
    const claim = await database.transaction(async (db) => {
      const claimed = await claimRequest(db, keyed, LEASE_MS);
      if (claimed.kind === 'mine') await audit.requested(db, keyed.messageId);
      return claimed;
    });
    if (claim.kind === 'mine' || claim.kind === 'answered') return claim;
    if (claim.kind === 'other_body') throw usedWithAnotherBody();
    if (Date.now() > deadline) {
      const problem = new Problem('REQUEST_IN_FLIGHT', 'An equal request is being worked on. Send it again.');
      problem.retryAfter = 5;
      throw problem;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** By its header Idempotency-Key; `query` and `body` as they were parsed, in which equal requests are equal. */
export function keyedRequest(
  principal: Principal,
  request: Request,
  { query, body }: { query: unknown; body: unknown },
): KeyedRequest {
  const key = keyIn(request) ?? randomUUID();
  const owner = ownerOf(principal);
  // The whole path, not its pattern: the same key and body for another enrollment is another request.
  // With its query, which may be a dry run.
  const asked = query === undefined ? '' : `?${JSON.stringify(query, inOrder)}`;
  const route = `${request.method} ${request.baseUrl}${request.path}${asked}`;
  const bodyHash = sha256(JSON.stringify(body, inOrder));
  const messageId = sha256([owner, route, key, bodyHash].join('\n')).slice(0, 40);
  return { owner, route, key, bodyHash, messageId };
}

/** By the id of a webhook, whose bytes are `body`. */
export function keyedWebhook(surveyPartner: string, id: string, body: string): KeyedRequest {
  const owner = `webhook ${surveyPartner}`;
  // Of the id alone: what was applied is known by it for ever, also when the row was swept.
  const messageId = sha256([owner, id].join('\n')).slice(0, 40);
  return { owner, route: 'webhook', key: id, bodyHash: sha256(body), messageId };
}

/** Of a request that needs one. Throws a 400. */
export function requireKey(request: Request): string {
  const key = keyIn(request);
  if (key !== undefined) return key;
  throw unusableKey('is required: it names the file, so that it can go on after a broken connection');
}

function keyIn(request: Request): string | undefined {
  const key = request.get('idempotency-key');
  if (key !== undefined && !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw unusableKey('must be 1 to 255 visible ASCII characters');
  }
  return key;
}

function unusableKey(message: string): Problem {
  return invalid([{ pointer: 'Idempotency-Key', message }]);
}

/** With all that makes a scope: whoever holds keys of two kinds must not get the answer of one for the other. */
export function ownerOf({ role, id, surveyPartner, testClocksOnly }: Principal): string {
  return [
    role,
    id,
    ...(surveyPartner === undefined ? [] : [surveyPartner]),
    ...(testClocksOnly ? ['(test)'] : []),
  ].join(' ');
}

/** Members in the order of their names: the same object written in another order is the same request. */
function inOrder(_key: string, value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
