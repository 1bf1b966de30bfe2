/** Joins the activities; worker/ passes in what they depend on. */
import type { Keyring } from '../database/keyring';
import type { Database } from '../database/pool';
import { createAdvertiserActivities } from './advertiser';
import { createComparisonActivities } from './comparison';
import { createMeasureActivities } from './measure';
import { createPayoutActivities } from './payout';
import { createPartnerKeyActivities } from './partnerKey';
import type { AdPlatform, PartnerKeyChecker, PayoutRail, WorkflowWatch } from './ports';
import { createCancelPayout } from './submittedCredit';
import { createReadModelActivities } from './readModel';
import type { ComparisonActivities, LocalActivities, MainActivities, PayoutActivities } from './types';

export interface ActivityDeps {
  database: Database;
  keyring: Keyring;
  workflows: WorkflowWatch;
  adPlatform: AdPlatform;
  /** By survey partner. */
  partnerKeyCheckers: ReadonlyMap<string, PartnerKeyChecker>;
  /** By the name that program definitions use. */
  rails: ReadonlyMap<string, PayoutRail>;
}

export function createActivities(deps: ActivityDeps): {
  main: LocalActivities & MainActivities & ComparisonActivities;
  /** For the payout task queue. */
  payout: PayoutActivities;
} {
  return {
    main: {
      ...createReadModelActivities(deps),
      ...createAdvertiserActivities(deps),
      ...createMeasureActivities(deps),
      ...createPartnerKeyActivities(deps),
      ...createCancelPayout(deps),
      ...createComparisonActivities(deps),
    },
    payout: createPayoutActivities(deps),
  };
}
