/**
 * Prepares a database: runs the migrations as its owner, and lets the application's login role in. Runs as often as you
 * like. The migrations are plain SQL files, run by the node-pg-migrate command.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';

/** Throws with the command's output if a migration fails; a failed one leaves nothing behind. */
export async function migrate(databaseAdminUrl: string): Promise<void> {
  const root = packageRoot();
  const command = path.join(root, 'node_modules', 'node-pg-migrate', 'bin', 'node-pg-migrate.js');
  try {
    await promisify(execFile)(
      process.execPath,
      [command, 'up', '--migrations-dir', migrationsFolder(), '--verbose', 'false'],
      {
        cwd: root,
        env: { ...process.env, DATABASE_URL: databaseAdminUrl },
      },
    );
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`The database could not be migrated:\n${stdout}${stderr}`, { cause: error });
  }
}

/** Creates the login role of the application if it is missing, and grants it what the application may do. */
export async function admitApplication(databaseAdminUrl: string, databaseUrl: string): Promise<void> {
  const { username, password } = new URL(databaseUrl);
  const client = new Client({ connectionString: databaseAdminUrl });
  await client.connect();
  try {
    const role = client.escapeIdentifier(decodeURIComponent(username));
    const secret = client.escapeLiteral(decodeURIComponent(password));
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [
      decodeURIComponent(username),
    ]);
    if (rowCount === 0) await client.query(`create role ${role} login password ${secret}`);
    await client.query(`grant pps_app to ${role}`);
  } finally {
    await client.end();
  }
}

export function migrationsFolder(): string {
  return path.join(packageRoot(), 'database', 'migrations');
}

/** The folder of package.json, whether this runs from the sources or from dist/. */
function packageRoot(): string {
  for (let folder = __dirname; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'package.json'))) return folder;
    if (folder === path.dirname(folder)) throw new Error('package.json was not found above database/setup.');
  }
}
