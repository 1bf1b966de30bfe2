/** What was sent to a subscription, and sending it again. */
import { deliverAgain, insertTest, listDeliveries, type DeliveryRow } from '../../database/webhookDeliveries';
import type { Queryable } from '../../database/pool';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { pageOf, type CursorPage, type CursorRequest } from '../cursor';
import { notFound, Problem } from '../problem';
import { subscriptionOf, subscriptionScope } from './webhookSubscriptions';

const TEST_EVENT = 'webhook.test';

export async function deliveriesOf(
  { database }: ApiContext,
  principal: Principal,
  subscriptionId: string,
  { status, ...query }: CursorRequest & { status?: DeliveryRow['status'] | undefined },
): Promise<CursorPage<DeliveryRow>> {
  await subscriptionOf(database.pool, principal, subscriptionId);
  const scope = subscriptionScope(principal);
  return pageOf({ deliveries: subscriptionId, scope, status }, query, (page) =>
    listDeliveries(database.pool, scope, { subscriptionId, status }, page),
  );
}

/** The same bytes under the same id, as soon as possible and with three days anew. */
export function redeliver(
  { database }: ApiContext,
  principal: Principal,
  subscriptionId: string,
  deliveryId: string,
): Promise<DeliveryRow> {
  return database.transaction(async (db) => {
    await requireEnabled(db, principal, subscriptionId);
    const row = await deliverAgain(db, subscriptionScope(principal), subscriptionId, deliveryId);
    if (!row) throw notFound('delivery');
    return row;
  });
}

/** An event that tells of nothing but itself, so that a receiver can be tried out. */
export function sendTest(
  { database }: ApiContext,
  principal: Principal,
  subscriptionId: string,
  { messageId }: MessageIdentity,
): Promise<DeliveryRow> {
  return database.transaction(async (db) => {
    await requireEnabled(db, principal, subscriptionId);
    const body = { type: TEST_EVENT, timestamp: new Date().toISOString(), data: { subscriptionId } };
    return insertTest(db, {
      deliveryId: `msg_${messageId}`,
      subscriptionId,
      eventType: TEST_EVENT,
      body: JSON.stringify(body),
    });
  });
}

async function requireEnabled(db: Queryable, principal: Principal, subscriptionId: string): Promise<void> {
  const { disabledAt } = await subscriptionOf(db, principal, subscriptionId, true);
  if (disabledAt) {
    throw new Problem(
      'WEBHOOK_DISABLED',
      'The subscription is disabled. Enable it first, once its receiver is mended.',
    );
  }
}
