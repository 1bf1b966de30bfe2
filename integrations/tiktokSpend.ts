/** `report/integrated/get`: the daily spend of one ad account. */
import { z } from 'zod';
import type { SpendRow } from '../program/adAccount';
import { ThirdPartyError } from '../program/thirdPartyError';
import { isDate, splitRange, type DateRange } from './reportRanges';
import type { TikTokCall } from './tiktokCall';
import { OK, PARTIAL, refusalError } from './tiktokCodes';

export interface SpendRequest {
  advertiserId: string;
  /** YYYY-MM-DD in the ad account's time zone; both ends inclusive. */
  from: string;
  to: string;
  /** Of the ad account: taken for rows that name none. A row that names another keeps it, for the caller to judge. */
  currency: string;
}

/** The platform's limits: a report by day spans at most 30 days, a page holds at most 1,000 rows. */
const MAX_DAYS = 30;
const PAGE_SIZE = 1_000;

/** "-" is "no data". A JSON number is refused: it has been through a float. */
const amount = z.string().regex(/^(-|-?\d+(\.\d+)?)$/);

const reportPage = z.object({
  list: z.array(
    z.object({
      dimensions: z.object({ advertiser_id: z.string(), stat_time_day: z.string() }),
      metrics: z.object({
        spend: amount,
        billed_cost: amount,
        cash_spend: amount,
        currency: z
          .string()
          .regex(/^([A-Z]{3}|-)$/)
          .optional(),
      }),
    }),
  ),
  page_info: z.object({
    page: z.number().int(),
    total_number: z.number().int().nonnegative(),
    total_page: z.number().int().nonnegative(),
  }),
});

type ReportRow = z.infer<typeof reportPage>['list'][number];

export async function readDailySpend(call: TikTokCall, request: SpendRequest): Promise<SpendRow[]> {
  const rows = new Map<string, SpendRow>();
  for (const range of rangesOf(request)) {
    for (const row of await readRange(call, request, range)) {
      if (row.date < range.from || row.date > range.to)
        throw unreadable(`a row for ${row.date}, which was not asked for`);
      if (rows.has(row.date)) throw unreadable(`more than one row for ${row.date}`);
      rows.set(row.date, row);
    }
  }
  return [...rows.values()].sort((a, b) => (a.date < b.date ? -1 : 1));
}

function rangesOf({ from, to }: SpendRequest): DateRange[] {
  try {
    return splitRange({ from, to }, MAX_DAYS);
  } catch (error) {
    throw new ThirdPartyError(
      'tiktok',
      false,
      'BAD_REQUEST',
      `${(error as Error).message}. Correct the period.`,
    );
  }
}

/** All pages of one request. */
async function readRange(call: TikTokCall, request: SpendRequest, range: DateRange): Promise<SpendRow[]> {
  const rows: SpendRow[] = [];
  for (let page = 1; ; page++) {
    const { list, page_info } = await readPage(call, request, range, page);
    rows.push(...list.map((row) => toSpendRow(row, request)));
    if (page < page_info.total_page && list.length > 0) continue;
    // A report may change between its pages. Rows lost that way would make the credit too small.
    if (rows.length !== page_info.total_number) {
      throw unreadable(`${rows.length} rows where it counts ${page_info.total_number}`);
    }
    return rows;
  }
}

async function readPage(call: TikTokCall, request: SpendRequest, range: DateRange, page: number) {
  const answer = await call('/report/integrated/get/', {
    advertiser_id: request.advertiserId,
    service_type: 'AUCTION',
    report_type: 'BASIC',
    // At this level deleted campaigns count, and reservation spend is included.
    data_level: 'AUCTION_ADVERTISER',
    dimensions: JSON.stringify(['advertiser_id', 'stat_time_day']),
    metrics: JSON.stringify(['spend', 'billed_cost', 'cash_spend', 'currency']),
    start_date: range.from,
    end_date: range.to,
    page: String(page),
    page_size: String(PAGE_SIZE),
  });
  // A credit computed from a part of the spend would be wrong, and nothing in the rows shows what is missing.
  if (answer.code === PARTIAL) throw unreadable(`a part of the report only (${answer.said})`);
  if (answer.code !== OK) throw refusalError(answer);
  const read = reportPage.safeParse(answer.data);
  if (!read.success) {
    const message = `${answer.said}, but not a report as documented. Check whether the API has changed.`;
    throw new ThirdPartyError('tiktok', false, 'UNREADABLE_ANSWER', message);
  }
  if (read.data.page_info.page !== page)
    throw unreadable(`page ${read.data.page_info.page} where ${page} was asked for`);
  return read.data;
}

function toSpendRow({ dimensions, metrics }: ReportRow, request: SpendRequest): SpendRow {
  const date = dimensions.stat_time_day.replace(/ 00:00:00$/, '');
  if (!isDate(date)) throw unreadable('a row without a date');
  if (dimensions.advertiser_id !== request.advertiserId) throw unreadable('a row of another advertiser');
  const { spend, billed_cost, cash_spend, currency } = metrics;
  return {
    date,
    currency: currency === undefined || currency === '-' ? request.currency : currency,
    amounts: { spend, billed_cost, cash_spend },
  };
}

/** Contradictions that a report shows while it is being rewritten: reading it again later may give a whole one. */
function unreadable(what: string): ThirdPartyError {
  const message = `The spend report of TikTok holds ${what}. Read it again later; ask TikTok if it goes on.`;
  return new ThirdPartyError('tiktok', true, 'UNREADABLE_ANSWER', message);
}
