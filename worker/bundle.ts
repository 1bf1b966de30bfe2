/** Bundles the workflows once, at build time: `node dist/worker/bundle.js` writes dist/workflow-bundle.js. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

/** Where the bundle lies, beside the compiled rooms. */
export const WORKFLOW_BUNDLE = path.join(__dirname, '..', 'workflow-bundle.js');

async function bundle(): Promise<void> {
  const workflowsPath = require.resolve('../workflows/index');
  const silent = {
    log: () => {},
    trace: () => {},
    debug: () => {},
    info: () => {},
    warn: console.warn,
    error: console.error,
  };
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    logger: silent,
    // Positions for stack traces, but not the text of every source once more.
    webpackConfigHook: (config) => ({ ...config, devtool: 'inline-nosources-source-map' }),
  });
  await writeFile(WORKFLOW_BUNDLE, code);
}

if (require.main === module) {
  bundle().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
