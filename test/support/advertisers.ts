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
  /** Total of each month from November 2023 to February 2024. */
  monthlySpend?: string;
}

/** The id of a new ad account; by default an active one in New York that spends 12,480.00 a month. */
export async function newAdvertiser(t: TestService, plan: AdvertiserPlan = {}): Promise<string> {
  const { advertiserId = unusedAdvertiserId(), monthlySpend = '12480.00' } = plan;
  await changeAdvertiser(t, advertiserId, plan);
  for (const [from, to] of [
    ['2023-11-01', '2023-11-30'],
    ['2023-12-01', '2023-12-31'],
    ['2024-01-01', '2024-01-31'],
    ['2024-02-01', '2024-02-29'],
  ]) {
    await put(t, `/advertisers/${advertiserId}/spend`, { from, to, total: monthlySpend });
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
