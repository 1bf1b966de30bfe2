/**
 * The loop that sends webhooks: each at least once, whenever a worker dies. A receiver that is slow or away holds back
 * nothing but its own.
 */
import type { Keyring } from '../database/keyring';
import type { Database } from '../database/pool';
import {
  claimDeliveries,
  recordDelivered,
  recordGivenUp,
  recordRetry,
  type DueDelivery,
} from '../database/webhookDeliveries';
import { openActiveSecrets } from '../database/webhookSecrets';
import type { SendWebhook, WebhookOutcome } from '../integrations/webhooks';
import type { Logger } from '../settings/logger';
import { pause } from './pause';
import { delayAfter, GIVE_UP_AFTER_MS } from './webhookRetries';

const AT_ONCE = 40;
const AT_ONCE_PER_SUBSCRIPTION = 3;
/** Longer than an attempt takes; a worker that dies leaves its deliveries for that long. */
const LEASE_MS = 30_000;

interface Deps {
  database: Database;
  keyring: Keyring;
  sendWebhook: SendWebhook;
  logger: Logger;
}

export interface WebhookTimes {
  pollMs: number;
  /** How long an event must have stood before anybody is told. */
  standingMs: number;
}

/** Runs until `stopped` is aborted; resolves when the attempts in hand are done. */
export async function runWebhooks(deps: Deps, times: WebhookTimes, stopped: AbortSignal): Promise<void> {
  const underWay = new Map<DueDelivery, Promise<void>>();
  // Not AbortSignal.any in each round: it leaves something behind for as long as `stopped` lives (seen with Node 20).
  let goOn = new AbortController();
  stopped.addEventListener('abort', () => goOn.abort(), { once: true });
  const begin = (delivery: DueDelivery) => {
    const attempt = attemptDelivery(deps, delivery).then(() => {
      underWay.delete(delivery);
      goOn.abort();
    });
    underWay.set(delivery, attempt);
  };
  while (!stopped.aborted) {
    goOn = new AbortController();
    const claimed = await claim(deps, times, [...underWay.keys()]);
    claimed.forEach(begin);
    await pause(times.pollMs, goOn.signal);
  }
  await Promise.all(underWay.values());
}

async function claim(
  { database, logger }: Deps,
  { standingMs }: WebhookTimes,
  underWay: readonly DueDelivery[],
): Promise<DueDelivery[]> {
  const free = AT_ONCE - underWay.length;
  if (free === 0) return [];
  const options = {
    free,
    perSubscription: AT_ONCE_PER_SUBSCRIPTION,
    underWay,
    standingMs,
    leaseMs: LEASE_MS,
  };
  try {
    return await claimDeliveries(database.pool, options);
  } catch (err) {
    logger.warn({ err }, 'webhooks cannot be read; trying again');
    return [];
  }
}

/** Never throws: what is not recorded is taken again when its lease is over. */
async function attemptDelivery(deps: Deps, delivery: DueDelivery): Promise<void> {
  const { deliveryId, subscriptionId } = delivery;
  try {
    await record(deps, delivery, await send(deps, delivery));
  } catch (err) {
    deps.logger.warn({ err, deliveryId, subscriptionId }, 'a webhook was not sent, or it was not recorded');
  }
}

const NOT_SENT = { kind: 'failed', status: null, error: 'NOT_SENT', retryAfterMs: undefined } as const;

async function send(
  { database, keyring, sendWebhook, logger }: Deps,
  { deliveryId, subscriptionId, url, body }: DueDelivery,
): Promise<WebhookOutcome> {
  try {
    const opened = await openActiveSecrets(database.pool, keyring, { subscriptionId });
    const secrets = opened.map(({ secret }) => secret);
    // The subscription was deleted since this was claimed, and its secrets with it: nobody is to be told any more.
    if (secrets.length === 0) return NOT_SENT;
    return await sendWebhook({ id: deliveryId, url, body, secrets });
  } catch (err) {
    logger.error({ err, deliveryId, subscriptionId }, 'a webhook cannot be sent');
    return NOT_SENT;
  }
}

async function record(
  { database, logger }: Deps,
  delivery: DueDelivery,
  outcome: WebhookOutcome,
): Promise<void> {
  if (outcome.kind === 'delivered') {
    await recordDelivered(database.pool, delivery, outcome.status);
    return;
  }
  const isOver = delivery.failingForMs >= GIVE_UP_AFTER_MS;
  if (outcome.kind === 'failed' && !isOver) {
    const delayMs = delayAfter(delivery.failingForMs, outcome.retryAfterMs);
    await recordRetry(database.pool, delivery, outcome, delayMs);
    return;
  }
  const reason = outcome.kind === 'gone' ? 'GONE' : 'FAILED_FOR_3_DAYS';
  const isDisabled = await database.transaction((db) => recordGivenUp(db, delivery, outcome, reason));
  if (isDisabled)
    logger.warn({ subscriptionId: delivery.subscriptionId, reason }, 'a webhook subscription is disabled');
}
