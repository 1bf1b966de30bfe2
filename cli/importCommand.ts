/**
 * `pps import`: sends a file of enrollments, waits until each row is carried out, and says which were not. A connection that breaks
 * is resumed. Whoever stops waiting stops nothing: the service goes on with what it has accepted.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Command } from 'commander';
import { untilDone, writeFailed } from './batchWait';
import { describeImport, type Batch } from './description/batch';
import { CommandFailure, wrongUsage } from './failure';
import { onInterrupt } from './interrupt';
import { showProgress } from './progress';
import { withService } from './remoteCommand';
import { openService, pauseBefore, type Service } from './service';
import { json, print } from './terminal';

interface Options {
  program?: string;
  failed?: string;
  key?: string;
  resume?: string;
  json?: true;
}

const TYPES: Record<string, string> = {
  '.csv': 'text/csv',
  '.ndjson': 'application/x-ndjson',
  '.jsonl': 'application/x-ndjson',
};
/** Seconds before a file is sent again whose connection has broken. */
const PAUSES_S = [1, 2, 4, 8];

export function addImport(pps: Command): void {
  const command = pps
    .command('import')
    .description('Enrolls the brands of a file, and waits until it is done; Ctrl-C leaves it going.')
    .argument('[file]', 'CSV (.csv) or JSON lines (.ndjson, .jsonl); the columns are in docs/api.md')
    .option('--program <id>', 'in which the brands enroll')
    .option('--failed <file>', 'write the rows that failed, with their reasons, as CSV')
    .option('--key <key>', 'names the file: with the same key it goes on where it stopped')
    .option('--resume <batch>', 'waits for an import that was accepted, without a file');
  withService(command, 'import brands.csv --program pps-demo --failed failed.csv').action(
    async (file: string | undefined, options: Options) => {
      const service = openService();
      const batchId = await batchOf(service, file, options);
      const comeBack = `The import goes on without us. Wait for it with: pps import --resume ${batchId}`;
      const batch = await untilDone(service, batchId, { verb: 'Enrolling', unit: 'row', comeBack });
      await writeFailed(service, batch, options.failed);
      print(options.json ? json(batch) : describeImport(batch));
      if (batch.failed > 0) throw new CommandFailure(1, [sentenceOf(batch, options.failed)]);
    },
  );
}

/** Of a file that is sent now, or of one that was accepted before. Throws CommandFailure. */
async function batchOf(service: Service, file: string | undefined, options: Options): Promise<string> {
  const { resume, program, key = randomUUID() } = options;
  if ((file === undefined) === (resume === undefined))
    throw wrongUsage('Name either a file, or with --resume a batch.');
  if (file === undefined) return resume!;
  if (program === undefined)
    throw wrongUsage('--program is missing: name the program in which the brands enroll.');
  const type = TYPES[extname(file).toLowerCase()];
  if (type === undefined)
    throw wrongUsage(
      `${file}: the format is told by the extension; name a file ${Object.keys(TYPES).join(', ')}.`,
    );
  const comeBack = `pps import ${file} --program ${program} --key ${key}`;
  const stop = onInterrupt(
    `The file has not arrived in full, so nothing is carried out. It goes on with: ${comeBack}`,
  );
  try {
    const { batchId } = await send(service, { file, type, program, key });
    return batchId;
  } catch (error) {
    if (error instanceof CommandFailure && error.exitCode === 4)
      throw new CommandFailure(4, [...error.lines, `It goes on with: ${comeBack}`], { cause: error });
    throw error;
  } finally {
    stop();
  }
}

/** Sends the file, again if the connection breaks; the service skips what it has. */
async function send(
  service: Service,
  { file, type, program, key }: { file: string; type: string; program: string; key: string },
): Promise<Batch> {
  const size = await sizeOf(file);
  for (let tries = 0; ; tries += 1) {
    const progress = showProgress(`Sending ${file}`);
    const content = watched(file, (sent) =>
      progress.show(
        sent / size,
        `${Math.floor((100 * sent) / size)} % of ${size.toLocaleString('en-US')} bytes`,
      ),
    );
    const answer = await service.upload<Batch>(
      '/v1/enrollment-imports',
      { programId: program },
      { type, key, content },
    );
    progress.end();
    if (answer.kind === 'done') return answer.body;
    const pause = PAUSES_S[tries];
    if (answer.kind === 'refused' || pause === undefined) throw answer.failure;
    await pauseBefore(answer, pause);
  }
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw wrongUsage(`${file} cannot be read; name a file that exists.`);
  return found.size;
}

async function* watched(file: string, tell: (sent: number) => void): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    yield chunk;
    sent += chunk.length;
    tell(sent);
  }
}

function sentenceOf({ failed, batchId }: Batch, file: string | undefined): string {
  const rows = failed === 1 ? '1 row has failed' : `${failed} rows have failed`;
  const where = file ?? `pps import --resume ${batchId} --failed FILE writes them`;
  return `${rows}: ${where}`;
}
