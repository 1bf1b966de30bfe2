/** What `npm start` prints when everything is up: where it is, with which keys, and what to try first. */
import type { ProgramDefinition } from '../program/definition';
import { DEVELOPMENT_KEYS } from './settings';

export function printGuide(up: {
  apiUrl: string;
  temporalUiUrl: string;
  sandboxUrl: string;
  logDirectory: string;
  definition: ProgramDefinition;
}): void {
  const { apiUrl, definition } = up;
  const keys = DEVELOPMENT_KEYS.map(({ key, role }) => `  ${role.padEnd(9)} ${key}`).join('\n');
  console.log(`
API          ${apiUrl}
Temporal UI  ${up.temporalUiUrl}
Sandbox      ${up.sandboxUrl}   (plays TikTok and the payout rail)
Logs         ${up.logDirectory}

Development keys
${keys}

Program ${definition.id} (amounts and dates are illustrative); its clock stands still until it is advanced. Try:

curl ${apiUrl}/v1/enrollments -H 'Authorization: Bearer pps_dev_caller_shop-app' -H 'Content-Type: application/json' -d '${firstForm(definition)}'

curl ${apiUrl}/v1/programs/${definition.id}/clock -H 'Authorization: Bearer pps_dev_admin_ana' -H 'Content-Type: application/json' -d '{"advanceTo":"2023-12-04T00:00:00Z"}'

Ctrl-C stops everything; the data stay in .data/ (npm start -- --fresh empties it).
`);
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
