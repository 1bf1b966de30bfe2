/** How the values of a definition are called and read, for people who compare two revisions. */
import type { AmountTable, Pay, ProgramDefinition } from '../definition';
import { formatAmount, parseDecimal } from '../money';

/** What names and amounts depend on besides the value itself. */
export interface Scope {
  /** Regions that have tables in several currencies in the revisions compared. */
  regionsInSeveralCurrencies: ReadonlySet<string>;
  /** Of the amounts here; empty outside of tables and budgets. */
  currency: string;
}

/** The parameters are values of the place for which the words are. */
export interface Words {
  /** Stands behind the name of what the value is in; empty: goes by that name alone. */
  name?: string;
  /** What the number or numbers are, in the plural. */
  unit?: string;
  /** Reads the value as one amount, without its currency. */
  money?: (value: never, currency: string) => string;
  /** Names a member of this list or record by what identifies it; of equal names are equal members. */
  member?: (value: never, key: string, scope: Scope) => string;
  /** Tells members apart that are named by position, in lists of different lengths. */
  identity?: (value: never) => string;
  /** Stands behind the name of a member that is added or removed as a whole. */
  whole?: string;
  /** It is told by the name of what it is in. */
  isInName?: true;
}

const money = (amount: string, currency: string) =>
  formatAmount({ amountMinor: parseDecimal(amount, currency), currency });

const pay = ({ amount, percent, upTo }: Pay, currency: string) =>
  amount === undefined ? `${percent} % up to ${money(upTo!, currency)}` : money(amount, currency);

const named =
  (kind: string) =>
  ({ id }: { id: string }) =>
    `${kind} "${id}"`;

const isInName = true;

/** By JSON pointer, `*` for any member of a list or record; in the order of the definition, which is that of the lines. */
export const WORDS: Readonly<Record<string, Words>> = {
  '/schemaVersion': { name: 'schema version' },
  '/id': {},
  '/name': {},
  '/notice': {},
  '/window': {},
  '/window/from': {},
  '/window/to': {},
  '/timeZone': { name: 'time zone' },
  '/supportMail': { name: 'support mail' },
  '/partners': { member: named('partner') },
  '/partners/*/id': { isInName },
  '/partners/*/attributionPrompts': { name: 'attribution prompts' },
  '/storePlatforms': { name: 'store platforms', member: (id: string) => `store platform ${id}` },
  '/regions': { member: (_: string[], region: string) => `region ${region}` },
  '/regions/*': { member: (country: string) => `country ${country}` },
  '/calendar': {
    // The colon ends the name: `calendar 2023-11: payout date 2024-01-15 → 2024-01-20`.
    member: ({ enrollmentMonth }: { enrollmentMonth: string }) => `calendar ${enrollmentMonth}:`,
  },
  '/calendar/*/enrollmentMonth': { isInName },
  '/calendar/*/periodFrom': { name: 'period from' },
  '/calendar/*/periodTo': { name: 'period to' },
  '/calendar/*/payoutDate': { name: 'payout date' },
  '/rollingPeriod': { name: 'rolling period' },
  '/rollingPeriod/days': { name: 'length', unit: 'days' },
  '/rollingPeriod/payoutAfterDays': { name: 'payout after', unit: 'days' },
  '/rollingPeriod/lastMonth': { name: 'last month' },
  '/spendBasis': { name: 'spend basis' },
  '/lookBackDays': { name: 'look-back', unit: 'days' },
  '/settlementDelayHours': { name: 'settlement delay', unit: 'hours' },
  '/credit': {
    name: 'tables of amounts',
    member: ({ region, currency }: AmountTable, _: string, { regionsInSeveralCurrencies }: Scope) =>
      regionsInSeveralCurrencies.has(region) ? `${region} ${currency}` : region,
  },
  '/credit/*': { whole: 'table' },
  '/credit/*/region': { isInName },
  '/credit/*/currency': { isInName },
  '/credit/*/tiers': {
    name: '',
    member: (_: unknown, index: string) => `tier ${Number(index) + 1}`,
    identity: ({ from }: { from: string }) => from,
  },
  '/credit/*/tiers/*/pays': { name: '', money: pay },
  '/credit/*/tiers/*/from': { money },
  '/credit/*/bonuses': { name: '', member: (_: Pay, id: string) => `bonus "${id}"` },
  '/credit/*/bonuses/*': { name: '', money: pay },
  '/credit/*/cap': { money },
  '/credit/*/approvalThreshold': { name: 'approval threshold', money },
  '/rounding': {},
  '/bonuses': { member: named('bonus') },
  '/bonuses/*/id': { isInName },
  '/bonuses/*/name': {},
  '/bonuses/*/when': {},
  '/bonuses/*/when/storePlatformNot': { name: 'store platform is not' },
  '/bonuses/*/when/surveyPartner': { name: 'survey partner is' },
  '/budgets': {
    member: ({ currency, regions }: ProgramDefinition['budgets'][number]) =>
      regions ? `${currency} budget of ${[...regions].sort().join(', ')}` : `${currency} budget`,
  },
  '/budgets/*/currency': { isInName },
  '/budgets/*/amount': { name: '', money },
  '/budgets/*/regions': { isInName, member: (region: string) => `region ${region}` },
  '/creditExpiryDays': { name: 'credit expiry', unit: 'days' },
  '/payoutSpreadMinutes': { name: 'payout spread', unit: 'minutes' },
  '/deferral': {},
  '/deferral/maximum': { name: 'limit' },
  '/deferral/by': {},
  '/policies': { name: '' },
  '/policies/missedFacts': { name: 'on missed facts' },
  '/policies/missedFacts/then': { name: '' },
  '/policies/missedFacts/atMost': { name: 'moves at most' },
  '/policies/noSpend': { name: 'on no spend' },
  '/policies/noSpend/then': { name: '' },
  '/policies/noSpend/atMost': { name: 'moves at most' },
  '/policies/latePayoutDate': { name: 'on a late payout date' },
  '/policies/latePayoutDate/then': { name: '' },
  '/reminders': { name: '' },
  '/reminders/advertiserDays': { name: 'advertiser reminders', unit: 'days' },
  '/reminders/partnerDays': { name: 'partner reminders', unit: 'days' },
  '/reminders/approverDays': { name: 'approver reminders', unit: 'days' },
  '/questionnaire': { name: '' },
  '/questionnaire/questions': { member: named('question') },
  '/questionnaire/questions/*/id': { isInName },
  '/sharedStoreHosts': { name: 'shared store hosts', member: (host: string) => `shared store host ${host}` },
  '/dataSharing': { name: 'data sharing' },
  '/dataSharing/textVersion': { name: 'text version' },
  '/rail': {},
  '/testClock': { name: 'test clock' },
  '/testClock/startsAt': { name: 'starts at' },
};

/** A definition in which what a tier pays, fixed or a percentage, is one value. */
export function asRead(definition: ProgramDefinition) {
  return {
    ...definition,
    credit: definition.credit.map((table) => ({
      ...table,
      tiers: table.tiers.map(({ amount, percent, upTo, ...rest }) => ({
        pays: { amount, percent, upTo },
        ...rest,
      })),
    })),
  };
}
