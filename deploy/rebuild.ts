/**
 * Rebuilds the read model of all open enrollments from Temporal, for use after a restore of PostgreSQL. API and worker may
 * run meanwhile, and the worker must, because it answers for the workflows. Runs as often as you like:
 *
 *   node dist/deploy/rebuild.js
 */
import { compareOne, type Compared } from '../activities/compareOne';
import { openReadModels, isKnown } from '../database/comparison';
import { createDatabase, type Database } from '../database/pool';
import { readRebuildSettings } from '../settings/settings';
import { connectTemporal } from '../temporal/connection';
import { createWorkflowWatch } from '../temporal/visibility';

/** Asked side by side; each may cost a worker a replay. */
const PAGE = 10;

async function main(): Promise<void> {
  const settings = readRebuildSettings();
  const database = createDatabase({ connectionString: settings.databaseUrl });
  const temporal = connectTemporal(settings.temporal);
  const workflows = createWorkflowWatch(temporal, settings.temporal);
  try {
    const counts = await compareAll(database, workflows);
    const lost = await reportLost(database, workflows);
    console.log(
      Object.entries(counts)
        .map(([outcome, count]) => `${outcome}: ${count}`)
        .join(', '),
    );
    if (counts.unknown > 0)
      console.log('The unknown ones did not answer: see that a worker runs, and run this again.');
    if (counts.unknown > 0 || lost > 0) process.exitCode = 1;
  } finally {
    await temporal.connection.close();
    await database.close();
  }
}

/** Goes through PostgreSQL's open enrollments, also those that have ended in Temporal since the backup. */
async function compareAll(
  database: Database,
  workflows: ReturnType<typeof createWorkflowWatch>,
): Promise<Record<Compared, number>> {
  const counts: Record<Compared, number> = { equal: 0, repaired: 0, differs: 0, missing: 0, unknown: 0 };
  let done = 0;
  for (let after: string | null = null; ;) {
    const page = await openReadModels(database.pool, after, PAGE);
    for (const compared of await Promise.all(page.map((row) => compareOne({ database, workflows }, row))))
      counts[compared] += 1;
    done += page.length;
    console.log(`${done} compared, ${counts.repaired} rebuilt`);
    if (page.length < PAGE) return counts;
    after = page.at(-1)!.enrollmentId;
  }
}

/** Says which open workflows PostgreSQL has no enrollment for: their forms came after the backup and are gone. */
async function reportLost(
  { pool }: Database,
  workflows: ReturnType<typeof createWorkflowWatch>,
): Promise<number> {
  let lost = 0;
  for await (const workflowId of workflows.open()) {
    const seen = await workflows.look(workflowId);
    const projection = seen.kind === 'seen' ? await seen.projection() : undefined;
    const enrollmentId = projection?.state.enrollmentId;
    if (await isKnown(pool, { workflowId, enrollmentId })) continue;
    lost += 1;
    console.log(
      `${workflowId} is open in Temporal and not in PostgreSQL: ask for its form again, then terminate it.`,
    );
  }
  return lost;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
