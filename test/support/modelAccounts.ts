/** The ad accounts that the model of the process knows, and the same in the sandbox. */
import { newAdvertiser, unusedAdvertiserId } from './advertisers';
import type { TestService } from './testService';

export interface ModelAccount {
  country: string;
  currency: string;
  timezone: string;
  status?: string;
  /** Of each month of the calendar, in major units. */
  spend: string;
  /** What follows from it by the program's definition, worked out by hand; amounts in minor units. */
  means:
    | { credit: number; bonus: number; threshold: number }
    | { noCredit: 'NO_SPEND_IN_PERIOD' | 'BELOW_MINIMUM_SPEND' }
    | { fault: 'ADVERTISER_SUSPENDED' | 'REGION_NOT_ELIGIBLE' | 'CURRENCY_MISMATCH' };
}

const NEW_YORK = { country: 'US', currency: 'USD', timezone: 'America/New_York' };
const LONDON = { country: 'GB', currency: 'GBP', timezone: 'Europe/London' };
const SAO_PAULO = { country: 'BR', currency: 'BRL', timezone: 'America/Sao_Paulo' };

/** All but `unknown`, whose id the ad platform does not know. */
export const ACCOUNTS: Record<Exclude<AccountName, 'unknown'>, ModelAccount> = {
  usual: { ...NEW_YORK, spend: '12480.00', means: { credit: 400_000, bonus: 50_000, threshold: 500_000 } },
  large: { ...NEW_YORK, spend: '25000.00', means: { credit: 500_000, bonus: 50_000, threshold: 500_000 } },
  london: { ...LONDON, spend: '8000.00', means: { credit: 320_000, bonus: 40_000, threshold: 400_000 } },
  small: { ...NEW_YORK, spend: '999.99', means: { noCredit: 'BELOW_MINIMUM_SPEND' } },
  idle: { ...NEW_YORK, spend: '0.00', means: { noCredit: 'NO_SPEND_IN_PERIOD' } },
  suspended: {
    ...NEW_YORK,
    status: 'STATUS_LIMIT',
    spend: '12480.00',
    means: { fault: 'ADVERTISER_SUSPENDED' },
  },
  elsewhere: { ...SAO_PAULO, spend: '12480.00', means: { fault: 'REGION_NOT_ELIGIBLE' } },
  inCanadianDollars: {
    ...NEW_YORK,
    currency: 'CAD',
    spend: '12480.00',
    means: { fault: 'CURRENCY_MISMATCH' },
  },
};

export type AccountName =
  'usual' | 'large' | 'london' | 'small' | 'idle' | 'suspended' | 'elsewhere' | 'inCanadianDollars' | 'unknown';

/** Opens them in the sandbox of a service; the advertiser id of each. */
export async function openAccounts(t: TestService): Promise<Record<AccountName, string>> {
  const ids = { unknown: unusedAdvertiserId() } as Record<AccountName, string>;
  for (const [name, { spend, means: _, ...plan }] of Object.entries(ACCOUNTS)) {
    ids[name as AccountName] = await newAdvertiser(t, { ...plan, monthlySpend: spend });
  }
  return ids;
}
