/** Text for a terminal of 100 columns: sections, paragraphs and tables without a frame. */
import Table from 'cli-table3';

const WIDTH = 100;
const INDENT = '  ';

/** Lines of a text of at most so many characters; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines.push(`${lines.pop()} ${word}`);
    else lines.push(word);
  }
  return lines;
}

/** A heading, and below it its blocks of lines, indented, with a blank line between them. */
export function section(title: string, ...blocks: readonly (readonly string[])[]): string {
  const body = blocks
    .filter((block) => block.length > 0)
    .map((block) => block.map((line) => (INDENT + line).trimEnd()).join('\n'))
    .join('\n\n');
  return `${title}\n${body}\n`;
}

/** Text for a section. */
export function paragraph(text: string): string[] {
  return wrap(text, WIDTH - INDENT.length);
}

/** A name on the left and its text on the right, for a section; null leaves the row out. */
export function facts(rows: readonly (readonly [name: string, text: string] | null)[]): string[] {
  const given = rows.filter((row) => row !== null);
  const nameWidth = Math.max(...given.map(([name]) => name.length));
  const width = WIDTH - INDENT.length - nameWidth - GAP.length;
  return table(given.map(([name, text]) => [name, wrap(text, width).join('\n')]));
}

export interface TableLayout {
  head?: readonly string[];
  /** Columns whose cells are flush right, from 0. */
  right?: readonly number[];
}

const GAP = '  ';
const NO_FRAME = Object.fromEntries(
  ['top', 'bottom', 'left', 'right'].flatMap((side) =>
    [side, `${side}-mid`, `${side}-left`, `${side}-right`].map((name) => [name, '']),
  ),
);

/** Rows of cells for a section; a cell may have several lines. */
export function table(
  rows: readonly (readonly string[])[],
  { head = [], right = [] }: TableLayout = {},
): string[] {
  const columns = Math.max(head.length, ...rows.map((row) => row.length));
  const drawn = new Table({
    head: [...head],
    colAligns: Array.from({ length: columns }, (_, index) => (right.includes(index) ? 'right' : 'left')),
    chars: { ...NO_FRAME, mid: '─', 'mid-mid': GAP, middle: GAP },
    // Colours would be escape sequences in a file or a pipe.
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  });
  drawn.push(...rows.map((row) => [...row]));
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

/** `a, b and c`. */
export function listOf(words: readonly string[], conjunction: 'and' | 'or' = 'and'): string {
  return words.length < 2
    ? words.join('')
    : `${words.slice(0, -1).join(', ')} ${conjunction} ${words.at(-1)}`;
}

/** `1 day`, `3 days`. */
export function countOf(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
