/** A command that ends without its result: what it says on the standard error, and its exit code. */

/**
 * 1: the content of a file is wrong. 2: wrong usage, such as an option or a file that is not there. 3: the service refused,
 * or has no such enrollment. 4: the service cannot be reached, or could not do it now.
 */
export type FailureCode = 1 | 2 | 3 | 4;

export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  /** `lines` are sentences, printed one below the other. */
  constructor(
    readonly exitCode: FailureCode,
    readonly lines: readonly string[],
    options?: ErrorOptions,
  ) {
    super(lines.join('\n'), options);
  }
}

export function wrongContent(...lines: string[]): CommandFailure {
  return new CommandFailure(1, lines);
}

export function wrongUsage(...lines: string[]): CommandFailure {
  return new CommandFailure(2, lines);
}
