/** What every process tells of itself: event loop, memory and the like as the library has it, and its database connections. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Database } from '../database/pool';

/** A registry with that in it; each process adds its own. */
export function createRegistry({ pool }: Pick<Database, 'pool'>): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const connections = [
    ['open', 'Connections to PostgreSQL that are open.', () => pool.totalCount],
    ['idle', 'Of these, connections that nobody uses just now.', () => pool.idleCount],
    ['waiting', 'Requests that wait for a connection because all are in use.', () => pool.waitingCount],
    ['limit', 'The most connections that this process opens.', () => pool.options.max],
  ] as const;
  for (const [name, help, read] of connections) {
    new Gauge({
      name: `pps_database_connections_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  }
  return registry;
}
