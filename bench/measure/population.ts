/** Many enrollments of one program: enrolled with all facts in over the HTTP API, and counted in PostgreSQL. */
import { randomUUID } from 'node:crypto';
import type { ApiClient, Enrollment } from '../../dev/apiClient';
import { enrolled, type Enrolled, type OwnProgram } from '../../test/support/ownProgram';
import { newAdvertiser } from '../../test/support/advertisers';
import type { TestService } from '../../test/support/testService';
import { report } from './benchService';

/** Requests under way at any time. */
const AT_A_TIME = 16;
const MOST_TRIES = 20;
const LOOK_EVERY_MS = 1_000;
const TELL_EVERY_MS = 15_000;
/** None has come so far for this long: something is broken, not slow. All take each step before one takes the last. */
const STALLED_MS = 600_000;

export interface Population {
  brands: Enrolled[];
  /** Requests that were answered 503 and sent again. */
  sentAgain: number;
}

/** Enrolls brands with an ad account each, and gives all their facts, until there are so many. */
export async function enrollComplete(
  t: TestService,
  { programId }: OwnProgram,
  population: Population,
  upTo: number,
): Promise<void> {
  const { brands } = population;
  let begun = brands.length;
  const next = async () => {
    while (begun < upTo) {
      begun += 1;
      await enrollOne(t, programId, population);
    }
  };
  const told = setInterval(() => report(`  ${brands.length} of ${upTo} enrolled`), TELL_EVERY_MS);
  try {
    await Promise.all(Array.from({ length: AT_A_TIME }, next));
  } finally {
    clearInterval(told);
  }
}

async function enrollOne(t: TestService, programId: string, population: Population): Promise<void> {
  const advertiserId = await newAdvertiser(t, { months: ['2023-11'] });
  const form = { ...t.form({ advertiserId }), programId };
  const send = (by: ApiClient, path: string, body: unknown) => insist(population, by, path, body);
  const brand = enrolled(t, await send(t.caller, '/v1/enrollments', form), form);
  await send(t.partner, `${brand.path}/partner-confirmation`, { advertiserId });
  await send(t.caller, `${brand.path}/questionnaire`, { answers: t.answers });
  population.brands.push(brand);
}

/** As the API asks its callers to: after a 503 the same request again, with the same key. */
async function insist(
  population: Population,
  by: ApiClient,
  path: string,
  body: unknown,
): Promise<Enrollment> {
  const key = randomUUID();
  for (let tries = 1; ; tries += 1) {
    const answer = await by.post(path, body, key);
    if (answer.status < 300) return answer.body;
    if (answer.status !== 503 || tries === MOST_TRIES)
      throw new Error(`${path} was refused: ${JSON.stringify(answer.body)}`);
    population.sentAgain += 1;
    const pauseSeconds = Number(answer.headers.get('retry-after') ?? 1);
    await new Promise((resolve) => setTimeout(resolve, pauseSeconds * 1_000));
  }
}

/** Waits until so many enrollments of the program have this status; throws when nothing moves any more. */
export async function untilCount(
  t: TestService,
  { programId }: OwnProgram,
  status: string,
  wanted: number,
): Promise<void> {
  let [seen, movedAt, toldAt] = [-1, Date.now(), Date.now()];
  for (;;) {
    const { rows } = await t.db.query<{ count: number }>(
      'select count(*)::int as count from enrollment where program_id = $1 and status = $2',
      [programId, status],
    );
    const count = rows[0]!.count;
    if (count >= wanted) return;
    const now = Date.now();
    if (count !== seen) [seen, movedAt] = [count, now];
    if (now - movedAt > STALLED_MS) throw new Error(`Only ${count} of ${wanted} are ${status}.`);
    if (now - toldAt > TELL_EVERY_MS) {
      report(`  ${count} of ${wanted} ${status}`);
      toldAt = now;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
