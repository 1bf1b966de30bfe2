/**
 * `npm run record`: plays each story of recordedStories.ts on throw-away servers, or those that are named (`-- deferral
 * signals`), and writes its history to test/histories/. The tests replay these with the workflow of today
 * (test/replay.test.ts); docs/changing-the-workflow.md says when to record.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { Pool } from 'pg';
import type { ProgramDefinition } from '../program/definition';
import { parseDefinition } from '../program/parseDefinition';
import { PATCHES } from '../workflows/patches';
import { createApiClient } from './apiClient';
import { prepareDatabase, publish } from './database';
import type { Stage } from './recordedStage';
import { STORIES } from './recordedStories';
import { startSandbox } from './sandbox/server';
import { NAMESPACE, startScratchServers } from './servers';
import { freeServicePorts, startService } from './service';
import { definitionFile } from './settings';
import { projectRoot } from './stack/projectRoot';

class UnknownStory extends Error {}

async function main(): Promise<void> {
  const stories = storiesNamed(process.argv.slice(2));
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const set = await setTheStage(stops);
    const directory = join(projectRoot(), 'test', 'histories');
    await mkdir(directory, { recursive: true });
    for (const [name, play] of stories) {
      const workflow = await play(await set(name));
      const file = join(directory, `${name}.json`);
      await writeFile(file, asText(await workflow.fetchHistory()));
      console.log(file);
    }
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

function storiesNamed(names: string[]) {
  const unknown = names.filter((name) => !Object.hasOwn(STORIES, name));
  if (unknown.length === 0)
    return Object.entries(STORIES).filter(([name]) => names.length === 0 || names.includes(name));
  throw new UnknownStory(
    `There is no story ${unknown.join(', ')}. The stories are ${Object.keys(STORIES).join(', ')}.`,
  );
}

/** Brings everything up; the returned function gives each story a program of its own, on a clock that stands still. */
async function setTheStage(stops: (() => Promise<unknown>)[]): Promise<(story: string) => Promise<Stage>> {
  const servers = await startScratchServers((line) => console.log(line));
  stops.push(() => servers.stop());
  const logDirectory = await mkdtemp(join(tmpdir(), 'pps-record-'));
  stops.push(() => rm(logDirectory, { recursive: true, force: true }));
  const sandbox = await startSandbox({ port: 0 });
  stops.push(() => sandbox.stop());
  const database = await prepareDatabase(servers.postgresAdminUrl, `record_${process.pid}`);
  const db = new Pool({ connectionString: database.databaseAdminUrl, max: 2 });
  stops.push(() => db.end());
  const service = await startService({
    databaseUrl: database.databaseUrl,
    temporalAddress: servers.temporalAddress,
    temporalUiUrl: servers.temporalUiUrl,
    temporalNamespace: NAMESPACE,
    taskQueue: 'recorded',
    sandboxUrl: sandbox.url,
    ...(await freeServicePorts()),
    logDirectory,
    // A new recording goes the newest way.
    environment: { ACTIVE_PATCHES: PATCHES.join(',') },
  });
  stops.push(() => service.stop());
  const connection = await Connection.connect({ address: servers.temporalAddress });
  stops.push(() => connection.close());

  const shipped = parseDefinition(JSON.parse(await readFile(definitionFile('pps-demo'), 'utf8')));
  const as = (key: string) => createApiClient(service.apiUrl, key);
  return async (story) => {
    const definition: ProgramDefinition = { ...shipped, id: story };
    const programFrom = Date.parse(definition.testClock!.startsAt);
    await publish(database.databaseUrl, definition, [{ realFrom: Date.now(), programFrom, speed: 0 }]);
    return {
      definition,
      caller: as('pps_dev_caller_shop-app'),
      partner: as('pps_dev_partner_kno'),
      admin: as('pps_dev_admin_ana'),
      approver: as('pps_dev_approver_bo'),
      temporal: new Client({ connection, namespace: NAMESPACE }),
      db,
      sandboxUrl: sandbox.url,
    };
  };
}

const { History } = temporal.api.history.v1;

/**
 * As History.fromObject reads it, one event a line. Process ids and host names of the recording machine are nobody's
 * business.
 */
function asText(history: temporal.api.history.v1.IHistory): string {
  const { events } = History.toObject(History.fromObject(history), {
    longs: String,
    enums: String,
    bytes: String,
  }) as { events: unknown[] };
  const lines = events.map((event) =>
    JSON.stringify(event, (key, value: unknown) =>
      key === 'identity' || (key === 'name' && /^\d+@/.test(String(value))) ? 'recorder' : value,
    ),
  );
  return `{"events":[\n${lines.join(',\n')}\n]}\n`;
}

main().catch((error: unknown) => {
  console.error(error instanceof UnknownStory ? error.message : error);
  process.exitCode = 1;
});
