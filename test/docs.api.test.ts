/** The examples of docs/api.md, run in order by a shell against a fresh service, as its reader would. */
import { runExamples } from './support/shellExamples';
import { readSource } from './support/sources';
import { startTestService, type TestService } from './support/testService';

/** The blocks of commands, each with what is said of its answers until the next heading or block. */
const blocks = [...readSource('docs/api.md').matchAll(/```sh\n([\s\S]*?)```([\s\S]*?)(?=\n#|\n```|$)/g)].map(
  ([, commands, said]) => ({
    commands: commands!,
    /** Of the block's requests, where the text says that one is refused here. */
    refusal: Number(/so\s+the\s+answer\s+is\s+(?:a\s+)?(\d{3})/.exec(said!)?.[1] ?? 0),
  }),
);

let t: TestService;
beforeAll(async () => {
  t = await startTestService({ definition: (definition) => ({ ...definition, id: 'pps-demo' }) });
});
afterAll(() => t?.stop());

test('When the examples of docs/api.md run in order, then each is answered as the text says', async () => {
  const at = { apiUrl: t.service.apiUrl, sandboxUrl: t.sandbox.url };
  const commands = blocks.map((block) => block.commands);
  const { printed, answered } = await runExamples(commands, at);
  // What waits for something (`until curl ...`) asks once or more.
  const requests = commands.map((block) => block.match(/\bcurl /g)?.length ?? 0);
  const asked = answered.map((lines, index) =>
    commands[index]!.includes('until curl ') ? Math.min(lines.length, requests[index]!) : lines.length,
  );
  expect(asked).toEqual(requests);
  expect(printed).toContain('"status":"paid"');
  const [, erasures] = /-d '\{"contactEmail".*\n# (.*)\n/.exec(commands.join('\n'))!;
  expect(printed).toContain(JSON.stringify(JSON.parse(erasures!)).split('enr_...')[1]);
  expect(requests.reduce((sum, count) => sum + count)).toBeGreaterThan(30);
  for (const [index, answers] of answered.entries()) {
    const { refusal } = blocks[index]!;
    for (const { status, ...request } of answers) {
      const isAsSaid = refusal === 0 ? status >= 200 && status < 300 : status === refusal;
      expect([request, status, isAsSaid]).toEqual([request, status, true]);
    }
  }
  // Each form is of a brand that is not enrolled: on this page none but a resubmission sends one again.
  const forms = answered.flat().filter(({ method, path }) => `${method} ${path}` === 'POST /v1/enrollments');
  expect(forms.map(({ status }) => status)).toEqual([201, 201, 201]);
}, 120_000);
