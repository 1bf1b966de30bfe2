/** Runs the sandbox as a process of its own. SANDBOX_PORT, SANDBOX_HOST and SANDBOX_STATE_FILE set it up. */
import { startSandbox } from './server';

const DEFAULT_PORT = '4010';

async function main(): Promise<void> {
  const { SANDBOX_PORT = DEFAULT_PORT, SANDBOX_HOST, SANDBOX_STATE_FILE } = process.env;
  const port = Number(SANDBOX_PORT);
  if (!/^\d+$/.test(SANDBOX_PORT) || port > 65_535) {
    throw new Error(`SANDBOX_PORT must be a port number, not "${SANDBOX_PORT}".`);
  }
  const sandbox = await startSandbox({
    port,
    ...(SANDBOX_HOST ? { host: SANDBOX_HOST } : {}),
    ...(SANDBOX_STATE_FILE ? { stateFile: SANDBOX_STATE_FILE } : {}),
  });
  console.log(`Sandbox ready at ${sandbox.url}`);

  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(1);
    stopping = true;
    void sandbox.stop().then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
