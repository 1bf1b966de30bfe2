/**
 * A change of the workflow under open enrollments, released in two steps (docs/changing-the-workflow.md), with real builds
 * of the worker: today's, and one whose workflow does one thing more behind `patched()`.
 */
import { eventually } from '../dev/apiClient';
import type { Release } from '../dev/service';
import { SettingsError } from '../settings/environment';
import { patchActivation } from '../worker/patches';
import { compareUntil } from './support/attention';
import { buildChanged, type Build } from './support/builds';
import { history, ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import * as payouts from './support/payouts';
import { temporalCommand } from './support/temporalCommand';
import { startTestService, type TestService } from './support/testService';

const PATCH = 'look-up-before-measuring';
/** Once more than today, before the spend is read. */
const CHANGE = {
  'workflows/calculation.ts': {
    "import { condition } from '@temporalio/workflow'":
      "import { condition, patched } from '@temporalio/workflow'",
    '  await untilReleased(journal);\n\n  const { enrollmentId,': `  if (patched('${PATCH}')) await lookUpAgain(journal);\n  await untilReleased(journal);\n\n  const { enrollmentId,`,
  },
  'workflows/patches.ts': { '= []': `= ['${PATCH}']` },
};

/** Workers come and go: that takes a while on a machine that has other things to do. */
jest.setTimeout(300_000);

let t: TestService;
let changed: Build;
let releases: Record<'today' | 'patch off' | 'patch on', Release>;
beforeAll(async () => {
  [t, changed] = await Promise.all([startTestService(), buildChanged(CHANGE)]);
  const build = changed.directory;
  releases = {
    today: {},
    'patch off': { build },
    'patch on': { build, environment: { ACTIVE_PATCHES: PATCH } },
  };
});
afterAll(async () => {
  await t?.stop();
  await changed?.remove();
});

/** The worker drains and another release takes its place. */
async function roll(to: keyof typeof releases): Promise<void> {
  await t.service.worker.stop();
  await t.service.startWorker(releases[to]);
}

test('When a build comes with its patch off and is rolled back, then open enrollments go on to their payout and no history knows of it', async () => {
  await roll('today');
  const programs = {
    opened: await ownProgram(t),
    calculated: await ownProgram(t),
    born: await ownProgram(t),
  };
  const opened = await programs.opened.enroll();
  await opened.untilEvent('advertiser_located');
  const calculated = await programs.calculated.enrollComplete();

  await roll('patch off');
  expect((await opened.confirm()).status).toBe(200);
  await payouts.calculationDateComes(programs.calculated);
  await calculated.untilStatus('scheduled');
  const born = await payouts.scheduledPayout(programs.born);

  await roll('today');
  expect((await opened.complete()).status).toBe(200);
  for (const [name, enrolled] of Object.entries({ opened, calculated, born })) {
    await paid(programs[name as keyof typeof programs], enrolled);
    expect(await versionsOf(enrolled)).toEqual({ patches: 0, failedTasks: 0 });
    expect((await enrolled.activities())['lookUpAdvertiser']).toBe(1);
  }
});

test('When the patch is switched on, then those take it that come to it, and go on when it is switched off again', async () => {
  await roll('today');
  const programs = { past: await ownProgram(t), before: await ownProgram(t), later: await ownProgram(t) };
  const past = await payouts.scheduledPayout(programs.past);
  const before = await programs.before.enrollComplete();

  await roll('patch on');
  await payouts.calculationDateComes(programs.before);
  await before.untilStatus('scheduled');
  expect(await versionsOf(before)).toEqual({ patches: 1, failedTasks: 0 });
  await paid(programs.past, past);
  expect(await versionsOf(past)).toEqual({ patches: 0, failedTasks: 0 });
  expect(await openWithPatch(programs)).toEqual([before.workflow.workflowId]);

  await roll('patch off');
  const later = await payouts.scheduledPayout(programs.later);
  await paid(programs.before, before);
  await paid(programs.later, later);
  expect((await before.activities())['lookUpAdvertiser']).toBe(2);
  expect((await past.activities())['lookUpAdvertiser']).toBe(1);
  expect(await versionsOf(before)).toEqual({ patches: 1, failedTasks: 0 });
  expect(await versionsOf(later)).toEqual({ patches: 0, failedTasks: 0 });
});

test('When a build without the patch meets an enrollment that has taken it, then only its task fails, it is listed, and it goes on when the build is rolled forward', async () => {
  await roll('today');
  const programs = { marked: await ownProgram(t), healthy: await ownProgram(t) };
  await roll('patch on');
  const marked = await payouts.scheduledPayout(programs.marked);
  expect(await versionsOf(marked)).toEqual({ patches: 1, failedTasks: 0 });

  await roll('today');
  await payouts.payoutDateComes(programs.marked);
  await compareUntil(t, marked.id, ['WORKFLOW_TASK_FAILING'], 120_000);
  expect((await marked.workflow.describe()).status.name).toBe('RUNNING');
  expect(await marked.now()).toMatchObject({ status: 'scheduled' });
  // The others are as well as ever.
  await paid(programs.healthy, await payouts.scheduledPayout(programs.healthy));

  await roll('patch off');
  await t.untilStatus(marked.id, 'paid', 120_000);
  await compareUntil(t, marked.id, []);
  const [failed] = (await history(marked.workflow)).flatMap(
    (event) => event.workflowTaskFailedEventAttributes ?? [],
  );
  expect(failed!.failure!.message).toMatch(
    new RegExp(`TMPRL1100.*patch marker encountered for change ${PATCH}`),
  );
  expect(await marked.workflow.result()).toMatchObject({ status: 'paid' });
  expect(await payouts.paymentsOf(t, marked)).toHaveLength(1);
});

test('When a worker is told to activate a patch that its build does not contain, then it does not start and says so', async () => {
  await t.service.worker.stop();
  await expect(t.service.startWorker({ environment: { ACTIVE_PATCHES: PATCH } })).rejects.toThrow(
    `ACTIVE_PATCHES names ${PATCH}, which this build does not contain (it contains none).`,
  );
});

test("When a patch is not activated, then it is off; the SDK's own patches are always on", () => {
  const asked = (patchId: string, active: string[]) =>
    patchActivation(active, ['one', 'two'])({ patchId } as Parameters<ReturnType<typeof patchActivation>>[0]);
  expect([asked('one', ['one']), asked('two', ['one']), asked('one', [])]).toEqual([true, false, false]);
  expect(asked('__sdk_internal_patch_number:1', [])).toBe(true);
  expect(() => patchActivation(['one', 'three'], ['one', 'two'])).toThrow(SettingsError);
});

async function paid(program: OwnProgram, enrolled: Enrolled): Promise<void> {
  await payouts.payoutDateComes(program);
  await enrolled.untilStatus('paid');
  expect(await payouts.paymentsOf(t, enrolled)).toHaveLength(1);
}

/** As docs/changing-the-workflow.md lists them, of these programs. */
async function openWithPatch(programs: Record<string, OwnProgram>): Promise<string[]> {
  const query = `TemporalChangeVersion = "${PATCH}" and ExecutionStatus = "Running"`;
  const listed = () => temporalCommand(t, 'workflow', 'list', '--query', query, '--output', 'json');
  const found = await eventually(
    async () => JSON.parse(await listed()) as { execution: { workflowId: string } }[],
    (workflows) => workflows.length > 0,
  );
  return found
    .map(({ execution }) => execution.workflowId)
    .filter((id) => Object.values(programs).some(({ programId }) => id.includes(`:${programId}:`)));
}

/** What the history says of builds that ran it. */
async function versionsOf({ workflow }: Enrolled): Promise<{ patches: number; failedTasks: number }> {
  const events = await history(workflow);
  return {
    patches: events.filter(({ markerRecordedEventAttributes: marker }) => marker?.markerName === 'core_patch')
      .length,
    failedTasks: events.filter(({ workflowTaskFailedEventAttributes: failed }) => failed).length,
  };
}
