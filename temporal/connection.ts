/** The client side of Temporal: one connection for a process. */
import { Client, Connection } from '@temporalio/client';
import type { TemporalSettings } from '../settings/settings';

/** Connects when first used, and again by itself after an interruption: Temporal being away must not stop a process. */
export function connectTemporal(settings: TemporalSettings): { client: Client; close(): Promise<void> } {
  const connection = Connection.lazy({
    address: settings.address,
    ...(settings.tls && { tls: true }),
    ...(settings.apiKey !== undefined && { apiKey: settings.apiKey }),
  });
  const client = new Client({ connection, namespace: settings.namespace });
  return { client, close: () => connection.close() };
}
