/** The ad platform: which ad account an advertiser id stands for, and what it spent. */
import type { LookUpOutcome, SpendRow } from '../program/adAccount';
import { lookUpAdAccount } from './tiktokAdAccount';
import { createTikTokCall, type TikTokOptions } from './tiktokCall';
import { readDailySpend, type SpendRequest } from './tiktokSpend';

export interface TikTok {
  /** Throws ThirdPartyError when the question could not be answered; "not located" is an answer. */
  lookUp(advertiserId: string): Promise<LookUpOutcome>;
  /** The days that the report holds, in order, each at most once. Throws ThirdPartyError, never returns a part. */
  readSpend(request: SpendRequest): Promise<SpendRow[]>;
}

export function createTikTok(options: TikTokOptions): TikTok {
  const call = createTikTokCall(options);
  return {
    lookUp: (advertiserId) => lookUpAdAccount(call, advertiserId),
    readSpend: (request) => readDailySpend(call, request),
  };
}
