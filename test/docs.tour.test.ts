/** The README's tour by hand, run by a shell against a fresh service, and what docs/cli.md asks of it afterwards. */
import { openCommandLine } from './support/commandLine';
import { expectAsShown } from './support/consoleExamples';
import { runExamples } from './support/shellExamples';
import { readSource } from './support/sources';
import { startTestService, type TestService } from './support/testService';

const blocksOf = (text: string) =>
  [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, commands]) => commands!);

const section = (document: string, title: string) =>
  readSource(document).split(`\n## ${title}\n`)[1]!.split('\n## ')[0]!;

const cli = openCommandLine();
let t: TestService;
beforeAll(async () => {
  t = await startTestService({ definition: (definition) => ({ ...definition, id: 'pps-demo' }) });
});
afterAll(async () => {
  await t?.stop();
  cli.close();
});

test("When the README's tour is followed, then the credit is paid once, and docs/cli.md shows why it is this amount", async () => {
  const [enroll, tour, ...others] = blocksOf(section('README.md', 'Try it by hand'));
  expect(others).toEqual([]);
  const placeholder = 'ENROLLMENT=enr_...   # the id from the answer\n';
  expect(tour).toContain(placeholder);
  const blocks = [
    `ANSWER=$(${enroll})`,
    `ENROLLMENT=$(grep -o 'enr_[0-9a-f]*' <<< "$ANSWER" | head -1)`,
    tour!.replace(placeholder, ''),
  ];
  const at = { apiUrl: t.service.apiUrl, sandboxUrl: t.sandbox.url };
  const { printed, answered } = await runExamples(blocks, at);

  const all = answered.flat();
  expect(all[0]).toEqual({ status: 201, method: 'POST', path: '/v1/enrollments' });
  expect(all.length).toBeGreaterThanOrEqual(10);
  expect(all.filter(({ status }) => status !== 200)).toEqual([all[0]]);
  expect(printed).toMatch(/"status":"scheduled"[^]*"status":"paid"[^]*"type":"ended"/);
  // The last thing that it shows is what the rail has paid.
  const [payment, ...more] = await t.payments();
  expect(more).toEqual([]);
  expect(payment).toMatchObject({ amountMinor: 450_000 });
  expect(printed).toContain(payment!.id);

  const [, shown] = /```console tour\n([\s\S]*?)```/.exec(section('docs/cli.md', 'Why this amount?'))!;
  await expectAsShown(cli, shown!, t.service.apiUrl);
});
