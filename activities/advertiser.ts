/** Looking up the ad account, and what follows from where it is. */
import type { Database } from '../database/pool';
import { calendarFor, planFor } from '../program/calendar';
import { amountTableOf, minimumSpendMinor, regionOf } from '../program/credit';
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
  const { programId, programRevision, advertiserId, enrolledOn, month, calendarRevision } = request;
  const found = await thirdPartyCall(() => adPlatform.lookUp(advertiserId));
  if (found.outcome === 'not_located') return { located: false };
  const terms = await readProgram(database.pool, programId, programRevision);
  const calendar = await readProgram(database.pool, programId, calendarRevision);
  const plan = planFor(calendarFor(calendar.definition, enrolledOn), month, found.account.timeZone);
  if (!plan)
    throw new Error(
      `Revision ${calendarRevision} of program ${programId} has no calculation month ${month}.`,
    );
  const { country, currency } = found.account;
  const region = regionOf(terms.definition.regions, country);
  const table = region === null ? undefined : amountTableOf(terms.definition, region, currency);
  return {
    located: true,
    account: found.account,
    region,
    minimumSpend: table ? { amountMinor: minimumSpendMinor(table), currency } : null,
    period: periodFacts(plan, calendarRevision),
  };
}
