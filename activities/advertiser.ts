/** Looking up the ad account, and what follows from where it is. */
import type { Database } from '../database/pool';
import { planFor } from '../program/calendar';
import { regionOf } from '../program/credit';
import type { AdPlatform } from './ports';
import { periodFacts, readProgram } from './terms';
import { thirdPartyCall } from './thirdPartyCall';
import type { LookUpAnswer, LookUpRequest, MainActivities } from './types';

interface Deps {
  database: Database;
  adPlatform: AdPlatform;
}

export function createAdvertiserActivities(deps: Deps): Pick<MainActivities, 'lookUpAdvertiser'> {
  return { lookUpAdvertiser: (request) => lookUpAdvertiser(deps, request) };
}

/** The region is the pinned revision's, the period that of the calendar in use, in the account's time zone. */
export async function lookUpAdvertiser(
  { database, adPlatform }: Deps,
  request: LookUpRequest,
): Promise<LookUpAnswer> {
  const { programId, programRevision, advertiserId, month, calendarRevision } = request;
  const found = await thirdPartyCall(() => adPlatform.lookUp(advertiserId));
  if (found.outcome === 'not_located') return { located: false };
  const terms = await readProgram(database.pool, programId, programRevision);
  const calendar = await readProgram(database.pool, programId, calendarRevision);
  const plan = planFor(calendar.definition, month, found.account.timeZone);
  if (!plan)
    throw new Error(
      `Revision ${calendarRevision} of program ${programId} has no calculation month ${month}.`,
    );
  return {
    located: true,
    account: found.account,
    region: regionOf(terms.definition.regions, found.account.country),
    period: periodFacts(plan, calendarRevision),
  };
}
