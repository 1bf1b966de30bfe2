/** What `npm start` prints when everything is up: where it is, with which keys, and what to try first. */
import { initialClock, programTime, type ProgramClock } from '../program/clock';
import type { ProgramDefinition } from '../program/definition';
import { DEVELOPMENT_KEYS } from './settings';

export function printGuide(up: {
  apiUrl: string;
  /** Of API and worker. */
  adminPorts: number[];
  temporalUiUrl: string;
  sandboxUrl: string;
  logDirectory: string;
  /** Of its own PostgreSQL; that of somebody else's is not printed, since it may hold a real password. */
  databaseUrl?: string | undefined;
  definition: ProgramDefinition;
  /** Not given: as it is when the program is published. */
  clock?: ProgramClock | undefined;
}): void {
  const { apiUrl, definition } = up;
  const real = Date.now();
  const clock = inWords(up.clock ?? initialClock(definition.testClock, real), real);
  const keys = DEVELOPMENT_KEYS.map(({ key, role }) => `  ${role.padEnd(9)} ${key}`).join('\n');
  const database = up.databaseUrl && `\nPostgreSQL   ${up.databaseUrl}   (DATABASE_URL of \`pps doctor\`)`;
  const metrics = up.adminPorts.map((port) => `http://127.0.0.1:${port}/metrics`).join('  ');
  console.log(`
API          ${apiUrl}
Temporal UI  ${up.temporalUiUrl}${database ?? ''}
Sandbox      ${up.sandboxUrl}   (plays TikTok and the payout rail)
Metrics      ${metrics}
Logs         ${up.logDirectory}

Development keys
${keys}

Program ${definition.id} (amounts and dates are illustrative); ${clock}.
Try this, or the tour in README.md; each is for a fresh service (npm start -- --fresh):

curl ${apiUrl}/v1/enrollments -H 'Authorization: Bearer pps_dev_caller_shop-app' -H 'Content-Type: application/json' -d '${firstForm(definition)}'

curl ${apiUrl}/v1/programs/${definition.id}/clock -H 'Authorization: Bearer pps_dev_admin_ana' -H 'Content-Type: application/json' -d '{"advanceTo":"2023-12-04T00:00:00Z"}'

Ctrl-C stops everything; the data stay in .data/ (npm start -- --fresh empties it).
`);
}

function inWords(clock: ProgramClock, real: number): string {
  const last = clock.at(-1);
  if (!last) return 'it runs on real time';
  const now = new Date(programTime(clock, real)).toISOString().replace(/\.\d+Z$/, 'Z');
  return last.speed === 0
    ? `its clock shows ${now} and stands still until it is advanced`
    : `its clock shows ${now} and runs at ${last.speed} times real time`;
}

/** Named in the README as well, the same for `npm start` and compose. */
function firstForm({ id, dataSharing }: ProgramDefinition): string {
  return JSON.stringify({
    programId: id,
    brand: { name: 'Northwind', storeUrl: 'https://www.northwind.example' },
    contact: { name: 'Nora Wind', email: 'nora@northwind.example' },
    surveyPartner: 'kno',
    storePlatform: 'woocommerce',
    advertiserId: '7012345678901234567',
    dataSharing: { authorized: true, textVersion: dataSharing.textVersion },
  });
}
