/**
 * Many open enrollments on one worker: what they hold of its memory while they sleep, and whether all of them wake up,
 * calculate and pay once after the worker was killed.
 * `npm run bench -- sleepers [--enrollments 2000] [--cached 1000] [--rate 100] [--json]`
 */
import { parseArgs } from 'node:util';
import { ownProgram, type Enrolled, type OwnProgram } from '../test/support/ownProgram';
import type { Payment, TestService } from '../test/support/testService';
import { eventually } from '../dev/apiClient';
import { withBenchService } from './measure/benchService';
import { countsOf, type Counts } from './measure/counts';
import { openMemoryLog, type MemoryLog } from './measure/memory';
import { enrollComplete, untilCount, type Population } from './measure/population';

const ENROLLED_AT = '2023-10-31T12:00:00Z';
const AFTER_CALCULATION = '2023-12-04T00:00:00Z';
const AFTER_PAYOUT_DATE = '2023-12-16T00:00:00Z';
/** What is looked at here is that nothing happens, for which there is no event to wait for. */
const IDLE_LOOKS = 3;
const IDLE_MS = 20_000;
const HISTORIES_LOOKED_AT = 20;
/** How far a heap that is collected when it likes may go up; it goes down by more. */
const FLAT_WITHIN = 1.25;

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

void withBenchService(environment, runSleepers).then((result) => {
  print(result);
  if (result.checks.some(({ holds }) => !holds)) process.exitCode = 1;
});

async function runSleepers(t: TestService) {
  const { enrollments } = options;
  const memory = openMemoryLog(t);
  // Real time, as in production: each sleeper has a timer of weeks.
  const clock = [{ realFrom: Date.now(), programFrom: Date.parse(ENROLLED_AT), speed: 1 }];
  const program = await ownProgram(t, {}, clock);
  await memory.look('worker started', 0);

  const population: Population = { brands: [], sentAgain: 0 };
  const half = await fallAsleep(t, program, population, Math.floor(enrollments / 2), memory);
  const all = await fallAsleep(t, program, population, enrollments, memory);
  const asleep = await typical(population.brands);
  await t.service.worker.kill('SIGKILL');
  await t.service.startWorker();
  await memory.look('worker killed and started', enrollments);
  await wakeUp(t, program, memory);

  return {
    memory: memory.looks,
    /** Requests that were answered 503. */
    sentAgain: population.sentAgain,
    history: { asleep, paid: await typical(population.brands) },
    checks: [
      ...(await completeness(t, program.programId)),
      flat('worker memory, all asleep against half of them', all.last / half.last),
      flat('worker memory, end of the sleep against its begin', all.last / all.first),
    ],
  };
}

/** Enrolls until there are so many, all facts in, and watches them sleep. Worker memory of the first and last look. */
async function fallAsleep(
  t: TestService,
  program: OwnProgram,
  population: Population,
  upTo: number,
  memory: MemoryLog,
) {
  await enrollComplete(t, program, population, upTo);
  await untilCount(t, program, 'measuring', upTo);
  await memory.look(`${upTo} enrolled`, upTo);
  const looks: number[] = [];
  for (let n = 1; n <= IDLE_LOOKS; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const { worker } = await memory.look(`${upTo} asleep for ${(n * IDLE_MS) / 1_000} s`, upTo);
    looks.push(worker);
  }
  return { first: looks[0]!, last: looks.at(-1)! };
}

/** Calculation date and payout date of all of them come at once. */
async function wakeUp(t: TestService, program: OwnProgram, memory: MemoryLog): Promise<void> {
  const { enrollments } = options;
  await program.advanceTo(AFTER_CALCULATION);
  await untilCount(t, program, 'scheduled', enrollments);
  await memory.look('all calculated', enrollments);
  await program.advanceTo(AFTER_PAYOUT_DATE);
  const paid = Math.floor(enrollments / 2);
  await untilCount(t, program, 'paid', paid);
  await memory.look('half of them paid', enrollments - paid);
  await untilCount(t, program, 'paid', enrollments);
  await memory.look('all paid', 0);
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

function print(result: Awaited<ReturnType<typeof runSleepers>>): void {
  const { enrollments, cached, json } = options;
  if (json) {
    console.log(
      JSON.stringify({ bench: 'sleepers', node: process.version, enrollments, cached, ...result }, null, 2),
    );
    return;
  }
  console.log(
    `\n${enrollments} enrollments on one worker with MAX_CACHED_WORKFLOWS=${cached}; memory in MiB`,
  );
  console.table(Object.fromEntries(result.memory.map(({ when, ...rest }) => [when, rest])));
  console.log('One enrollment in Temporal, mean');
  console.table(result.history);
  console.log(`Requests answered 503 and sent again: ${result.sentAgain}`);
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
  const cached = count(values.cached, 10);
  return {
    // Below that the worker's cache is not yet full with half of them, and grows as it should.
    enrollments: count(values.enrollments, 2 * cached),
    cached,
    rate: count(values.rate, 1),
    json: values.json,
  };
}
