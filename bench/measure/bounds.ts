/** What an enrollment may cost the server. A bound is a promise of docs/performance.md, and a test holds it. */
import type { Counts } from './counts';
import type { Shape, Step, StepKind } from './shapes';

type Bound = Partial<Counts>;

/** Partner without a key, all facts in, one calculation, one payout; no reminder, no approval. */
const STRAIGHT: Bound = { transitions: 28, events: 70, bytes: 12 * 1024 };

/** At an enrollment that is at rest. The projection that a taken Update writes is in its one transition. */
const STEPS: Record<StepKind, Bound> = {
  process: {},
  update: { transitions: 1 },
  refused: { transitions: 0, events: 0 },
};

/** One sentence for each bound that is broken. */
export function brokenBounds(shape: Pick<Shape, 'name' | 'steps' | 'total'>): string[] {
  return [
    ...(shape.name === 'straight' ? above(shape.name, shape.total, STRAIGHT) : []),
    ...shape.steps.flatMap((step) => brokenByStep(`${shape.name}, ${step.name}`, step)),
  ];
}

function brokenByStep(where: string, { kind, counts }: Step): string[] {
  const writesNothing = kind === 'update' && counts.projections === 0;
  return [
    ...above(where, counts, STEPS[kind]),
    ...(writesNothing ? [`${where}: no projection, so it is not shown what one costs.`] : []),
  ];
}

function above(where: string, counts: Counts, bound: Bound): string[] {
  return (Object.entries(bound) as [keyof Counts, number][])
    .filter(([name, most]) => counts[name] > most)
    .map(([name, most]) => `${where}: ${counts[name]} ${name}, at most ${most} are allowed.`);
}
