/** The client side of Temporal: one connection for a process. */
import { Client, Connection } from '@temporalio/client';
import type { TemporalSettings } from '../settings/settings';

/**
 * Connects when first used, and again by itself after an interruption: Temporal being away must not stop a process. Do not
 * close the connection while a call may be under way: one that the SDK is retrying throws on a closed connection.
 */
export function connectTemporal(settings: TemporalSettings): Client {
  const connection = Connection.lazy(connectionOptions(settings));
  return new Client({ connection, namespace: settings.namespace });
}

/** How every connection of ours to Temporal is made, the worker's native one included. */
export function connectionOptions({ address, tls, apiKey }: TemporalSettings) {
  return { address, ...(tls && { tls: true }), ...(apiKey !== undefined && { apiKey }) };
}
