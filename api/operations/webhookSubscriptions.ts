/** Who is told of events: subscriptions and their secrets. A secret is told once, in the answer that made it. */
import { randomBytes } from 'node:crypto';
import {
  insertWebhookSecret,
  replaceSubscriptionSecrets,
  webhookSecretOfMessage,
} from '../../database/webhookSecrets';
import {
  deleteSubscription,
  enableSubscription,
  findSubscription,
  insertSubscription,
  listSubscriptions,
  lockAndCount,
  subscriptionOfMessage,
  type SubscriptionRow,
  type SubscriptionScope,
} from '../../database/webhookSubscriptions';
import { keepAnswerOfMessage } from '../../database/idempotency';
import type { Queryable } from '../../database/pool';
import { NameNotResolvable } from '../../integrations/webhookAddress';
import { scopeOf, type Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { pageOf, type CursorPage, type CursorRequest } from '../cursor';
import { ownerOf, type Answer } from '../idempotency';
import { invalid, notFound, Problem, unavailable } from '../problem';
import { makeWebhookSecret } from '../webhookSecret';
import type { SubscriptionBody } from '../webhookSchemas';
import { makerOf } from './apiKeys';

const MOST_OF_AN_AUDIENCE = 20;

/** `secret` is null for an equal request that was answered before: nobody can tell it again. */
export interface MadeSubscription {
  row: SubscriptionRow;
  secret: string | null;
}

export async function subscribe(
  context: ApiContext,
  principal: Principal,
  { url, events }: SubscriptionBody,
  { messageId }: MessageIdentity,
): Promise<MadeSubscription> {
  const { database, keyring } = context;
  const known = await subscriptionOfMessage(database.pool, messageId);
  if (known) return { row: known, secret: null };
  await requirePublicUrl(context, url);
  const whose = { audience: audienceOf(principal), forTestClocks: principal.testClocksOnly };
  return database.transaction(async (db) => {
    const count = await lockAndCount(db, whose);
    // An equal request, taken over from a process that stood still, was quicker.
    const rival = await subscriptionOfMessage(db, messageId);
    if (rival) return { row: rival, secret: null };
    if (count >= MOST_OF_AN_AUDIENCE) throw tooMany(`There are ${count} subscriptions already. Delete one.`);
    const createdBy = makerOf(principal);
    const row = await insertSubscription(db, {
      subscriptionId: `whk_${randomBytes(8).toString('hex')}`,
      ...whose,
      url,
      events: [...new Set(events)],
      createdBy,
      messageId,
    });
    const made = { ...makeWebhookSecret(), createdBy, messageId };
    await insertWebhookSecret(db, keyring, row, made);
    return { row, secret: made.secret };
  });
}

export function subscriptionsOf(
  { database }: ApiContext,
  principal: Principal,
  query: CursorRequest,
): Promise<CursorPage<SubscriptionRow>> {
  const scope = subscriptionScope(principal);
  return pageOf({ subscriptions: scope }, query, (page) => listSubscriptions(database.pool, scope, page));
}

/** Throws a 404 like `subscriptionOf`. */
export function readSubscription(
  { database }: ApiContext,
  principal: Principal,
  subscriptionId: string,
): Promise<SubscriptionRow> {
  return subscriptionOf(database.pool, principal, subscriptionId);
}

/** Throws a 404 unless it exists and is in the key's scope. With `lock`, until the end of the transaction. */
export async function subscriptionOf(
  db: Queryable,
  principal: Principal,
  subscriptionId: string,
  lock = false,
): Promise<SubscriptionRow> {
  const row = await findSubscription(db, subscriptionScope(principal), subscriptionId, lock);
  if (!row) throw notFound('subscription');
  return row;
}

/** The answer shows it as it was. */
export function unsubscribe(
  { database }: ApiContext,
  principal: Principal,
  subscriptionId: string,
  { messageId }: MessageIdentity,
  answerOf: (row: SubscriptionRow) => Answer,
): Promise<Answer> {
  return database.transaction(async (db) => {
    const row = await subscriptionOf(db, principal, subscriptionId, true);
    await deleteSubscription(db, subscriptionScope(principal), subscriptionId);
    const answer = answerOf(row);
    await keepAnswerOfMessage(db, { owner: ownerOf(principal), messageId }, answer);
    return answer;
  });
}

/** The old secret lives on for the overlap: what is sent meanwhile is signed with both. */
export function rotateSecret(
  { database, keyring }: ApiContext,
  principal: Principal,
  subscriptionId: string,
  overlapHours: number,
  { messageId }: MessageIdentity,
): Promise<MadeSubscription> {
  return database.transaction(async (db) => {
    const row = await subscriptionOf(db, principal, subscriptionId, true);
    if (await webhookSecretOfMessage(db, messageId)) return { row, secret: null };
    await replaceSubscriptionSecrets(db, subscriptionId, overlapHours);
    const made = { ...makeWebhookSecret(), createdBy: makerOf(principal), messageId };
    await insertWebhookSecret(db, keyring, row, made);
    return { row, secret: made.secret };
  });
}

/** Events from now on are sent again; those that were missed are not. One that is not disabled stays as it is. */
export function enable(
  { database }: ApiContext,
  principal: Principal,
  subscriptionId: string,
): Promise<SubscriptionRow> {
  return database.transaction(async (db) => {
    await subscriptionOf(db, principal, subscriptionId, true);
    await enableSubscription(db, subscriptionScope(principal), subscriptionId);
    return subscriptionOf(db, principal, subscriptionId);
  });
}

async function requirePublicUrl({ judgeWebhookUrl }: ApiContext, url: string): Promise<void> {
  let message: string | undefined;
  try {
    message = await judgeWebhookUrl(url);
  } catch (error) {
    if (!(error instanceof NameNotResolvable)) throw error;
    throw unavailable("The URL's host cannot be resolved just now. Send the same request again.");
  }
  if (message !== undefined) throw invalid([{ pointer: '/url', message }], 422);
}

/** Whose enrollments a subscription of this key tells of. */
function audienceOf(principal: Principal): string {
  const scope = scopeOf(principal);
  switch (scope.kind) {
    case 'all':
      return 'all';
    case 'owner':
      return `owner ${scope.owner}`;
    case 'partner':
      return `partner ${scope.surveyPartner}`;
  }
}

/** The subscriptions that exist for this key. */
export function subscriptionScope(principal: Principal): SubscriptionScope {
  const audience = audienceOf(principal);
  return {
    audience: audience === 'all' ? undefined : audience,
    testClocksOnly: principal.testClocksOnly,
  };
}

export function tooMany(detail: string): Problem {
  return new Problem('TOO_MANY_WEBHOOKS', detail);
}
