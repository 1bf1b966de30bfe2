/**
 * Prepares a database and a Temporal namespace, and publishes program definitions; runs as often as you like:
 *
 *   node dist/deploy/setup.js [definition.json ...]
 */
import { readFile } from 'node:fs/promises';
import { createDatabase } from '../database/pool';
import { publishRevision } from '../database/programs';
import { admitApplication, migrate } from '../database/setup';
import { initialClock } from '../program/clock';
import { parseDefinition } from '../program/parseDefinition';
import { readSetupSettings } from '../settings/settings';
import { prepareNamespace } from '../temporal/setup';

async function main(files: string[]): Promise<void> {
  const { databaseAdminUrl, databaseUrl, temporal, retentionDays } = readSetupSettings();
  await migrate(databaseAdminUrl);
  await admitApplication(databaseAdminUrl, databaseUrl);
  console.log('database ready');
  await prepareNamespace(temporal, retentionDays);
  console.log(`Temporal namespace ${temporal.namespace} ready, retention ${retentionDays} days`);
  for (const file of files) {
    const revision = await publishFile(databaseUrl, file);
    console.log(`${file}: revision ${revision}`);
  }
}

async function publishFile(databaseUrl: string, file: string): Promise<number> {
  const definition = parseDefinition(JSON.parse(await readFile(file, 'utf8')));
  const database = createDatabase({ connectionString: databaseUrl });
  try {
    return await database.transaction((client) =>
      publishRevision(client, definition, 'setup', initialClock(definition.testClock, Date.now())),
    );
  } finally {
    await database.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
