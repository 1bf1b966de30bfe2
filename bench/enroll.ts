/**
 * What callers wait for: creates, updates and reads side by side at fixed rates, beside the same one at a time while the
 * service is idle, and the highest rate of creates that is held.
 * `npm run bench -- enroll [--seconds 60] [--step 15] [--json]`
 */
import { parseArgs } from 'node:util';
import type { TestService } from '../test/support/testService';
import { untilAtRest, untilLocated } from './measure/atRest';
import { report, withBenchService } from './measure/benchService';
import { openLatencyLog, type Latencies, type LatencyLog } from './measure/latencies';
import { sendAll, sendOneByOne } from './measure/openLoop';
import { openRequests, type Requests } from './measure/requests';

const SEED = 7;
/** Per second. An update is a confirmation or a questionnaire in turn. */
const RATES = { create: 10, confirm: 5, completeQuestionnaire: 5, read: 200 };
const KINDS = ['create', 'confirm', 'completeQuestionnaire', 'read'] as const;
/** For the first updates and reads, until creates have made others. */
const ENROLLED_BEFORE = 200;
const ONE_BY_ONE = 100;
const FIRST_RATE = 10;
const RATE_STEP = 5;
/** A rate is held if all is done, and all but one of a hundred within this. */
const HELD_WITHIN_MS = 250;
const TRIES = 2;

type Kind = (typeof KINDS)[number];
interface Step extends Latencies {
  perSecond: number;
  held: boolean;
}

const options = readOptions();

const environment = {
  // What spares third parties and keeps one caller from taking all is not what is measured.
  TIKTOK_REQUESTS_PER_SECOND: '200',
  REQUESTS_PER_MINUTE: '1000000',
};

void withBenchService(environment, runEnroll).then((result) => {
  print(result);
  // Of latencies nothing is required: they differ between machines. That all is done is.
  if (KINDS.some((kind) => result.together[kind].failed > 0)) process.exitCode = 1;
});

async function runEnroll(t: TestService) {
  const requests = openRequests(t);
  try {
    report('  enrolling some');
    await closedLoop(requests, ENROLLED_BEFORE);
    const alone = await eachAlone(t, requests);
    report(`  together for ${options.seconds} s`);
    const together = await allTogether(requests);
    return { alone, ...together, creates: await rampUp(requests) };
  } finally {
    await requests.close();
  }
}

/** 16 at a time. */
async function closedLoop(requests: Requests, count: number): Promise<void> {
  let begun = 0;
  const next = async () => {
    for (; begun < count;) {
      begun += 1;
      await requests.create();
    }
  };
  await Promise.all(Array.from({ length: 16 }, next));
}

/** The idle baseline: nothing that earlier requests have begun goes on beside them. */
async function eachAlone(t: TestService, requests: Requests): Promise<Record<Kind, Latencies>> {
  const logs = newLogs();
  for (const kind of KINDS) {
    report(`  one at a time: ${kind}`);
    await untilAtRest(t);
    const idle = () => untilLocated(t);
    await sendOneByOne({ send: requests[kind], log: logs[kind] }, ONE_BY_ONE, idle);
  }
  return summaries(logs);
}

async function allTogether(requests: Requests) {
  const logs = newLogs();
  const arrivals = KINDS.map((kind) => ({ perSecond: RATES[kind], send: requests[kind], log: logs[kind] }));
  await sendAll(arrivals, options.seconds, SEED);
  const reasons = KINDS.flatMap((kind) =>
    Object.entries(logs[kind].reasons).map(([why, count]) => ({ kind, why, count })),
  );
  return { together: summaries(logs), reasons };
}

/** More and more creates a second, until a rate is not held. */
async function rampUp(requests: Requests): Promise<Step[]> {
  const steps: Step[] = [];
  for (let perSecond = FIRST_RATE; ; perSecond += RATE_STEP) {
    let held = false;
    for (let tries = 0; tries < TRIES && !held; tries += 1) {
      report(`  ${perSecond} creates a second for ${options.step} s`);
      const log = openLatencyLog();
      await sendAll([{ perSecond, send: requests.create, log }], options.step, SEED + tries);
      const summary = log.summary();
      held = summary.failed === 0 && summary.p99 <= HELD_WITHIN_MS;
      steps.push({ perSecond, held, ...summary });
    }
    if (!held) return steps;
  }
}

function newLogs(): Record<Kind, LatencyLog> {
  return Object.fromEntries(KINDS.map((kind) => [kind, openLatencyLog()])) as Record<Kind, LatencyLog>;
}

function summaries(logs: Record<Kind, LatencyLog>): Record<Kind, Latencies> {
  const entries = KINDS.map((kind) => [kind, logs[kind].summary()]);
  return Object.fromEntries(entries) as Record<Kind, Latencies>;
}

function print(result: Awaited<ReturnType<typeof runEnroll>>): void {
  if (options.json) {
    console.log(JSON.stringify({ bench: 'enroll', node: process.version, rates: RATES, ...result }, null, 2));
    return;
  }
  console.log('\nMilliseconds, one request at a time, nothing else going on');
  console.table(result.alone);
  console.log(`Milliseconds, together for ${options.seconds} s at these rates a second:`, RATES);
  console.table(result.together);
  if (result.reasons.length > 0) console.table(result.reasons);
  console.log(`Creates alone; held: all done, p99 within ${HELD_WITHIN_MS} ms`);
  console.table(result.creates);
  const highest = Math.max(0, ...result.creates.filter(({ held }) => held).map(({ perSecond }) => perSecond));
  console.log(`Highest rate of creates that was held: ${highest} a second`);
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      step: { type: 'string', default: '15' },
      json: { type: 'boolean', default: false },
    },
  });
  const seconds = (text: string) => {
    if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`Not a number of seconds from 1 to 9999: ${text}`);
    return Number(text);
  };
  return { seconds: seconds(values.seconds), step: seconds(values.step), json: values.json };
}
