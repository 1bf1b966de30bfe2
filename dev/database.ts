/** Databases of a PostgreSQL server for development and tests: created, migrated, opened to the application's role. */
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { createDatabase } from '../database/pool';
import { publishRevision } from '../database/programs';
import { admitApplication, migrate } from '../database/setup';
import type { ProgramClock } from '../program/clock';
import type { ProgramDefinition } from '../program/definition';

export interface PreparedDatabase {
  /** The application's role: owns nothing. */
  databaseUrl: string;
  databaseAdminUrl: string;
}

/** Creates the database if it is missing, from `template` if one is given, and migrates it. */
export async function prepareDatabase(
  serverAdminUrl: string,
  name: string,
  options: { template?: string; applicationPassword?: string } = {},
): Promise<PreparedDatabase> {
  const password = options.applicationPassword ?? randomBytes(16).toString('hex');
  const application = applicationRole(name);
  await withClient(serverAdminUrl, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 0) {
      const template =
        options.template === undefined ? '' : ` template ${client.escapeIdentifier(options.template)}`;
      await client.query(`create database ${client.escapeIdentifier(name)}${template}`);
    }
  });
  const databaseAdminUrl = urlOf(serverAdminUrl, { database: name });
  const databaseUrl = urlOf(serverAdminUrl, { database: name, username: application, password });
  if (options.template === undefined) await migrate(databaseAdminUrl);
  await admitApplication(databaseAdminUrl, databaseUrl);
  await withClient(databaseAdminUrl, async (client) => {
    await client.query(
      `alter role ${client.escapeIdentifier(application)} password ${client.escapeLiteral(password)}`,
    );
  });
  return { databaseUrl, databaseAdminUrl };
}

/** Removes a database that prepareDatabase has made, with its role; whoever is still connected is cut off. */
export async function dropDatabase(serverAdminUrl: string, name: string): Promise<void> {
  await withClient(serverAdminUrl, async (client) => {
    await client.query(`drop database if exists ${client.escapeIdentifier(name)} with (force)`);
    await client.query(`drop role if exists ${client.escapeIdentifier(applicationRole(name))}`);
  });
}

function applicationRole(databaseName: string): string {
  return `pps_${databaseName}`;
}

/** Publishes a program with the clock that it is to run on. */
export async function publish(
  databaseUrl: string,
  definition: ProgramDefinition,
  clock: ProgramClock,
): Promise<number> {
  const database = createDatabase({ connectionString: databaseUrl, maximumConnections: 1 });
  try {
    const { revision } = await database.transaction((client) =>
      publishRevision(client, definition, { publishedBy: 'development' }, clock),
    );
    return revision;
  } finally {
    await database.close();
  }
}

async function withClient(connectionString: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function urlOf(serverUrl: string, parts: { database: string; username?: string; password?: string }): string {
  const url = new URL(serverUrl);
  url.pathname = `/${parts.database}`;
  if (parts.username !== undefined) url.username = parts.username;
  if (parts.password !== undefined) url.password = parts.password;
  return url.href;
}
