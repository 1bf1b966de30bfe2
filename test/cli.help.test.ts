/** The help of every command of `pps`: it shows examples, and they can be used as they stand. */
import { CommanderError, type Command } from 'commander';
import { createPps } from '../cli/pps';
import { PARTNER_CRITERIA } from '../program/criteria';
import { REASONS_FOR, WAIVABLE } from '../program/decision';

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

const oneOf = (values: readonly string[]) => `one of ${values.join(', ')}`;
const someOf = `some of ${PARTNER_CRITERIA.join()} (default: all)`;

test.each([
  ['hold', '--reason <code>', oneOf(REASONS_FOR.hold)],
  ['waive', '--reason <code>', oneOf(REASONS_FOR.waiver)],
  ['waive', '--criterion <criterion>', oneOf(WAIVABLE)],
  ['confirm', '--criteria <list>', someOf],
  ['reject', '--criteria <list>', someOf],
  ['reject', '--reason <code>', oneOf(REASONS_FOR.partner_rejection)],
  ['approve', '--reason <code>', oneOf(REASONS_FOR.approval)],
  ['reject-credit', '--reason <code>', oneOf(REASONS_FOR.approval)],
  ['send-back', '--reason <code>', oneOf(REASONS_FOR.approval)],
])(
  'When `pps %s --help` explains %s, then it lists the values that are taken',
  async (path, flag, values) => {
    const { printed } = await used(`${path} --help`);
    const [, explained] = printed.replaceAll(/\s+/g, ' ').split(` ${flag} `);
    const [meaning] = explained!.split(/ \(needed\)| -/);
    expect(meaning).toBe(values);
  },
);
