/** The `temporal` program, as an operator uses it. */
import { NAMESPACE } from '../../dev/servers';
import { runCommand } from '../../dev/stack/runCommand';
import { findTemporalBinary } from '../../dev/stack/temporalBinary';
import type { TestService } from './testService';

/** Runs `temporal <words>` against the test's server; throws with what it said when it fails. */
export async function temporalCommand(t: TestService, ...words: string[]): Promise<string> {
  const { path } = await findTemporalBinary(() => undefined);
  const server = ['--address', t.plan.temporalAddress, '--namespace', NAMESPACE];
  const { succeeded, output } = await runCommand(path, [...words, ...server], { timeoutMs: 20_000 });
  if (!succeeded) throw new Error(`temporal ${words.join(' ')} failed: ${output}`);
  return output;
}
