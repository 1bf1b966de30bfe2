/** A worker inside the test itself, with workflow code or activities that the service's own worker does not have. */
import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import type { TestService } from './testService';

// It tells its states, and of one that is to fail, each failure.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
});

interface OwnWorker {
  taskQueue: string;
  /** The workflow bundle. */
  code: string;
  activities: object;
}

/** Stop it before the test ends. */
export async function startOwnWorker({ plan }: TestService, { taskQueue, code, activities }: OwnWorker) {
  const connection = await NativeConnection.connect({ address: plan.temporalAddress });
  const { temporalNamespace: namespace } = plan;
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowBundle: { code },
    activities,
  });
  const running = worker.run();
  return {
    async stop() {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}
