/** An enrollment to which so much happens that its history grows long: it goes on in a new run, and nobody notices. */
import { randomUUID } from 'node:crypto';
import { eventually } from '../dev/apiClient';
import { builtEntry } from '../dev/settings';
import { runCommand } from '../dev/stack/runCommand';
import * as messages from '../workflows/messages';
import { startCuttableProxy, type CuttableProxy } from './support/cuttableProxy';
import { history, ownProgram, shownDetails, type Enrolled } from './support/ownProgram';
import { sharedServers } from './support/shared';
import { startTestService, type TestService } from './support/testService';

const ADMIN = { role: 'admin', id: 'ana' } as const;
const TIMEOUT_MS = 180_000;

let postgres: CuttableProxy;
let t: TestService;
beforeAll(async () => {
  const servers = sharedServers();
  const url = new URL(servers.postgresAdminUrl);
  postgres = await startCuttableProxy(url.host);
  url.host = postgres.address;
  t = await startTestService({ servers: { ...servers, postgresAdminUrl: url.href } });
});
afterAll(async () => {
  await t?.stop();
  await postgres?.stop();
});

test(
  'When an enrollment is deferred and undone 200 times with duplicates, then each run stays below 2,000 events and the last one knows everything',
  async () => {
    const program = await ownProgram(t);
    const brand = await program.enroll();
    await brand.untilEvent('advertiser_located');
    await brand.confirm();
    const first = { version: 1, messageId: randomUUID(), actor: ADMIN, month: '2023-12' } as const;
    await brand.workflow.executeUpdate(messages.defer, { args: [first] });
    for (let move = 1; move < 200; move += 1) {
      const month = move % 2 === 0 ? '2023-12' : '2023-11';
      expect((await brand.defer(month, t.admin)).status).toBe(200);
      if (move % 2 === 0) expect((await brand.defer(month, t.admin)).status).toBe(200);
    }

    await expectShortRuns(brand);
    expect(await brand.happened()).toHaveLength(3 + 200);

    // The first message again: it was applied in a run that is long over.
    await brand.workflow.executeUpdate(messages.defer, { args: [first], updateId: randomUUID() });
    const state = await brand.state();
    expect(state).toMatchObject({
      period: { month: '2023-11' },
      deferredFrom: [],
      lookUp: { state: 'located' },
    });
    expect(state.partnerStatements.subscription?.by).toEqual({ role: 'partner', id: 'kno' });
    expect((await brand.now()).calculationMonth).toBe('2023-11');

    // Operators find it as before.
    const run = await brand.workflow.describe();
    expect(run.memo).toEqual({ enrollmentId: brand.id });
    expect(run.typedSearchAttributes.get(messages.ENROLLMENT_STATUS)).toBe('open');
    expect(run.typedSearchAttributes.get(messages.CALCULATION_MONTH)).toBe('2023-11');
    const details = await shownDetails(brand);
    expect(details).toContain('the advertiser must complete the questionnaire');
    // Temporal keeps the static summary with the first run only; the details say the same.
    expect(details).toContain(`- Enrollment: ${brand.id}; survey partner: kno`);

    await brand.complete();
    await program.advanceTo('2023-12-04T00:00:00Z');
    await brand.untilStatus('scheduled');
    await program.advanceTo('2023-12-16T00:00:00Z');
    await brand.untilStatus('paid');
    const paid = (await t.payments()).filter(({ reference }) => reference.includes(brand.id));
    expect(paid).toHaveLength(1);
  },
  TIMEOUT_MS,
);

test(
  'When messages come from all sides while a new run begins, then each is answered and none is lost or applied twice',
  async () => {
    const brand = await (await ownProgram(t)).enroll();
    await brand.untilEvent('advertiser_located');
    const send = async (sender: number) => {
      for (let number = 0; number < 40; number += 1) {
        const name = `Nora ${sender}-${number}`;
        const form = {
          ...brand.form,
          programId: undefined,
          contact: { name, email: 'nora@northwind.example' },
        };
        const key = `${brand.id}-${sender}-${number}`;
        const again = () => brand.ask(t.caller, 'resubmission', form, key);
        // Whoever is told to come again comes again, with the same key.
        const answer = await eventually(again, ({ status }) => status !== 503);
        expect(answer.status).toBe(200);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, sender) => send(sender)));
    await expectShortRuns(brand);
    const resubmitted = (await brand.timeline()).filter(({ type }) => type === 'resubmitted');
    expect(resubmitted).toHaveLength(8 * 40);
    expect(new Set(resubmitted.map(({ details }) => details['submissionId'])).size).toBe(8 * 40);
    expect((await brand.state()).submission.id).toBe(resubmitted.at(-1)!.details['submissionId']);
  },
  TIMEOUT_MS,
);

test(
  'When a new run begins while PostgreSQL is away, then the read model gets every entry of the run before',
  async () => {
    const brand = await (await ownProgram(t)).enroll();
    await brand.untilEvent('advertiser_located');
    const { submission } = await brand.state();
    postgres.cut();
    for (let number = 1; number <= 220; number += 1) {
      const resubmission: messages.ResubmitMessage = {
        version: 1,
        messageId: `message-${number}`,
        actor: ADMIN,
        submission: { ...submission, id: `sub_${number}`, contactId: `con_${number}` },
      };
      await brand.workflow.executeUpdate(messages.resubmit, { args: [resubmission] });
    }
    const runs = await expectShortRuns(brand);
    postgres.restore();
    await expectReadModelOf(brand, [
      'opened',
      'advertiser_located',
      ...Array<string>(220).fill('resubmitted'),
    ]);
    const { rows } = await t.db.query<{ runId: string }>(
      'select run_id as "runId" from enrollment where enrollment_id = $1',
      [brand.id],
    );
    expect(rows).toEqual([{ runId: runs.at(-1) }]);
  },
  TIMEOUT_MS,
);

test(
  'When PostgreSQL was restored from a backup of before the new run, then the rebuild asks the earlier runs, too',
  async () => {
    const brand = await (await ownProgram(t)).enroll();
    await brand.untilEvent('advertiser_located');
    for (let move = 0; move < 150; move += 1)
      await brand.defer(move % 2 === 0 ? '2023-12' : '2023-11', t.admin);
    await expectShortRuns(brand);
    const before = await entries(brand);
    await t.db.query(
      `update enrollment set sequence = 3, state = jsonb_set(state, '{deferredFrom}', '["2023-10"]'), run_started_at = now() - interval '1 day', run_id = gen_random_uuid()
        where enrollment_id = '${brand.id}';
       delete from timeline_event where enrollment_id = '${brand.id}' and sequence > 3`,
    );
    expect(await brand.timeline()).toHaveLength(3);
    const { databaseUrl, temporalAddress, temporalNamespace, taskQueue } = t.plan;
    const { output } = await runCommand(process.execPath, [builtEntry('deploy', 'rebuild.js')], {
      timeoutMs: 60_000,
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: databaseUrl,
        TEMPORAL_ADDRESS: temporalAddress,
        TEMPORAL_NAMESPACE: temporalNamespace,
        TASK_QUEUE: taskQueue,
      },
    });
    expect(output).toContain('repaired: 1,');
    expect(await entries(brand)).toEqual(before);
    expect((await brand.state()).deferredFrom).toEqual([]);
  },
  TIMEOUT_MS,
);

/** Returns the ids of the runs, oldest first. */
async function expectShortRuns({ workflow }: Enrolled): Promise<string[]> {
  const runs: string[] = [];
  let runId: string | undefined = (await workflow.describe()).runId;
  while (runId) {
    runs.unshift(runId);
    const events = await history(t.temporal.workflow.getHandle(workflow.workflowId, runId));
    expect(events.length).toBeLessThan(2_000);
    runId = events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
  }
  expect(runs.length).toBeGreaterThan(1);
  return runs;
}

async function expectReadModelOf(brand: Enrolled, types: string[]): Promise<void> {
  await eventually(
    // The API's connections have to come back, too.
    () => brand.happened().catch(() => []),
    (happened) => happened.length >= types.length,
  );
  expect(await brand.happened()).toEqual(types);
  const { sequence, state } = await brand.workflow.query(messages.projectionQuery);
  const { rows } = await t.db.query<{ sequence: number; state: unknown }>(
    'select sequence, state from enrollment where enrollment_id = $1',
    [brand.id],
  );
  expect(rows).toEqual([{ sequence, state }]);
  expect(sequence).toBe(types.length);
}

/** The timeline, but for when it was written down. */
async function entries(brand: Enrolled): Promise<unknown[]> {
  return (await brand.timeline()).map(({ type, at, actor, details }) => ({ type, at, actor, details }));
}
