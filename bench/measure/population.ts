/** Many enrollments of one program: enrolled with all facts in over the HTTP API, and counted in PostgreSQL. */
import type { OwnProgram, Enrolled } from '../../test/support/ownProgram';
import { newAdvertiser } from '../../test/support/advertisers';
import type { TestService } from '../../test/support/testService';
import { report } from './benchService';

/** Requests under way at any time. */
const AT_A_TIME = 16;
const LOOK_EVERY_MS = 1_000;
const TELL_EVERY_MS = 15_000;
/** Nothing at all has happened for this long: something is broken, not slow. */
const STALLED_MS = 180_000;

/** Enrolls brands with an ad account each, and gives all their facts. */
export async function enrollComplete(
  t: TestService,
  program: OwnProgram,
  count: number,
): Promise<Enrolled[]> {
  const all: Enrolled[] = [];
  let begun = 0;
  const next = async () => {
    while (begun < count) {
      begun += 1;
      all.push(await enrollOne(t, program));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, next));
  return all;
}

async function enrollOne(t: TestService, program: OwnProgram): Promise<Enrolled> {
  const spend = { monthlySpend: '12480.00', months: ['2023-11'] };
  const brand = await program.enroll({ advertiserId: await newAdvertiser(t, spend) });
  for (const { status, body } of [await brand.confirm(), await brand.complete()])
    if (status !== 200) throw new Error(`A fact was not taken: ${JSON.stringify(body)}`);
  return brand;
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
