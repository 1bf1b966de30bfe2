/** What the worker tells: what its outbox loop does, and what waits in PostgreSQL, the same from each worker. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { readBacklog, readStock } from '../database/backlog';
import type { OutboxRow } from '../database/outbox';
import type { Database } from '../database/pool';
import { createReader } from '../monitoring/figures';
import type { Logger } from '../settings/logger';

const BACKLOG_KEPT_MS = 10_000;
const STOCK_KEPT_MS = 60_000;

/** Counts what the outbox loop has done. */
export type CountDelivery = (kind: OutboxRow['kind'], outcome: 'delivered' | 'failed') => void;

export function countDeliveries(registry: Registry): CountDelivery {
  const deliveries = new Counter({
    name: 'pps_outbox_deliveries_total',
    help: 'Outbox rows that this worker worked on, by kind and outcome; a failed one is tried again.',
    labelNames: ['kind', 'outcome'],
    registers: [registry],
  });
  return (kind, outcome) => deliveries.inc({ kind, outcome });
}

/** Gauges of what is in PostgreSQL; the function brings them up to date and never throws. */
export function createFigures(registry: Registry, database: Database, logger: Logger): () => Promise<void> {
  const gauge = <Label extends string>(name: string, label: Label, help: string) =>
    new Gauge({ name, help, labelNames: [label], registers: [registry] });
  const pending = gauge(
    'pps_outbox_pending',
    'kind',
    'Outbox rows that are due, or were tried and are not done.',
  );
  const oldest = gauge(
    'pps_outbox_oldest_age_seconds',
    'kind',
    'Age of the oldest of them; 0 if there is none.',
  );
  const attention = gauge('pps_attention_items', 'reason', 'Entries of the attention list, by reason.');
  const batchItems = gauge('pps_batch_items_pending', 'kind', 'Items of batches to be carried out, by kind.');
  const lateWebhooks = new Gauge({
    name: 'pps_webhook_deliveries_late',
    help: 'Webhooks that were due a minute ago and are not being sent.',
    registers: [registry],
  });
  const disabled = new Gauge({
    name: 'pps_webhook_subscriptions_disabled',
    help: 'Subscriptions to webhooks that nothing is sent to.',
    registers: [registry],
  });
  const enrollments = gauge('pps_enrollments', 'status', 'Enrollments by status, superseded ones included.');
  const payouts = gauge('pps_payouts', 'state', 'Payouts by state.');
  const age = gauge(
    'pps_figures_age_seconds',
    'figures',
    'Since when the gauges read from PostgreSQL are as they are.',
  );

  const backlog = async () => {
    const found = await readBacklog(database);
    for (const [kind, { pending: rows, oldestSeconds }] of Object.entries(found.outbox)) {
      pending.set({ kind }, rows);
      oldest.set({ kind }, oldestSeconds);
    }
    for (const [reason, count] of Object.entries(found.attention)) attention.set({ reason }, count);
    for (const [kind, count] of Object.entries(found.batchItems)) batchItems.set({ kind }, count);
    lateWebhooks.set(found.webhooks.late);
    disabled.set(found.webhooks.disabledSubscriptions);
  };
  const stock = async () => {
    const found = await readStock(database);
    for (const [status, count] of Object.entries(found.enrollments)) enrollments.set({ status }, count);
    for (const [state, count] of Object.entries(found.payouts)) payouts.set({ state }, count);
  };
  const readers = [
    createReader({ name: 'backlog', keptMs: BACKLOG_KEPT_MS, read: backlog }, age, logger),
    createReader({ name: 'stock', keptMs: STOCK_KEPT_MS, read: stock }, age, logger),
  ];
  return async () => {
    await Promise.all(readers.map((read) => read()));
  };
}
