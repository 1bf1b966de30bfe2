/** `pps batch`: how far an import, or what a survey partner has said of many brands, is. */
import type { Command } from 'commander';
import { untilDone, writeFailed } from './batchWait';
import { describeBatch, type Batch, type BatchItems } from './description/batch';
import { CommandFailure } from './failure';
import { withService } from './remoteCommand';
import { openService } from './service';
import { json, print } from './terminal';

interface Options {
  wait?: true;
  failed?: string;
  json?: true;
}

/** Failed items that are shown; a file takes all. */
const SHOWN = '20';

export function addBatch(pps: Command): void {
  const command = pps
    .command('batch')
    .description('Shows how far a batch is, and what of it has failed.')
    .argument('<batch>', 'its id, bat_...')
    .option('--wait', 'until no item is pending; 1 if any has failed. Ctrl-C leaves it going')
    .option('--failed <file>', 'write the items that failed, with their reasons, as CSV');
  withService(command, 'batch bat_0f3c5a2b9d1e4f60a7c8 --wait --failed failed.csv').action(
    async (id: string, { wait, failed, json: isJson }: Options) => {
      const service = openService();
      const path = `/v1/batches/${encodeURIComponent(id)}`;
      const comeBack = `The batch goes on without us. Wait for it with: pps batch ${id} --wait`;
      const batch = wait
        ? await untilDone(service, id, { verb: 'Carrying out', unit: 'item', comeBack })
        : await service.get<Batch>(path);
      await writeFailed(service, batch, failed);
      if (isJson) print(json(batch));
      else {
        const query = { status: 'failed', limit: SHOWN };
        print(describeBatch(batch, await service.get<BatchItems>(`${path}/items`, query)));
      }
      if (wait && batch.failed > 0)
        throw new CommandFailure(1, [`${batch.failed} of ${batch.total} failed.`]);
    },
  );
}
