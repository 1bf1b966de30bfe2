/** The programs and ad accounts of the random stories: as they are published, and what follows, worked out by hand. */
import type { ProgramDefinition } from '../../program/definition';
import { newAdvertiser, unusedAdvertiserId } from './advertisers';
import type { TestService } from './testService';

/** Where the programs differ. */
export interface ModelRules {
  missedFacts: MissingPolicy;
  noSpend: MissingPolicy;
  latePayoutDate: 'pay_at_once' | 'next_in_calendar';
  approvalOf: 'large credits' | 'every credit';
  deferral: { maximum: number; by: ('partner' | 'admin')[] };
  /** `away`: until it comes back, no payout gets as far as its submission. */
  rail: 'there' | 'away';
}

export type MissingPolicy = { then: 'close' } | { then: 'roll_on'; atMost: number };

interface ModelAccount {
  country: string;
  currency: string;
  timezone: string;
  status?: string;
  /** Of each month of the calendar, in major units. */
  spend: string;
  /** What follows from it by the tables of pps-demo; amounts in minor units. */
  means:
    | { credit: number; bonus: number; threshold: number }
    | { noCredit: 'NO_SPEND_IN_PERIOD' | 'BELOW_MINIMUM_SPEND' }
    | { fault: 'ADVERTISER_SUSPENDED' | 'REGION_NOT_ELIGIBLE' | 'CURRENCY_MISMATCH' };
}

const NEW_YORK = { country: 'US', currency: 'USD', timezone: 'America/New_York' };
const LONDON = { country: 'GB', currency: 'GBP', timezone: 'Europe/London' };
const SAO_PAULO = { country: 'BR', currency: 'BRL', timezone: 'America/Sao_Paulo' };

const ACCOUNTS = {
  usual: { ...NEW_YORK, spend: '12480.00', means: { credit: 400_000, bonus: 50_000, threshold: 500_000 } },
  large: { ...NEW_YORK, spend: '25000.00', means: { credit: 500_000, bonus: 50_000, threshold: 500_000 } },
  british: { ...LONDON, spend: '8000.00', means: { credit: 320_000, bonus: 40_000, threshold: 400_000 } },
  small: { ...NEW_YORK, spend: '999.99', means: { noCredit: 'BELOW_MINIMUM_SPEND' } },
  idle: { ...NEW_YORK, spend: '0.00', means: { noCredit: 'NO_SPEND_IN_PERIOD' } },
  suspended: {
    ...{ ...NEW_YORK, status: 'STATUS_LIMIT', spend: '12480.00' },
    means: { fault: 'ADVERTISER_SUSPENDED' },
  },
  brazilian: { ...SAO_PAULO, spend: '12480.00', means: { fault: 'REGION_NOT_ELIGIBLE' } },
  inOtherCurrency: {
    ...{ ...NEW_YORK, currency: 'CAD', spend: '12480.00' },
    means: { fault: 'CURRENCY_MISMATCH' },
  },
} satisfies Record<string, ModelAccount>;

/** The ad platform does not know the id of `unknown`. */
export type AccountName = keyof typeof ACCOUNTS | 'unknown';

export function accountNamed(name: AccountName): ModelAccount | null {
  return name === 'unknown' ? null : ACCOUNTS[name];
}

/** Opens the ad accounts in the sandbox of a service; the advertiser id of each. */
export async function openAccounts(t: TestService): Promise<Record<AccountName, string>> {
  const ids = { unknown: unusedAdvertiserId() } as Record<AccountName, string>;
  for (const [name, account] of Object.entries<ModelAccount>(ACCOUNTS)) {
    ids[name as AccountName] = await newAdvertiser(t, { ...account, monthlySpend: account.spend });
  }
  return ids;
}

/** pps-demo with these rules and with the four months of the calendar below. */
export function definitionOf({ definition }: TestService, rules: ModelRules): Partial<ProgramDefinition> {
  const { missedFacts, noSpend, latePayoutDate, approvalOf, deferral } = rules;
  const credit = definition.credit.map((table) => ({ ...table, approvalThreshold: '1' }));
  return {
    ...(approvalOf === 'every credit' && { credit }),
    calendar: definition.calendar.slice(0, 4),
    window: { from: '2023-10-01', to: '2024-01-31' },
    policies: { missedFacts, noSpend, latePayoutDate: { then: latePayoutDate } },
    deferral,
  };
}

export const OPENS_AT = Date.parse('2023-10-12T16:00:00Z');

/** By calculation month: the day on which its last day is 48 hours over, and the first instant of the payout date. */
const CALENDAR: Record<string, { calculatedOn: string; payoutAt: string }> = {
  '2023-11': { calculatedOn: '2023-12-03', payoutAt: '2023-12-15T08:00:00Z' },
  '2023-12': { calculatedOn: '2024-01-03', payoutAt: '2024-01-15T08:00:00Z' },
  '2024-01': { calculatedOn: '2024-02-03', payoutAt: '2024-02-15T08:00:00Z' },
  '2024-02': { calculatedOn: '2024-03-03', payoutAt: '2024-03-15T07:00:00Z' },
};
export const FIRST_MONTH = '2023-11';
export const LAST_MONTH = '2024-02';

/** The hour in UTC at which a day begins, in these winter months. */
const MIDNIGHT: Record<string, string> = {
  'America/Los_Angeles': '08', // the program's, where the ad account is not known
  'America/New_York': '05',
  'America/Sao_Paulo': '03',
  'Europe/London': '00',
};

export interface Period {
  month: string;
  calculationAt: number;
  payoutAt: number;
}

/** The period of a month for this ad account; undefined if the calendar has no such month. */
export function periodOf(month: string, account: AccountName): Period | undefined {
  const row = CALENDAR[month];
  if (!row) return undefined;
  const midnight = MIDNIGHT[accountNamed(account)?.timezone ?? 'America/Los_Angeles'];
  return {
    month,
    calculationAt: Date.parse(`${row.calculatedOn}T${midnight}:00:00Z`),
    payoutAt: Date.parse(row.payoutAt),
  };
}

export function monthAfter(month: string): string | undefined {
  return Object.keys(CALENDAR).find((other) => other > month);
}

/** The first payout date of a later month that is still to come. */
export function nextPayoutDate(month: string, now: number): number | undefined {
  return Object.entries(CALENDAR)
    .filter(([other]) => other > month)
    .map(([, { payoutAt }]) => Date.parse(payoutAt))
    .find((date) => date > now);
}
