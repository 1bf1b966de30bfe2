/** What every command that asks the service has: the same help, and `--json` for programs. */
import type { Command } from 'commander';
import { CommandFailure } from './failure';
import { openService, type Service } from './service';
import { json, print } from './terminal';

export interface Remote<Answer, Options> {
  /** After `pps`, as its help shows it. */
  example: string;
  ask: (service: Service, args: string[], options: Options) => Promise<Answer>;
  /** For people; ends with a line end. */
  describe: (answer: Answer, options: Options) => string;
  /** The option of a field of the body, where it is named otherwise: `{ '/advanceTo': '--to' }`. */
  optionOf?: Readonly<Record<string, string>>;
}

/** Call it once arguments and options are declared. */
export function remote<Answer, Options extends object>(
  command: Command,
  { example, ask, describe, optionOf = {} }: Remote<Answer, Options>,
): Command {
  return withService(command, example).action(async (...given: unknown[]) => {
    // Only what the command itself declares goes into the request.
    const { json: asJson, ...options } = given.at(-2) as Options & { json?: true };
    const args = given.slice(0, -2) as string[];
    const answer = await ask(openService(), args, options as Options).catch((error: unknown) => {
      throw withOptionsNamed(error, optionOf);
    });
    print(asJson ? json(answer) : describe(answer, options as Options));
  });
}

/** The service names the fields that are wrong, which are not the words of whoever types a command. */
function withOptionsNamed(error: unknown, optionOf: Readonly<Record<string, string>>): unknown {
  if (!(error instanceof CommandFailure)) return error;
  const lines = error.lines.map((line) =>
    line.replace(/^ {2}(\/\w+)(?=: )/, (field, pointer: string) =>
      optionOf[pointer] ? `${field} (${optionOf[pointer]})` : field,
    ),
  );
  return new CommandFailure(error.exitCode, lines, { cause: error });
}

/** The parts of the help that all of them share; `result` says what `--json` prints. */
export function withService(
  command: Command,
  example: string,
  result = 'the answer of the service as JSON',
): Command {
  return command
    .option('--json', `print ${result}`)
    .addHelpText(
      'after',
      `\nExample: pps ${example}\n\nAsks the service at PPS_URL (http://127.0.0.1:8080 if not set) with the key in PPS_API_KEY.`,
    );
}
