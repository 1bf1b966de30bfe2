/**
 * How quickly a file of enrollments is accepted, and what it costs of the API's memory, beside one of a tenth of its rows. With
 * `--all` also until each row has an enrollment that is started. `npm run bench:import [-- --rows 20000 --all --rate 200 --json]`
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { eventually } from '../dev/apiClient';
import { importFile, linesOf, sendImport, type ImportFile } from '../test/support/importFiles';
import type { TestService } from '../test/support/testService';
import { report, withBenchService } from './measure/benchService';
import { residentMib } from './measure/memory';

const LEAST_ROWS_PER_SECOND = 1_000;
const LOOK_AT_MEMORY_MS = 50;
const HOURS_MS = 4 * 3_600_000;

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '20000' },
    rate: { type: 'string', default: '200' },
    all: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const rows = Number(values.rows);

interface Accepted {
  rows: number;
  seconds: number;
  rowsPerSecond: number;
  /** The most that the API held while the file came in. */
  apiMib: number;
}

void withBenchService({ IMPORT_STARTS_PER_SECOND: values.rate }, async (t) => {
  // What a process holds after its first work is no matter of the file.
  await accept(t, importFile(100));
  const few = await accept(t, importFile(rows / 10));
  const file = importFile(rows);
  const many = await accept(t, file);
  const started = values.all ? await untilStarted(t, file) : undefined;
  print({ accepted: [few, many], ...(started && { started }) });
  if (many.rowsPerSecond < LEAST_ROWS_PER_SECOND) process.exitCode = 1;
});

async function accept(t: TestService, file: ImportFile): Promise<Accepted> {
  const { count } = file;
  let apiMib = 0;
  const looking = setInterval(() => {
    void residentMib(t.service.api.pid).then((mib) => (apiMib = Math.max(apiMib, mib)));
  }, LOOK_AT_MEMORY_MS);
  const begun = performance.now();
  const url = `${t.service.apiUrl}/v1/enrollment-imports?programId=${t.programId}`;
  const { status, body } = await sendImport(
    { url, key: file.brandAt(0), as: 'pps_dev_caller_shop-app' },
    linesOf(file),
  );
  const seconds = (performance.now() - begun) / 1_000;
  clearInterval(looking);
  if (status !== 202) throw new Error(`The file was not accepted: ${JSON.stringify(body)}`);
  const rowsPerSecond = Math.round(count / seconds);
  report(`${count} rows accepted in ${seconds.toFixed(2)} s, API ${apiMib} MiB`);
  return { rows: count, seconds: Number(seconds.toFixed(2)), rowsPerSecond, apiMib };
}

/** Each row exactly one enrollment, whose workflow Temporal has. */
async function untilStarted(t: TestService, file: ImportFile) {
  const begun = performance.now();
  const look = async () => {
    const { rows: found } = await t.db.query<{ made: number; brands: number; started: number }>(
      `select count(*)::int as made, count(distinct brand_key)::int as brands, count(started_at)::int as started
         from enrollment where brand_key like $1`,
      [`%${file.brandAt(0).slice('row0'.length)}`],
    );
    report(`${found[0]!.started} of ${file.count} started`);
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    return found[0]!;
  };
  const counts = await eventually(look, ({ started }) => started >= file.count, HOURS_MS);
  return { ...counts, seconds: Math.round((performance.now() - begun) / 1_000) };
}

function print(result: { accepted: Accepted[]; started?: object }): void {
  if (values.json) {
    console.log(JSON.stringify({ bench: 'import', node: process.version, ...result }, null, 2));
    return;
  }
  console.table(result.accepted);
  if (result.started) console.table(result.started);
}
