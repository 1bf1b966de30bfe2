/**
 * What one enrollment of each shape costs: state transitions, events, bytes of history and tasks, counted on a real
 * server. Ends with an error if a bound is broken. `npm run bench:cost [-- --json]`
 */
import { report, withBenchService } from './measure/benchService';
import { brokenBounds } from './measure/bounds';
import { runShape, SHAPE_NAMES, type Shape } from './measure/shapes';

void withBenchService({}, async (t) => {
  report(`Enrollments of ${SHAPE_NAMES.length} shapes, side by side: about a minute`);
  return Promise.all(
    SHAPE_NAMES.map(async (name) => {
      const shape = await runShape(t, name);
      report(`  ${name}: counted`);
      return shape;
    }),
  );
}).then((shapes) => {
  const broken = shapes.flatMap(brokenBounds);
  if (process.argv.includes('--json')) printJson(shapes, broken);
  else printTables(shapes, broken);
  if (broken.length > 0) process.exitCode = 1;
});

function printJson(shapes: Shape[], broken: string[]): void {
  const figures = shapes.map(({ name, steps, total }) => ({ name, steps, total }));
  console.log(JSON.stringify({ bench: 'cost', node: process.version, shapes: figures, broken }, null, 2));
}

function printTables(shapes: Shape[], broken: string[]): void {
  for (const { name, steps, total } of shapes) {
    console.log(`\n${name}`);
    const rows = steps.map((step) => [
      step.kind === 'process' ? step.name : `${step.name} (${step.kind})`,
      step.counts,
    ]);
    console.table(Object.fromEntries([...rows, ['all of it', total]]));
  }
  console.log(broken.length > 0 ? `\nBroken:\n${broken.join('\n')}` : '\nAll bounds hold.');
}
