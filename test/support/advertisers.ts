/** Ad accounts that only one test uses, in the sandbox. */
import { randomInt } from 'node:crypto';
import type { TestService } from './testService';

export interface AdvertiserPlan {
  /** One that the sandbox does not know yet. */
  advertiserId?: string;
  country?: string;
  currency?: string;
  timezone?: string;
  status?: string;
  /** Total of each month. */
  monthlySpend?: string;
  /** By default November 2023 to February 2024. */
  months?: readonly string[];
}

const MONTHS = ['2023-11', '2023-12', '2024-01', '2024-02'];

/** The id of a new ad account; by default an active one in New York that spends 12,480.00 a month. */
export async function newAdvertiser(t: TestService, plan: AdvertiserPlan = {}): Promise<string> {
  const { advertiserId = unusedAdvertiserId(), monthlySpend = '12480.00', months = MONTHS } = plan;
  await changeAdvertiser(t, advertiserId, plan);
  for (const month of months) {
    const days = { from: `${month}-01`, to: lastDayOf(month) };
    await put(t, `/advertisers/${advertiserId}/spend`, { ...days, total: monthlySpend });
  }
  return advertiserId;
}

export async function changeAdvertiser(
  t: TestService,
  advertiserId: string,
  { country = 'US', currency = 'USD', timezone = 'America/New_York', status }: AdvertiserPlan,
): Promise<void> {
  const account = { country, currency, timezone, ...(status !== undefined && { status }) };
  await put(t, `/advertisers/${advertiserId}`, account);
}

function lastDayOf(month: string): string {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10);
}

/** An id that the sandbox does not know. */
export function unusedAdvertiserId(): string {
  return `7${randomInt(10 ** 9)}`.padEnd(10, '0') + `${randomInt(10 ** 9)}`.padStart(9, '0');
}

/** How many requests each endpoint of the sandbox has had. */
export async function requestCounts(t: TestService): Promise<Record<string, number>> {
  const response = await fetch(`${t.sandbox.url}/sandbox/requests`);
  return (await response.json()) as Record<string, number>;
}

async function put(t: TestService, path: string, body: unknown): Promise<void> {
  const response = await fetch(`${t.sandbox.url}/sandbox${path}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`The sandbox refused ${path}: ${await response.text()}`);
}
