/** The daily spend report of one advertiser, with the limits of the real one. */
import { datesBetween, isDate } from './spread';
import type { Advertiser, DaySpend } from './state';
import { stringArray, TikTokRefusal, type TikTokSettings } from './tiktokRequest';

export type ReportQuery = Partial<
  Record<
    | 'advertiser_id'
    | 'service_type'
    | 'report_type'
    | 'data_level'
    | 'dimensions'
    | 'metrics'
    | 'start_date'
    | 'end_date'
    | 'page'
    | 'page_size',
    string
  >
>;

const MAX_DAYS = 30;
const MAX_PAGE_SIZE = 1_000;
const MONEY = ['spend', 'billed_cost', 'cash_spend', 'voucher_spend'] as const;
const NO_DATA: DaySpend = { spend: '-', billed_cost: '-', cash_spend: '-', voucher_spend: '-' };

export function dailyReport(
  query: ReportQuery,
  advertiser: Advertiser,
  spend: Record<string, DaySpend>,
  { reportPageSizeCap }: TikTokSettings,
): object {
  if (query.report_type !== 'BASIC') throw refuse('report_type: only BASIC is played here.');
  if (query.data_level !== 'AUCTION_ADVERTISER')
    throw refuse('data_level: only AUCTION_ADVERTISER is played here.');
  if (query.service_type !== undefined && query.service_type !== 'AUCTION')
    throw refuse('service_type: AUCTION only.');
  const dimensions = stringArray(query.dimensions, 'dimensions');
  if ([...dimensions].sort().join() !== 'advertiser_id,stat_time_day') {
    throw refuse('dimensions: only advertiser_id with stat_time_day is played here.');
  }
  const metrics = stringArray(query.metrics, 'metrics');
  const known: string[] = [...MONEY, 'currency'];
  if (!metrics.every((metric) => known.includes(metric))) throw refuse('Invalid metric fields');

  const dates = readDates(query.start_date, query.end_date);
  const page = readCount(query.page, 'page', 1, Number.MAX_SAFE_INTEGER);
  const pageSize = Math.min(readCount(query.page_size, 'page_size', 10, MAX_PAGE_SIZE), reportPageSizeCap);

  const list = dates.slice((page - 1) * pageSize, page * pageSize).map((date) => {
    const figures = { ...(spend[date] ?? NO_DATA), currency: advertiser.currency };
    return {
      dimensions: { advertiser_id: advertiser.advertiser_id, stat_time_day: `${date} 00:00:00` },
      metrics: Object.fromEntries(Object.entries(figures).filter(([name]) => metrics.includes(name))),
    };
  });
  return {
    list,
    page_info: {
      page,
      page_size: pageSize,
      total_number: dates.length,
      total_page: Math.ceil(dates.length / pageSize),
    },
  };
}

function readDates(start: string | undefined, end: string | undefined): string[] {
  if (start === undefined || !isDate(start)) throw refuse('start_date: must be YYYY-MM-DD.');
  if (end === undefined || !isDate(end)) throw refuse('end_date: must be YYYY-MM-DD.');
  if (end < start) throw refuse('end_date: must not be before start_date.');
  const dates = datesBetween(start, end);
  if (dates.length > MAX_DAYS) {
    throw refuse(`The time span must not exceed ${MAX_DAYS} days with the dimension stat_time_day.`);
  }
  return dates;
}

function readCount(text: string | undefined, name: string, otherwise: number, most: number): number {
  const count = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(count) || count < 1 || count > most)
    throw refuse(`${name}: must be from 1 to ${most}.`);
  return count;
}

function refuse(message: string): TikTokRefusal {
  return new TikTokRefusal(40002, message);
}
