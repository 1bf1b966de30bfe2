import { runCommand } from './runCommand';

/** The command-line tool that this project pins; the server inside it is 1.31.2. */
export const TEMPORAL_CLI_VERSION = '1.8.2';

/** Updates as this project uses them need at least this server. */
const OLDEST_SERVER = { major: 1, minor: 28 };

/** The version of the server inside a `temporal` binary, or a sentence on why the binary cannot be used. */
export async function probeTemporal(path: string): Promise<{ version: string } | { unusable: string }> {
  const { succeeded, output } = await runCommand(path, ['--version'], { timeoutMs: 30_000 });
  if (!succeeded) return { unusable: `${path} --version fails: ${output || 'no output'}` };
  const found = /Server (\d+)\.(\d+)\.\d+/.exec(output);
  if (!found) return { unusable: `${path} is no Temporal with a server in it: "${output}"` };
  const [major, minor] = [Number(found[1]), Number(found[2])];
  const { major: wantedMajor, minor: wantedMinor } = OLDEST_SERVER;
  const version = found[0].slice('Server '.length);
  if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
    return { unusable: `${path} has server ${version}, at least ${wantedMajor}.${wantedMinor} is needed` };
  }
  return { version };
}
