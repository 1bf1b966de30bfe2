/** `advertiser/info`: one advertiser id to an ad account. */
import { z } from 'zod';
import type { AdAccount, AdAccountStatus, LookUpOutcome } from '../program/adAccount';
import { ThirdPartyError } from '../program/thirdPartyError';
import type { TikTokCall } from './tiktokCall';
import { classOf, OK, PARTIAL, refusalError } from './tiktokCodes';

/** No more than is needed: names, contacts and balance stay where they are. */
const FIELDS = ['advertiser_id', 'status', 'currency', 'country', 'timezone', 'display_timezone'];

const advertiserList = z.object({
  list: z.array(
    z.object({
      // 19 digits: a JSON number would have lost the last ones.
      advertiser_id: z.string(),
      status: z.string(),
      currency: z.string().regex(/^[A-Z]{3}$/),
      country: z.string().regex(/^[A-Z]{2}$/),
      timezone: z.string().optional(),
      display_timezone: z.string().optional(),
    }),
  ),
});

const STATUSES: Partial<Record<string, AdAccountStatus>> = {
  STATUS_ENABLE: 'active',
  STATUS_LIMIT: 'suspended',
};

export async function lookUpAdAccount(call: TikTokCall, advertiserId: string): Promise<LookUpOutcome> {
  const answer = await call('/advertiser/info/', {
    advertiser_ids: JSON.stringify([advertiserId]),
    fields: JSON.stringify(FIELDS),
  });
  const { code, said } = answer;
  if (code !== OK && code !== PARTIAL) {
    // Asked for one id, "no permission" says that this app has no access to it: for the program it cannot be located.
    if (classOf(code) === 'permission') return { outcome: 'not_located', evidence: `no access: ${said}` };
    if (classOf(code) === 'not_found') return { outcome: 'not_located', evidence: said };
    throw refusalError(answer);
  }

  const read = advertiserList.safeParse(answer.data);
  if (!read.success) throw unreadable(`${said}, but not an ad account as documented`);
  const [found, ...others] = read.data.list;
  if (!found) return { outcome: 'not_located', evidence: `${said}, with an empty list` };
  if (found.advertiser_id !== advertiserId || others.length > 0) {
    throw unreadable(`${said}, but not about the one advertiser that was asked for`);
  }
  const timeZone = reportTimeZone(found.timezone, found.display_timezone);
  if (timeZone === undefined) throw unreadable(`${said}, but without a time zone known here`);
  const account: AdAccount = {
    country: found.country,
    currency: found.currency,
    timeZone,
    status: STATUSES[found.status] ?? 'other',
  };
  return { outcome: 'located', account };
}

/**
 * The zone whose days are the days of the spend report. `timezone` is either a zone by name, then it is the one, or a
 * bare offset (`Etc/GMT+5`). An offset has no summer time, so its midnight is an hour off for half of the year for an
 * account that lives by New York's clock, and it may be another offset at the next look-up, which would move a
 * promised calculation date. Therefore the name in `display_timezone` goes before an offset. Which of the two the
 * report follows is not documented; being wrong costs an hour, and the settlement delay is 24 or more. The report
 * itself is asked by date, so no choice here can change an amount.
 */
function reportTimeZone(
  timezone: string | undefined,
  displayTimezone: string | undefined,
): string | undefined {
  const known = [timezone, displayTimezone].filter(
    (name): name is string => name !== undefined && isTimeZone(name),
  );
  return known.find((name) => !name.startsWith('Etc/GMT')) ?? known[0];
}

function isTimeZone(name: string): boolean {
  // Newer versions of Node also take offsets such as "+05:00" here; those are no names.
  if (!/^[A-Z]/i.test(name)) return false;
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function unreadable(what: string): ThirdPartyError {
  return new ThirdPartyError(
    'tiktok',
    false,
    'UNREADABLE_ANSWER',
    `${what}. Check whether the API has changed.`,
  );
}
