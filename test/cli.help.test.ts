/** The help of every command of `pps`: it shows examples, and they can be used as they stand. */
import { CommanderError, type Command } from 'commander';
import { createPps } from '../cli/pps';

/** Commands that do something, by what is written after `pps`. */
function leaves(command: Command, path: readonly string[] = []): [string, Command][] {
  if (command.commands.length === 0) return [[path.join(' '), command]];
  return command.commands.flatMap((each) => leaves(each, [...path, each.name()]));
}

const PATHS = leaves(createPps()).map(([path]) => path);

/** Uses a line without doing what it says; returns what it would do. Throws CommanderError. */
async function used(line: string): Promise<{ path: string | undefined; printed: string }> {
  const pps = createPps();
  const seen = { path: undefined as string | undefined, printed: '' };
  for (const [path, command] of leaves(pps)) {
    command
      .configureOutput({ writeOut: (text) => (seen.printed += text), writeErr: () => undefined })
      .action(() => void (seen.path = path));
  }
  const words = [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);
  await pps.parseAsync(words, { from: 'user' }).catch((error: unknown) => {
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
  });
  return seen;
}

test('When the commands are walked through, then none is left out', () => {
  expect(PATHS).toEqual(
    expect.arrayContaining(['enroll', 'send-back', 'program tables amounts', 'webhooks rotate', 'doctor']),
  );
  expect(PATHS.length).toBeGreaterThan(45);
});

test.each(PATHS)(
  'When `pps %s --help` is asked for, then it shows an example that can be used, and --json',
  async (path) => {
    const { printed } = await used(`${path} --help`);
    const [, block] = /\nExample: ([\s\S]*?)\n(?:\n|$)/.exec(printed)!;
    const examples = block!
      .replaceAll('\\\n', ' ')
      .split('\n')
      .map((line) => line.trim());
    for (const example of examples) {
      expect(example).toMatch(/^pps /);
      expect(await used(example.slice('pps '.length))).toEqual({ path, printed: '' });
    }
    expect(printed).toMatch(/^ +--json /m);
  },
);
