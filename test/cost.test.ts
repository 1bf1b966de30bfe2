/** What an enrollment costs the server: the shapes and the bounds of `npm run bench:cost`, held by a test. */
import { brokenBounds } from '../bench/measure/bounds';
import { runShape, SHAPE_NAMES, type Shape, type ShapeName } from '../bench/measure/shapes';
import { startTestService, type TestService } from './support/testService';

const SHAPES_MS = 120_000;

let t: TestService;
let shapes: Record<ShapeName, Shape>;
beforeAll(async () => {
  t = await startTestService();
  const counted = await Promise.all(SHAPE_NAMES.map(async (name) => [name, await runShape(t, name)]));
  shapes = Object.fromEntries(counted) as Record<ShapeName, Shape>;
}, SHAPES_MS);
afterAll(() => t?.stop());

test('When an enrollment goes the straight path, then it stays within its budget of transitions, events and bytes', async () => {
  const { enrollment, total } = shapes.straight;
  expect(brokenBounds(shapes.straight)).toEqual([]);
  expect(total.transitions).toBeGreaterThan(20); // else it was not counted
  expect(total.events).toBeGreaterThan(50);
  expect(total.bytes).toBeGreaterThan(8_000);
  expect(await enrollment.activities()).toEqual({ lookUpAdvertiser: 1, measure: 1, pay: 1, settle: 1 });
});

test('When an idle enrollment gets Updates, then each costs one transition, its projection included, and a refused one none', () => {
  const messages = Object.values(shapes)
    .flatMap(({ steps }) => steps)
    .filter(({ kind }) => kind !== 'process');
  expect([...new Set(messages.map(({ name }) => name))].sort()).toEqual([
    'approval',
    'confirmation of another ad account',
    'deferral',
    'deferral to an earlier month',
    'partner confirmation',
    'questionnaire',
  ]);
  for (const { name, kind, counts } of messages) {
    const { transitions, projections } = counts;
    expect({ name, transitions, writes: projections > 0 }).toEqual({
      name,
      transitions: kind === 'update' ? 1 : 0,
      writes: kind === 'update',
    });
  }
});

test.each(SHAPE_NAMES)(
  'When an enrollment takes the course "%s", then no bound of the bench is broken',
  (name) => {
    expect(brokenBounds(shapes[name])).toEqual([]);
  },
);

test('When a count is above its bound, then the bench names step, count and bound', () => {
  const { straight, 'refused Update': refused } = shapes;
  expect(brokenBounds({ ...straight, total: { ...straight.total, transitions: 29 } })).toEqual([
    'straight: 29 transitions, at most 28 are allowed.',
  ]);
  const dearer = refused.steps.map((step) => ({
    ...step,
    counts: { ...step.counts, transitions: step.counts.transitions + 1 },
  }));
  expect(brokenBounds({ ...refused, steps: dearer })).toEqual([
    'refused Update, deferral: 2 transitions, at most 1 are allowed.',
    'refused Update, deferral to an earlier month: 1 transitions, at most 0 are allowed.',
    'refused Update, confirmation of another ad account: 1 transitions, at most 0 are allowed.',
  ]);
});
