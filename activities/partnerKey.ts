/** The submitted API key of a survey partner: whether it opens the account, and whether the template is published there. */
import type { Keyring } from '../database/keyring';
import { readPartnerKey } from '../database/partnerKeys';
import type { Database } from '../database/pool';
import { asksAttribution } from '../program/partnerKey';
import type { PartnerKeyChecker } from './ports';
import { readProgram } from './terms';
import { thirdPartyCall } from './thirdPartyCall';
import type { KeyCheckAnswer, KeyCheckRequest, MainActivities } from './types';

interface Deps {
  database: Database;
  keyring: Keyring;
  /** By the id that program definitions give the survey partner. */
  partnerKeyCheckers: ReadonlyMap<string, PartnerKeyChecker>;
}

export function createPartnerKeyActivities(deps: Deps): Pick<MainActivities, 'checkPartnerKey'> {
  return { checkPartnerKey: (request) => checkPartnerKey(deps, request) };
}

async function checkPartnerKey(
  { database, keyring, partnerKeyCheckers }: Deps,
  request: KeyCheckRequest,
): Promise<KeyCheckAnswer> {
  const { programId, programRevision, surveyPartner } = request;
  const checker = partnerKeyCheckers.get(surveyPartner);
  if (!checker)
    throw new Error(
      `This worker cannot check keys of ${surveyPartner}: publish it as an attested survey partner, or add a check.`,
    );
  const { definition } = await readProgram(database.pool, programId, programRevision);
  const partner = definition.partners.find(({ id }) => id === surveyPartner);
  const apiKey = await readPartnerKey(database.pool, keyring, request);
  const answer = await thirdPartyCall(() => checker.check(apiKey));
  if (answer.outcome === 'invalid') return { outcome: 'invalid', template: 'not_found' };
  const isThere = asksAttribution(answer.publishedPrompts, partner?.attributionPrompts ?? []);
  return { outcome: 'valid', template: isThere ? 'found' : 'not_found' };
}
