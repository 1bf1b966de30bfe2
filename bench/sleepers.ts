/**
 * Many open enrollments on one worker: what they hold of its memory while they sleep, and whether all of them wake up,
 * calculate and pay once after the worker was killed.
 * `npm run bench -- sleepers [--enrollments 2000] [--cached 1000] [--rate 100] [--json]`
 */
import { parseArgs } from 'node:util';
import { ownProgram, type Enrolled } from '../test/support/ownProgram';
import type { Payment, TestService } from '../test/support/testService';
import { eventually } from '../dev/apiClient';
import { report, withBenchService } from './measure/benchService';
import { countsOf, type Counts } from './measure/counts';
import { residentMib } from './measure/memory';
import { enrollComplete, untilCount, type Population } from './measure/population';

const ENROLLED_AT = '2023-10-31T12:00:00Z';
const AFTER_CALCULATION = '2023-12-04T00:00:00Z';
const AFTER_PAYOUT_DATE = '2023-12-16T00:00:00Z';
/** What is looked at here is that nothing happens, for which there is no event to wait for. */
const IDLE_LOOKS = 3;
const IDLE_MS = 20_000;
const HISTORIES_LOOKED_AT = 20;
/** A heap that is collected when it likes goes up and down by less than this. */
const FLAT_WITHIN = 1.25;

interface Memory {
  when: string;
  open: number;
  worker: number;
  api: number;
}

interface Check {
  claim: string;
  expected: number | string;
  found: number;
  holds: boolean;
}

const options = readOptions();

const environment = {
  MAX_CACHED_WORKFLOWS: String(options.cached),
  // The default rates spare third parties, and would have 10,000 enrollments calculate and pay for hours.
  TIKTOK_REQUESTS_PER_SECOND: String(options.rate),
  PAYOUT_TASKS_PER_SECOND: String(options.rate),
};

void withBenchService(environment, sleep).then((result) => {
  print(result);
  if (result.checks.some(({ holds }) => !holds)) process.exitCode = 1;
});

async function sleep(t: TestService) {
  const { enrollments } = options;
  const memory: Memory[] = [];
  const startedAt = Date.now();
  const seconds: Record<string, number> = {};
  const look = async (when: string, open: number) => {
    const [worker, api] = [t.service.worker, t.service.api];
    const row = { when, open, worker: await residentMib(worker.pid), api: await residentMib(api.pid) };
    memory.push(row);
    seconds[when] = Math.round((Date.now() - startedAt) / 1000);
    report(`${when}: ${open} open, worker ${row.worker} MiB, API ${row.api} MiB`);
    return row.worker;
  };

  // Real time, as in production: each sleeper has a timer of weeks.
  const clock = [{ realFrom: Date.now(), programFrom: Date.parse(ENROLLED_AT), speed: 1 }];
  const program = await ownProgram(t, {}, clock);
  await look('worker started', 0);

  let population: Population = { brands: [], sentAgain: 0 };
  const atQuarters: number[] = [];
  for (const quarter of [1, 2, 3, 4]) {
    const upTo = Math.round((enrollments * quarter) / 4);
    population = await enrollComplete(t, program, population, upTo);
    await untilCount(t, program, 'measuring', upTo);
    atQuarters.push(await look(`enrolled ${quarter}/4`, upTo));
  }
  const idle: number[] = [];
  for (let n = 1; n <= IDLE_LOOKS; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    idle.push(await look(`idle for ${(n * IDLE_MS) / 1000} s`, enrollments));
  }
  const { brands, sentAgain } = population;
  const asleep = await typical(brands);

  await t.service.worker.kill('SIGKILL');
  await t.service.startWorker();
  await look('worker killed and started', enrollments);

  await program.advanceTo(AFTER_CALCULATION);
  await untilCount(t, program, 'scheduled', enrollments);
  await look('all calculated', enrollments);
  await program.advanceTo(AFTER_PAYOUT_DATE);
  await untilCount(t, program, 'paid', Math.floor(enrollments / 2));
  await look('half of them paid', Math.ceil(enrollments / 2));
  await untilCount(t, program, 'paid', enrollments);
  await look('all paid', 0);

  return {
    memory,
    seconds,
    sentAgain,
    history: { asleep, paid: await typical(brands) },
    checks: [
      ...(await completeness(t, program.programId)),
      flat('worker memory, asleep against enrolled 2/4', idle.at(-1)! / atQuarters[1]!),
      flat('worker memory, end against begin of idling', idle.at(-1)! / idle[0]!),
    ],
  };
}

/** All are paid, once. */
async function completeness(t: TestService, programId: string): Promise<Check[]> {
  const payments = (await t.payments()) as (Payment & { advertiserId: string })[];
  const { rows } = await t.db.query<{ count: number }>(
    `select count(*)::int from payout where state = 'paid'`,
  );
  const completed = `ProgramId = "${programId}" and ExecutionStatus = "Completed"`;
  const { count } = await eventually(
    () => t.temporal.workflow.count(completed),
    (answer) => answer.count >= options.enrollments,
    60_000,
  );
  const all = (claim: string, found: number) => check(claim, options.enrollments, found);
  return [
    all('payments at the rail', payments.length),
    all('ad accounts paid', new Set(payments.map(({ advertiserId }) => advertiserId)).size),
    all('payouts booked as paid', rows[0]!.count),
    all('workflows completed', count),
    check('paid twice', 0, payments.length - new Set(payments.map(({ reference }) => reference)).size),
  ];
}

function check(claim: string, expected: number, found: number): Check {
  return { claim, expected, found, holds: found === expected };
}

function flat(claim: string, ratio: number): Check {
  const found = Number(ratio.toFixed(2));
  return { claim, expected: `at most ${FLAT_WITHIN}`, found, holds: found <= FLAT_WITHIN };
}

/** The mean of some of them. */
async function typical(brands: Enrolled[]) {
  const step = Math.max(1, Math.floor(brands.length / HISTORIES_LOOKED_AT));
  const counted: Counts[] = [];
  for (const { workflow } of brands.filter((_, index) => index % step === 0))
    counted.push(await countsOf(workflow));
  const mean = (name: 'transitions' | 'events' | 'bytes') =>
    Math.round(counted.reduce((sum, counts) => sum + counts[name], 0) / counted.length);
  return { bytes: mean('bytes'), events: mean('events'), transitions: mean('transitions') };
}

function print(result: Awaited<ReturnType<typeof sleep>>): void {
  const { enrollments, cached, json } = options;
  if (json) {
    console.log(
      JSON.stringify({ bench: 'sleepers', node: process.version, enrollments, cached, ...result }, null, 2),
    );
    return;
  }
  console.log(
    `\n${enrollments} enrollments on one worker that keeps ${cached} of them (MAX_CACHED_WORKFLOWS); memory in MiB`,
  );
  console.table(
    Object.fromEntries(
      result.memory.map(({ when, ...rest }) => [when, { ...rest, second: result.seconds[when] }]),
    ),
  );
  console.log('One enrollment in Temporal, mean');
  console.table(result.history);
  console.table(Object.fromEntries(result.checks.map(({ claim, ...rest }) => [claim, rest])));
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      enrollments: { type: 'string', default: '2000' },
      cached: { type: 'string', default: '1000' },
      rate: { type: 'string', default: '100' },
      json: { type: 'boolean', default: false },
    },
  });
  const count = (text: string, least: number) => {
    const number = Number(text);
    if (!Number.isSafeInteger(number) || number < least)
      throw new Error(`Not a whole number from ${least}: ${text}`);
    return number;
  };
  return {
    enrollments: count(values.enrollments, 4),
    cached: count(values.cached, 10),
    rate: count(values.rate, 1),
    json: values.json,
  };
}
