/**
 * JSON as a person wrote it: where it breaks off, and on which line each value stands. JSON.parse often says neither, and
 * of two equal keys in one object it silently takes the second.
 */

export interface JsonSource {
  value: unknown;
  /** The line, from 1, of the value at a JSON pointer; of the nearest value around it if there is none. */
  lineOf: (pointer: string) => number;
}

/** Where a text is no JSON; line and column count from 1. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
  constructor(
    readonly line: number,
    readonly column: number,
    message: string,
    /** The line of the text, cut around the place, and below it a mark at the column. */
    readonly excerpt: readonly string[],
  ) {
    super(message);
  }
}

/** Throws JsonFault at the first place where the text is no JSON, or has a key twice. */
export function readJson(text: string): JsonSource {
  const scan = new Scan(text);
  scan.document();
  return {
    value: JSON.parse(text),
    lineOf: (pointer) => {
      let known = pointer;
      while (!scan.offsets.has(known)) known = known.slice(0, known.lastIndexOf('/'));
      return lineAt(text, scan.offsets.get(known)!);
    },
  };
}

const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y; // eslint-disable-line no-control-regex
const PLAIN = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
const BLANKS = /[ \t\r\n]*/y;

/** One pass over the text (RFC 8259). */
class Scan {
  /** JSON pointer to where the value, or its key, begins. */
  readonly offsets = new Map<string, number>();
  private at = 0;

  constructor(private readonly text: string) {}

  document(): void {
    this.offsets.set('', 0);
    this.value('', ', such as { or [');
    this.take(BLANKS);
    if (this.at < this.text.length) this.fail('Remove what follows the end of the document.');
  }

  private value(pointer: string, orElse: string): void {
    this.take(BLANKS);
    if (this.takeSign('{')) this.members(pointer);
    else if (this.takeSign('[')) this.elements(pointer);
    else if (this.take(STRING) === undefined && this.take(PLAIN) === undefined) {
      this.fail(
        this.text[this.at] === '"'
          ? 'Close this text with a double quote on its line, and write a double quote, backslash or line end in it as \\", \\\\ or \\n.'
          : `Write a value here${orElse}.`,
      );
    }
  }

  private members(pointer: string): void {
    if (this.takeSign('}')) return;
    let orElse = '';
    do {
      this.take(BLANKS);
      const begin = this.at;
      const key = this.take(STRING);
      if (key === undefined) this.fail(`Write a key in double quotes here${orElse}.`);
      const place = `${pointer}/${(JSON.parse(key) as string).replaceAll('~', '~0').replaceAll('/', '~1')}`;
      if (this.offsets.has(place))
        this.fail(`The key ${key} stands in this object already; keep one.`, begin);
      this.offsets.set(place, begin);
      if (!this.takeSign(':')) this.fail(`Write a colon here, between the key ${key} and its value.`);
      this.value(place, ': a text in double quotes, a number, true, false, null, a list or an object');
      orElse = ', or remove the comma before it';
    } while (this.takeSign(','));
    if (!this.takeSign('}')) this.fail('Write a comma before this, or close the object with "}".');
  }

  private elements(pointer: string): void {
    if (this.takeSign(']')) return;
    let orElse = '';
    for (let index = 0; index === 0 || this.takeSign(','); index += 1) {
      this.take(BLANKS);
      this.offsets.set(`${pointer}/${index}`, this.at);
      this.value(`${pointer}/${index}`, orElse);
      orElse = ', or remove the comma before it';
    }
    if (!this.takeSign(']')) this.fail('Write a comma before this, or close the list with "]".');
  }

  private take(token: RegExp): string | undefined {
    token.lastIndex = this.at;
    const found = token.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  /** One of `{}[]:,`, and the blanks before it. */
  private takeSign(sign: string): boolean {
    this.take(BLANKS);
    const isThere = this.text[this.at] === sign;
    if (isThere) this.at += 1;
    return isThere;
  }

  private fail(message: string, at = this.at): never {
    const begin = this.text.lastIndexOf('\n', at - 1) + 1;
    const line = this.text.slice(begin).split(/\r?\n/, 1)[0]!.replaceAll('\t', ' ');
    const before = Math.max(0, at - begin - EXCERPT_WIDTH / 2);
    const excerpt = [line.slice(before, before + EXCERPT_WIDTH), `${' '.repeat(at - begin - before)}^`];
    throw new JsonFault(
      lineAt(this.text, at),
      at - begin + 1,
      at < this.text.length ? message : `The document ends too early. ${message}`,
      line === '' ? [] : excerpt,
    );
  }
}

const EXCERPT_WIDTH = 90;

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
