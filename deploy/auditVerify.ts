/**
 * Verifies the audit and names the first entry that is not as it was written. The service may run meanwhile:
 *
 *   node dist/deploy/auditVerify.js [heads.json] [--json]
 *
 * Exit code 0: all is well; 1: the audit is broken; 2: its settings or the file cannot be used; 4: PostgreSQL cannot be reached,
 * or cannot do it now.
 *
 * It prints how many entries it has seen; with a file it also checks that the ends of the chains that an earlier run has
 * written there exist still, and writes those of today. Keep that file where nobody who can change the database can change it:
 * without it, chains that were cut or written anew together with their heads look whole.
 */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { verifyAudit, type Head } from '../database/audit';
import { CommandFailure } from '../cli/failure';
import { createDatabase } from '../database/pool';
import { readAuditSettings } from '../settings/settings';
import { messageOf } from './doctor/finding';
import { placeOf, remedyOf } from './doctor/postgres';

/** A page of a long audit takes longer than a request may. */
const STATEMENT_MS = 60_000;

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    options: { json: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const [file] = positionals;
  const { databaseUrl } = readAuditSettings();
  const database = createDatabase({ connectionString: databaseUrl });
  try {
    const known = file !== undefined && existsSync(file) ? await readHeads(file) : [];
    const { entries, heads, broken } = await database
      .transaction(async (db) => {
        await db.query('set transaction isolation level repeatable read, read only');
        return verifyAudit(db, known);
      }, STATEMENT_MS)
      .catch((error: Error) => {
        throw notVerified(error, databaseUrl);
      });
    if (!broken && file !== undefined) await writeFile(file, `${JSON.stringify(heads, null, 1)}\n`);
    const outcome = { entries, chains: heads.length, earlierEnds: known.length, broken };
    if (values.json) console.log(JSON.stringify(outcome, null, 2));
    else say(outcome, file);
    if (broken) process.exitCode = 1;
  } finally {
    await database.close();
  }
}

/** Classes of PostgreSQL's codes that no later try gets past: role and password, database, tables and rights. */
const OF_THE_SETTINGS = ['28', '3D', '42'];

function notVerified(error: Error & { code?: unknown }, databaseUrl: string): CommandFailure {
  const isOfSettings = OF_THE_SETTINGS.includes(String(error.code).slice(0, 2));
  const sentence = `PostgreSQL at ${placeOf(databaseUrl)}: ${messageOf(error)}. ${remedyOf(error)}`;
  return new CommandFailure(isOfSettings ? 2 : 4, [sentence], { cause: error });
}

type Outcome = Omit<Awaited<ReturnType<typeof verifyAudit>>, 'heads'> & {
  chains: number;
  earlierEnds: number;
};

function say({ entries, chains, earlierEnds, broken }: Outcome, file: string | undefined): void {
  if (broken) {
    console.error(`The audit is broken: entry ${broken.position} of ${broken.chain}: ${broken.reason}.`);
    return;
  }
  console.log(`${entries} entries in ${chains} chains are as they were written.`);
  if (file !== undefined)
    console.log(`${earlierEnds} earlier ends are there; those of today are in ${file}.`);
}

const headList = z.array(
  z.strictObject({ chain: z.string(), position: z.int().min(1), hash: z.string().regex(/^[0-9a-f]{64}$/) }),
);

/** Throws an error that names the file. */
async function readHeads(file: string): Promise<Head[]> {
  try {
    return headList.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    throw new Error(`${file} is not a list that this command has written.`, { cause: error });
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof CommandFailure ? error.exitCode : 2;
});
