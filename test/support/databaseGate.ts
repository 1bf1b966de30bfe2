/**
 * Stops the service in the middle of a statement, at a point that the test names: a trigger in the test's own database
 * waits for a lock that the test holds. A held statement gives up by its statement timeout, so a test acts at once.
 */
import type { Pool } from 'pg';
import { eventually } from '../../dev/apiClient';

export interface DatabaseGate {
  /** Resolves when a statement waits at the gate. */
  reached(): Promise<void>;
  /** Opens the gate for good. */
  open(): Promise<void>;
}

let gates = 0;

/** Holds each row that is written to `table` and of which the SQL condition `when` is true (`new`, `old`). */
export async function holdRows(
  db: Pool,
  table: string,
  event: 'insert' | 'update',
  when: string,
): Promise<DatabaseGate> {
  const key = process.pid * 1_000 + (gates += 1);
  const name = `gate_${key}`;
  const holder = await db.connect();
  holder.on('error', () => undefined); // a test may kill the server meanwhile
  await holder.query('select pg_advisory_lock($1)', [key]);
  await db.query(`
    create function ${name}() returns trigger language plpgsql as
      $$ begin
           perform set_config('lock_timeout', '0', true); -- the statement's own timeout leaves a slow test more time
           perform pg_advisory_xact_lock(${key});
           return new;
         end $$;
    create trigger ${name} before ${event} on ${table} for each row when (${when}) execute function ${name}()`);
  const waiting = async () => {
    const { rows } = await db.query<{ count: number }>(
      `select count(*)::int as count from pg_locks where locktype = 'advisory' and not granted
          and classid = 0 and objid = $1 and database = (select oid from pg_database where datname = current_database())`,
      [key],
    );
    return rows[0]!.count;
  };
  return {
    async reached() {
      await eventually(waiting, (count) => count > 0);
    },
    async open() {
      await holder.query('select pg_advisory_unlock($1)', [key]).catch(() => undefined);
      holder.release();
    },
  };
}

/** Each row that is deleted takes a millisecond, as in a table that is large; so 8,000 of them take longer than a statement may. */
export async function slowDeletes(db: Pool, table: string): Promise<{ end(): Promise<void> }> {
  const name = `slow_${process.pid}_${(gates += 1)}`;
  await db.query(`
    create function ${name}() returns trigger language plpgsql as
      $$ begin perform pg_sleep(0.001); return old; end $$;
    create trigger ${name} before delete on ${table} for each row execute function ${name}()`);
  return {
    async end() {
      await db.query(`drop trigger ${name} on ${table}; drop function ${name}()`);
    },
  };
}

/** Counts the statements that write to `table` from now on, also those that change no row. */
export async function countStatements(db: Pool, table: string): Promise<() => Promise<number>> {
  const name = `counter_${process.pid}_${(gates += 1)}`;
  await db.query(`
    create sequence ${name};
    create function ${name}() returns trigger language plpgsql security definer as
      $$ begin perform nextval('${name}'); return null; end $$;
    create trigger ${name} after insert or update on ${table} for each statement execute function ${name}()`);
  return async () => {
    const { rows } = await db.query<{ count: number }>(
      `select case when is_called then last_value else 0 end::int as count from ${name}`,
    );
    return rows[0]!.count;
  };
}
