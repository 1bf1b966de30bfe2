/** What a document shows of a terminal: commands behind `$ `, each with what it prints. */
import { withGaps, type CommandLine } from './commandLine';

/** Runs the commands in one shell, as a reader has, and expects of each what the document shows. */
export async function expectAsShown(
  { shell, write }: CommandLine,
  block: string,
  apiUrl: string,
): Promise<void> {
  const examples = block.split(/^\$ /m).slice(1).map(parted);
  expect(examples.length).toBeGreaterThan(4);
  // A mark between the commands tells their outputs apart.
  const script = examples.map(({ line }) => `${line}\necho =====\n`).join('');
  write('tour.sh', `exec 2>&1\nexport PPS_URL='${apiUrl}'\n${script}`);
  const { stdout } = await shell('sh tour.sh');
  const printed = stdout.split('=====\n');
  for (const [index, { line, output }] of examples.entries())
    expect([line, printed[index]]).toEqual([line, expect.stringMatching(withGaps(output)) as string]);
}

/** A command may have several lines: within quotes, and a text up to the word that ends it. */
function parted(example: string): { line: string; output: string } {
  const lines = example.split('\n');
  const end = /<<'(\w+)'/.exec(lines[0]!)?.[1];
  let count = 1;
  const isOpen = () =>
    end ? lines[count - 1] !== end : lines.slice(0, count).join('').split("'").length % 2 === 0;
  while (isOpen()) count += 1;
  return { line: lines.slice(0, count).join('\n'), output: lines.slice(count).join('\n') };
}
