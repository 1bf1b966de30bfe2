/**
 * `npm run demo`: takes one brand from the form to exactly one payout on real servers, with everything going wrong that
 * usually does. It checks what it prints; a check that fails ends it with an error.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection, defaultPayloadConverter } from '@temporalio/client';
import type { PaymentAttempt } from '../activities/types';
import type { EnrollmentState } from '../program/enrollmentState';
import { parseDefinition } from '../program/parseDefinition';
import { openNeeds } from '../program/criteria';
import { createApiClient, eventually, type Enrollment, type TimelineItem } from './apiClient';
import { dropDatabase, prepareDatabase, publish } from './database';
import { startSandbox } from './sandbox/server';
import { startScratchServers, NAMESPACE } from './servers';
import { freeServicePorts, startService } from './service';
import { definitionFile } from './settings';
import { Story } from './story';

const DAY_MS = 86_400_000;
const REAL_MS_PER_DAY = 400;
const WRONG_ADVERTISER = '7012345678901234560';
const ADVERTISER = '7012345678901234567';
/** What a shell makes of a program that was ended by Ctrl-C. */
const INTERRUPTED = 130;

/** The exit code. */
async function main(): Promise<number> {
  const startedAt = Date.now();
  const keep = parseArgs({ options: { keep: { type: 'boolean' } } }).values.keep === true;
  const story = new Story();
  const stops: (() => Promise<unknown>)[] = [];
  const interrupted = interruption();
  try {
    const told = tell(story, stops, startedAt, keep, interrupted).then(() => 0);
    return await Promise.race([told, interrupted.then(() => (story.isTold ? 0 : INTERRUPTED))]);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

async function tell(
  story: Story,
  stops: (() => Promise<unknown>)[],
  startedAt: number,
  keep: boolean,
  interrupted: Promise<void>,
): Promise<void> {
  const shipped = parseDefinition(JSON.parse(await readFile(definitionFile('pps-demo'), 'utf8')));
  // A Temporal server that was given may know the enrollment of an earlier run.
  const isShared = Boolean(process.env['TEST_TEMPORAL_ADDRESS']);
  const definition = { ...shipped, id: isShared ? `pps-demo-${Date.now().toString(36)}` : 'pps-demo' };
  const programId = definition.id;
  console.log(
    `PPS demo · program ${programId} (amounts and dates are illustrative) · 1 program day = ${REAL_MS_PER_DAY / 1000} s`,
  );

  const servers = await startScratchServers((line) => console.log(line));
  stops.push(() => servers.stop());
  const logDirectory = await mkdtemp(join(tmpdir(), 'pps-demo-'));
  stops.push(() => rm(logDirectory, { recursive: true, force: true }));
  const sandbox = await startSandbox({ port: 0 });
  stops.push(() => sandbox.stop());
  const databaseName = `demo_${process.pid}`;
  const database = await prepareDatabase(servers.postgresAdminUrl, databaseName);
  stops.push(() => dropDatabase(servers.postgresAdminUrl, databaseName));
  const connection = await Connection.connect({ address: servers.temporalAddress });
  const service = await startService({
    databaseUrl: database.databaseUrl,
    temporalAddress: servers.temporalAddress,
    temporalUiUrl: servers.temporalUiUrl,
    temporalNamespace: NAMESPACE,
    taskQueue: `demo-${process.pid}`,
    sandboxUrl: sandbox.url,
    ...(await freeServicePorts()),
    logDirectory,
  });
  stops.push(() => service.stop());
  console.log(`${servers.description} · sandbox ready  ${Math.round((Date.now() - startedAt) / 1000)} s\n`);

  // The program's clock starts now and runs fast.
  const opensAt = Date.parse(definition.testClock!.startsAt);
  const clock = [{ realFrom: Date.now(), programFrom: opensAt, speed: DAY_MS / REAL_MS_PER_DAY }];
  const revision = await publish(database.databaseUrl, definition, clock);
  story.startClock(clock);

  const caller = createApiClient(service.apiUrl, 'pps_dev_caller_shop-app');
  const partner = createApiClient(service.apiUrl, 'pps_dev_partner_kno');
  const admin = createApiClient(service.apiUrl, 'pps_dev_admin_ana');
  const form = {
    brand: { name: 'Northwind', storeUrl: 'https://www.northwind.example' },
    contact: { name: 'Nora Wind', email: 'nora@northwind.example' },
    surveyPartner: 'kno',
    storePlatform: 'woocommerce',
    advertiserId: WRONG_ADVERTISER,
    dataSharing: { authorized: true, textVersion: definition.dataSharing.textVersion },
  };

  // Enrollment, sent twice.
  const created = await caller.post('/v1/enrollments', { programId, ...form }, 'demo-enroll');
  story.check('the enrollment is accepted', created.status === 201);
  story.line('enroll northwind.example, KnoCommerce, WooCommerce', `${created.status} ${created.body.id}`);
  const again = await caller.post('/v1/enrollments', { programId, ...form }, 'demo-enroll');
  const replayed = again.headers.get('idempotency-replayed') === 'true' && again.body.id === created.body.id;
  story.check('the same request again is the same enrollment', replayed);
  story.line('the same request again', 'same enrollment, replayed');

  const { id, workflowId } = created.body;
  const workflow = new Client({ connection, namespace: NAMESPACE }).workflow.getHandle(workflowId);
  const path = `/v1/enrollments/${id}`;
  const until = (isThere: (enrollment: Enrollment) => boolean, timeoutMs?: number) =>
    eventually(async () => (await admin.get(path)).body, isThere, timeoutMs);

  // A wrong advertiser id, and its correction.
  const notFound = await until(({ status }) => status === 'action_required');
  story.check(
    'a wrong advertiser id asks the advertiser to act',
    notFound.waitingFor.some(({ what }) => what === 'advertiser_id_correction'),
  );
  story.line(
    `look up advertiser ${WRONG_ADVERTISER}`,
    'not found: ACTION REQUIRED, correct the advertiser id',
  );
  await story.until('2023-10-14');
  const corrected = await caller.post(`${path}/resubmission`, { ...form, advertiserId: ADVERTISER });
  story.check('the resubmission is accepted', corrected.status === 200);
  const located = (
    await eventually(timeline, (events) => events.some(({ type }) => type === 'advertiser_located'))
  ).at(-1)!;
  const { country, currency, timeZone, region } = located.details;
  story.line(
    `corrected to …${ADVERTISER.slice(-4)}`,
    `${String(country)}, ${String(currency)}, ${String(timeZone)} -> region ${String(region)}`,
  );

  // The partner's word, and a worker that dies.
  await story.until('2023-10-17');
  const confirmed = await partner.post(`${path}/partner-confirmation`, { advertiserId: ADVERTISER });
  const attested = (await timeline()).findLast(({ type }) => type === 'partner_confirmed')!;
  story.check('the partner confirmation is accepted', confirmed.status === 200);
  story.line(
    'KnoCommerce confirms subscription, template, sharing',
    `attested by ${attested.actor.role} ${attested.actor.id}`,
  );
  await service.worker.kill('SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await service.startWorker();
  // The new worker has nothing but the history; it answers from what it has replayed.
  const replayedState = await workflow.query<EnrollmentState>('enrollment');
  const waits = openNeeds(replayedState).map(({ what }) => what.replaceAll('_', ' '));
  story.check('a killed worker loses nothing', waits.join() === 'questionnaire');
  story.line('!! worker killed (SIGKILL), restarted after 2 s', `still waiting for: ${waits.join(', ')}`);

  // A deferral to a later month, then the last fact.
  const deferred = await partner.post(`${path}/deferral`, { month: '2023-12' });
  story.check(
    'the partner may defer',
    deferred.status === 200 && deferred.body.calculationMonth === '2023-12',
  );
  story.line(
    `KnoCommerce defers ${monthName(replayedState.period.month)} -> ${monthName(deferred.body.calculationMonth)}`,
    `calculation ${story.date(deferred.body.calculationDate)}, payout ${story.date(deferred.body.payoutDate)}`,
  );
  await story.until('2023-11-02');
  const answers = Object.fromEntries(
    definition.questionnaire.questions.map((question) => [question.id, exampleAnswer(question)]),
  );
  const completed = await caller.post(`${path}/questionnaire`, { answers });
  story.check('everything is in', completed.status === 200 && completed.body.status === 'measuring');
  story.line('questionnaire completed', 'everything is in');

  // The calculation.
  await fetch(`${sandbox.url}/sandbox/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ target: 'payout', fault: 'execute_then_drop', times: 1 }),
  });
  const calculated = await until(({ credit }) => credit !== null, 60_000);
  const { spend, lines = [] } = calculated.credit!;
  const sum = lines.reduce((total, line) => total + line.amount.amountMinor, 0);
  story.check('the lines add up to the credit', sum === calculated.credit!.amountMinor && sum > 0);
  story.line(
    `spend ${spend!.display} in ${monthName(calculated.calculationMonth)} (as of ${story.instant(spend!.asOf)})`,
  );
  for (const [index, line] of lines.entries()) {
    story.detail(line.text, `${index > 0 ? '+' : ''}${line.amount.display}`);
  }
  story.detail('credit', `${calculated.credit!.display}   (program revision ${revision})`);

  // The payout, whose answer is lost.
  await until(({ status }) => status === 'paid', 60_000);
  const payments = await sandboxAnswer<{ payments: { id: string; amountMinor: number }[] }>('payments');
  story.check(
    'the rail has executed exactly one payment',
    payments.payments.length === 1 && payments.payments[0]!.amountMinor === sum,
  );
  const { payout: calls, payout_lookup: lookUps } = await sandboxAnswer<Record<string, number>>('requests');
  story.check('the rail was asked to pay once', calls === 1);
  story.check(
    'the lost answer was unknown, not failed',
    (await firstBooked()) === 'unknown' && lookUps! >= 2,
  );
  story.line(
    'payout sent, !! answer lost',
    `unknown -> found at the rail -> PAID once, ${payments.payments[0]!.id}`,
  );

  const { raw, status } = await workflow.describe();
  const { stateTransitionCount, historyLength } = raw.workflowExecutionInfo!;
  story.check('one workflow, completed', status.name === 'COMPLETED');

  story.summary();
  console.log(
    `History: ${String(stateTransitionCount)} state transitions, ${String(historyLength)} events.  See it: npm run demo -- --keep   Next: npm start`,
  );
  if (keep) {
    console.log(
      `\nAPI ${service.apiUrl} · Temporal ${servers.temporalAddress} · Temporal UI ${calculated.temporalUiUrl ?? servers.temporalUiUrl}\nCtrl-C stops everything.`,
    );
    await interrupted;
  }

  /** What the first booking of the payout was told, as the history has it. */
  async function firstBooked(): Promise<string | undefined> {
    const { events } = await workflow.fetchHistory();
    const settle = events?.find(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'settle',
    );
    const [payload] = settle?.activityTaskScheduledEventAttributes?.input?.payloads ?? [];
    return payload && defaultPayloadConverter.fromPayload<PaymentAttempt>(payload).outcome.outcome;
  }

  async function sandboxAnswer<T>(what: string): Promise<T> {
    return (await (await fetch(`${sandbox.url}/sandbox/${what}`)).json()) as T;
  }

  async function timeline(): Promise<TimelineItem[]> {
    return (await admin.get<{ items: TimelineItem[] }>(`${path}/timeline`)).body.items;
  }
}

function exampleAnswer(question: { type: string; choices?: string[] }): string | number | boolean {
  switch (question.type) {
    case 'choice':
      return question.choices![0]!;
    case 'number':
      return 1;
    case 'boolean':
      return true;
    default:
      return 'At the checkout.';
  }
}

function monthName(month: string): string {
  return new Date(`${month}-01T00:00:00Z`).toLocaleDateString('en-GB', { month: 'long', timeZone: 'UTC' });
}

/** Ctrl-C, or the end of a terminal: everything is stopped in order. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

main().then(
  // What was still starting when Ctrl-C came is ended by its watchdog.
  (code) => process.exit(code),
  (error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    console.error(code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? message : error);
    process.exit(1);
  },
);
