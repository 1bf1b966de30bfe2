/** What a fresh sandbox knows. Invented. 7012345678901234560 is left out on purpose: it is the unknown advertiser. */
import { datesBetween, spread } from './spread';
import type { Advertiser, DaySpend, Facts } from './state';

const ADVERTISERS: Advertiser[] = [
  {
    advertiser_id: '7012345678901234567',
    name: 'Northwind (sandbox)',
    country: 'US',
    currency: 'USD',
    timezone: 'America/New_York',
    display_timezone: 'America/New_York',
    status: 'STATUS_ENABLE',
  },
  {
    advertiser_id: '7012345678901234568',
    name: 'Southwind (sandbox)',
    country: 'GB',
    currency: 'GBP',
    timezone: 'Europe/London',
    display_timezone: 'Europe/London',
    status: 'STATUS_ENABLE',
  },
  {
    advertiser_id: '7012345678901234569',
    name: 'Becalmed (sandbox)',
    country: 'US',
    currency: 'USD',
    timezone: 'America/New_York',
    display_timezone: 'America/New_York',
    status: 'STATUS_LIMIT',
  },
];

/** Spend of a month, the same for each advertiser, in its own currency. */
const MONTHS: Record<string, string> = {
  '2023-10': '12311.40',
  '2023-11': '12645.75',
  '2023-12': '12480.00',
  '2024-01': '12402.18',
  '2024-02': '12519.06',
  '2024-03': '12447.93',
  '2024-04': '12566.50',
  '2024-05': '12390.27',
  '2024-06': '12501.81',
};

export function seeds(): Facts {
  return {
    advertisers: Object.fromEntries(ADVERTISERS.map((advertiser) => [advertiser.advertiser_id, advertiser])),
    spend: Object.fromEntries(
      ADVERTISERS.map(({ advertiser_id, currency }) => [advertiser_id, spendOf(currency)]),
    ),
    payments: [],
  };
}

function spendOf(currency: string): Record<string, DaySpend> {
  const days: Record<string, DaySpend> = {};
  for (const [month, total] of Object.entries(MONTHS)) {
    const dates = datesOf(month);
    for (const [i, spend] of spread(total, currency, dates.length).entries()) {
      days[dates[i] as string] = { spend, billed_cost: spend, cash_spend: spend, voucher_spend: '0.00' };
    }
  }
  return days;
}

function datesOf(month: string): string[] {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return datesBetween(`${month}-01`, new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10));
}
