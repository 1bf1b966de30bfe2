/** The client side of Temporal: one connection for a process. */
import { Client, Connection } from '@temporalio/client';
import type { TemporalSettings } from '../settings/settings';

/**
 * Connects when first used, and again by itself after an interruption: Temporal being away must not stop a process. The
 * connection is never closed, it ends with the process: a call that the SDK is still retrying would throw on a closed one.
 */
export function connectTemporal(settings: TemporalSettings): Client {
  const connection = Connection.lazy({
    address: settings.address,
    ...(settings.tls && { tls: true }),
    ...(settings.apiKey !== undefined && { apiKey: settings.apiKey }),
  });
  return new Client({ connection, namespace: settings.namespace });
}
