/** What a command says: text on standard output and standard error. */

/** Writes to standard output. */
export function print(text: string): void {
  process.stdout.write(printable(text));
}

/** Of `--json`: for programs. */
export function json(answer: unknown): string {
  return `${JSON.stringify(answer, null, 2)}\n`;
}

/** Writes lines to standard error. */
export function complain(lines: readonly string[]): void {
  process.stderr.write(printable(lines.map((line) => `${line}\n`).join('')));
}

/** Whether a person looks at the standard output now. */
export function isTerminal(): boolean {
  return process.stdout.isTTY === true;
}

/** Empties the screen of a terminal, for a picture that is drawn again. */
export function clearScreen(): void {
  process.stdout.write('\u001b[H\u001b[2J\u001b[3J');
}

/** Without control characters: a text in a file that somebody sent must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '');
}
