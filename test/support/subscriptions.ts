/** Subscriptions to webhooks, as tests make and read them. */
import { eventually, type ApiClient } from '../../dev/apiClient';

export interface Subscription {
  subscriptionId: string;
  secret: string;
  url: string;
  events: string[];
  audience: string;
  test: boolean;
  lastDeliveredAt: string | null;
  disabledAt: string | null;
  disabledReason: string | null;
}

export interface Delivery {
  deliveryId: string;
  event: string;
  enrollmentId: string | null;
  status: 'pending' | 'delivered' | 'failed';
  attempts: number;
  nextAttemptAt: string | null;
  lastStatus: number | null;
  lastError: string | null;
}

export const SUBSCRIPTIONS = '/v1/webhook-subscriptions';

export async function subscribe(
  client: ApiClient,
  url: string,
  events: string[] = ['enrollment.*'],
): Promise<Subscription> {
  const { status, body } = await client.post<Subscription>(SUBSCRIPTIONS, { url, events });
  if (status !== 201) throw new Error(`Not subscribed: ${JSON.stringify(body)}`);
  return body;
}

export async function subscriptionIs(client: ApiClient, subscriptionId: string): Promise<Subscription> {
  return (await client.get<Subscription>(`${SUBSCRIPTIONS}/${subscriptionId}`)).body;
}

export async function deliveries(client: ApiClient, subscriptionId: string): Promise<Delivery[]> {
  const path = `${SUBSCRIPTIONS}/${subscriptionId}/deliveries?limit=200`;
  return (await client.get<{ items: Delivery[] }>(path)).body.items;
}

/** Waits until the log is as asked. */
export function untilLogged(
  client: ApiClient,
  subscriptionId: string,
  isThere: (log: Delivery[]) => boolean,
): Promise<Delivery[]> {
  return eventually(() => deliveries(client, subscriptionId), isThere);
}

/** Has a test event sent; its id. */
export async function sendTest(client: ApiClient, subscriptionId: string): Promise<string> {
  const { status, body } = await client.post<Delivery>(`${SUBSCRIPTIONS}/${subscriptionId}/test`, {});
  if (status !== 202) throw new Error(`No test was sent: ${JSON.stringify(body)}`);
  return body.deliveryId;
}
