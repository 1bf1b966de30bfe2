/**
 * The courses that an enrollment can take, counted step by step. Each runs in a program of its own, whose clock is laid
 * out beforehand so that real timers fire: first the facts, then the calculation date, then the payout date. No step
 * begins before the one before it has come to rest, since steps that meet would share transitions.
 */
import { newAdvertiser } from '../../test/support/advertisers';
import { ownProgram, type Enrolled } from '../../test/support/ownProgram';
import { UNKNOWN_ADVERTISER, type Form, type TestService } from '../../test/support/testService';
import { countsOf, difference, type Counts } from './counts';

/** What the step is: some work of the process, an Update that an idle enrollment takes, or one that it refuses. */
export type StepKind = 'process' | 'update' | 'refused';

export interface Step {
  name: string;
  kind: StepKind;
  counts: Counts;
}

export interface Shape {
  name: ShapeName;
  steps: Step[];
  total: Counts;
  enrollment: Enrolled;
}

export const SHAPE_NAMES = ['straight', 'deferral', 'resubmission', 'approval', 'refused Update'] as const;
export type ShapeName = (typeof SHAPE_NAMES)[number];

/** Real time for the facts; the calculation follows, and after as long again the payout. */
const PHASE_MS = 15_000;
const ENROLLED_AT = '2023-10-31T12:00:00Z';
const NOVEMBER: Dates = { calculation: '2023-12-04T00:00:00Z', payout: '2023-12-16T00:00:00Z' };
const DECEMBER: Dates = { calculation: '2024-01-04T00:00:00Z', payout: '2024-01-16T00:00:00Z' };
/** With the bonus above the threshold of the demo program. */
const LARGE_SPEND = '25000.00';

/** Instants at which the dates have come. */
interface Dates {
  calculation: string;
  payout: string;
}

const COURSES: Record<ShapeName, (t: TestService) => Promise<Shape>> = {
  async straight(t) {
    const course = await begin(t, 'straight', NOVEMBER);
    await course.facts();
    await course.calculation('scheduled');
    return course.payout();
  },
  async deferral(t) {
    const course = await begin(t, 'deferral', DECEMBER);
    await course.facts();
    await course.update('deferral', (brand) => brand.defer('2023-12'));
    await course.calculation('scheduled');
    return course.payout();
  },
  async resubmission(t) {
    const course = await begin(t, 'resubmission', NOVEMBER, { advertiserId: UNKNOWN_ADVERTISER });
    await course.step('resubmission, look-up', 'process', async (brand) => {
      taken(await brand.resubmit({ advertiserId: await newAdvertiser(t) }));
      await brand.untilEvent('advertiser_located');
    });
    await course.facts();
    await course.calculation('scheduled');
    return course.payout();
  },
  async approval(t) {
    const advertiserId = await newAdvertiser(t, { monthlySpend: LARGE_SPEND });
    const course = await begin(t, 'approval', NOVEMBER, { advertiserId });
    await course.facts();
    await course.calculation('awaiting_approval');
    await course.update('approval', (brand) => brand.decide('approve'));
    return course.payout();
  },
  async 'refused Update'(t) {
    const course = await begin(t, 'refused Update', NOVEMBER);
    await course.update('deferral', (brand) => brand.defer('2023-12'));
    await course.refused('deferral to an earlier month', (brand) => brand.defer('2023-11'));
    await course.refused('confirmation of another ad account', (brand) =>
      brand.confirm(t.partner, UNKNOWN_ADVERTISER),
    );
    return course.measured();
  },
};

/** Takes an enrollment down one course. */
export function runShape(t: TestService, name: ShapeName): Promise<Shape> {
  return COURSES[name](t);
}

async function begin(t: TestService, name: ShapeName, dates: Dates, changes: Partial<Form> = {}) {
  const advertiserId = changes.advertiserId ?? (await newAdvertiser(t));
  const begunAt = Date.now();
  const program = await ownProgram(t, {}, clockOf(dates, begunAt));
  const brand = await program.enroll({ ...changes, advertiserId });
  const steps: Step[] = [];
  let sofar = NOTHING;

  /** A step that is late meets the next one, and the counts are those of another course. */
  const assertNotYet = (phase: number) => {
    if (Date.now() >= begunAt + phase * PHASE_MS)
      throw new Error(`${name}: this machine was too slow for phase ${phase} of its clock. Run it again.`);
  };

  const course = {
    async step(stepName: string, kind: StepKind, act: (brand: Enrolled) => Promise<unknown>) {
      await act(brand);
      const now = await countsOf(brand.workflow);
      steps.push({ name: stepName, kind, counts: difference(now, sofar) });
      sofar = now;
    },
    update: (stepName: string, send: (brand: Enrolled) => Promise<{ status: number }>) =>
      course.step(stepName, 'update', async () => taken(await send(brand))),
    refused: (stepName: string, send: (brand: Enrolled) => Promise<{ status: number }>) =>
      course.step(stepName, 'refused', async () => refused(await send(brand))),
    async facts() {
      await course.update('partner confirmation', () => brand.confirm());
      await course.update('questionnaire', () => brand.complete());
    },
    async calculation(outcome: 'scheduled' | 'awaiting_approval') {
      assertNotYet(1);
      await course.step('calculation', 'process', () => t.untilStatus(brand.id, outcome, 2 * PHASE_MS));
    },
    async payout() {
      assertNotYet(2);
      await course.step('payout', 'process', async () => {
        await t.untilStatus(brand.id, 'paid', 2 * PHASE_MS);
        await brand.workflow.result();
      });
      return course.measured();
    },
    measured: (): Shape => ({ name, steps, total: sofar, enrollment: brand }),
  };
  await course.step('enrollment, look-up', 'process', () =>
    brand.untilEvent(advertiserId === UNKNOWN_ADVERTISER ? 'advertiser_not_located' : 'advertiser_located'),
  );
  return course;
}

/** Real time, with a jump to the calculation date and one to the payout date, both known from the start. */
function clockOf(dates: Dates, begunAt: number) {
  return [ENROLLED_AT, dates.calculation, dates.payout].map((instant, phase) => ({
    realFrom: begunAt + phase * PHASE_MS,
    programFrom: Date.parse(instant),
    speed: 1,
  }));
}

const NOTHING: Counts = {
  transitions: 0,
  events: 0,
  bytes: 0,
  signatureBytes: 0,
  workflowTasks: 0,
  activities: 0,
  projections: 0,
};

function taken({ status, ...answer }: { status: number }): void {
  if (status !== 200) throw new Error(`Not taken: ${status} ${JSON.stringify(answer)}`);
}

function refused({ status, ...answer }: { status: number }): void {
  if (status !== 409) throw new Error(`Not refused: ${status} ${JSON.stringify(answer)}`);
}
