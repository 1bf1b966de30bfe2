/**
 * Prepares a database and a Temporal namespace, and publishes program definitions; runs as often as you like:
 *
 *   node dist/deploy/setup.js [definition.json ...]
 */
import { readFile } from 'node:fs/promises';
import { createDatabase } from '../database/pool';
import { publishRevision } from '../database/programs';
import { admitApplication, migrate } from '../database/setup';
import type { ProgramDefinition } from '../program/definition';
import { parseDefinition } from '../program/parseDefinition';
import { mayRunOnTestClock, readSetupSettings } from '../settings/settings';
import { scheduleComparison } from '../temporal/schedule';
import { prepareNamespace } from '../temporal/setup';

async function main(files: string[]): Promise<void> {
  const settings = readSetupSettings();
  const { databaseAdminUrl, databaseUrl, temporal, retentionDays, comparison, testClockPrograms } = settings;
  const definitions = await Promise.all(files.map(readDefinition));
  for (const { id, testClock } of definitions) {
    if (testClock && !mayRunOnTestClock(testClockPrograms, id))
      throw new Error(`Program ${id} runs on a test clock; in production name it in TEST_CLOCK_PROGRAMS.`);
  }
  await migrate(databaseAdminUrl);
  await admitApplication(databaseAdminUrl, databaseUrl);
  console.log('database ready');
  await prepareNamespace(temporal, retentionDays);
  console.log(`Temporal namespace ${temporal.namespace} ready, retention ${retentionDays} days`);
  await scheduleComparison(temporal, comparison);
  console.log(
    `schedule ${comparison.scheduleId}: every ${comparison.everyMinutes} min on ${temporal.taskQueue}`,
  );
  for (const definition of definitions) {
    const revision = await publishDefinition(databaseUrl, definition);
    console.log(`program ${definition.id}: revision ${revision}`);
  }
}

/** Throws an error that names the file. */
async function readDefinition(file: string): Promise<ProgramDefinition> {
  const text = await readFile(file, 'utf8');
  try {
    return parseDefinition(JSON.parse(text));
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

async function publishDefinition(databaseUrl: string, definition: ProgramDefinition): Promise<number> {
  const database = createDatabase({ connectionString: databaseUrl });
  try {
    const { revision } = await database.transaction((client) =>
      publishRevision(client, definition, { publishedBy: 'setup' }),
    );
    return revision;
  } finally {
    await database.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
