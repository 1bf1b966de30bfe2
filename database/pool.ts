/** Connections to PostgreSQL. Other files of this room take a `Queryable`, so they run inside or outside a transaction. */
import { Pool, type PoolClient } from 'pg';

export type Queryable = Pick<Pool, 'query'>;

export interface Database {
  pool: Pool;
  /**
   * Runs `work` in one transaction: committed when it resolves, rolled back when it throws. No statement of it takes
   * longer than `statementTimeoutMs`, waits for locks included.
   */
  transaction<T>(work: (client: Queryable) => Promise<T>, statementTimeoutMs?: number): Promise<T>;
  close(): Promise<void>;
}

export function createDatabase(options: {
  connectionString: string;
  maximumConnections?: number;
  /** Reported: a connection that broke while idle (PostgreSQL restarted). The pool opens another one. */
  onIdleError?: (error: Error) => void;
}): Database {
  const pool = new Pool({
    connectionString: options.connectionString,
    max: options.maximumConnections ?? 10,
    // Bounded waits everywhere: a request fails rather than hangs when PostgreSQL is away or the pool is empty.
    connectionTimeoutMillis: 3_000,
    statement_timeout: 5_000,
    query_timeout: 6_000,
    lock_timeout: 3_000,
    idle_in_transaction_session_timeout: 15_000,
    application_name: 'pps',
  });
  // Without a listener a connection that breaks would end the process. The pool listens to idle ones only; on one that is
  // in a transaction, the error reaches whoever waits for the query as well.
  pool.on('error', (error) => options.onIdleError?.(error));
  pool.on('connect', (client) => client.on('error', () => undefined));
  return {
    pool,
    transaction: (work, statementTimeoutMs) => inTransaction(pool, work, statementTimeoutMs),
    close: () => pool.end(),
  };
}

async function inTransaction<T>(
  pool: Pool,
  work: (client: Queryable) => Promise<T>,
  statementTimeoutMs: number | undefined,
): Promise<T> {
  const client: PoolClient = await pool.connect();
  let broken: Error | undefined;
  try {
    // A number of ours, so no parameter is needed, and one round trip does both.
    await client.query(
      statementTimeoutMs === undefined
        ? 'begin'
        : `begin; set local statement_timeout = ${statementTimeoutMs}; set local lock_timeout = ${statementTimeoutMs}`,
    );
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((rollbackError: Error) => (broken = rollbackError));
    throw error;
  } finally {
    // A connection that could not even roll back is thrown away.
    client.release(broken);
  }
}

/** The first row; undefined when there is none. */
export function firstRow<T>(result: { rows: unknown[] }): T | undefined {
  return result.rows[0] as T | undefined;
}

/** Whether PostgreSQL answers; for readiness. */
export async function ping(db: Queryable): Promise<void> {
  await db.query('select 1');
}

/** Whether an error is the violation of the named unique constraint or index. */
export function violates(error: unknown, constraint: string): boolean {
  const { code, constraint: violated } = (error ?? {}) as { code?: string; constraint?: string };
  return code === '23505' && violated === constraint;
}
