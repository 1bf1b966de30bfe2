/** What operators see of an enrollment in Temporal itself. */
import { randomUUID } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import { countsOf } from '../bench/measure/counts';
import { eventually } from '../dev/apiClient';
import * as messages from '../workflows/messages';
import { newAdvertiser } from './support/advertisers';
import { history, ownProgram, shownDetails, type Enrolled } from './support/ownProgram';
import { startTestService, UNKNOWN_ADVERTISER, type TestService } from './support/testService';
import { untilAtRest } from './support/workflows';

let t: TestService;
beforeAll(async () => {
  t = await startTestService();
});
afterAll(() => t?.stop());

test('When an operator queries the enrollment, then it answers with its facts', async () => {
  const brand = await (await ownProgram(t)).enroll();
  await brand.untilEvent('advertiser_located');
  await brand.confirm();
  expect(await brand.workflow.query('enrollment')).toMatchObject({
    enrollmentId: brand.id,
    stage: 'collecting',
    period: { month: '2023-11', periodFrom: '2023-11-01', periodTo: '2023-11-30' },
    lookUp: { state: 'located', region: 'US' },
    partnerStatements: { data_sharing: { by: { role: 'partner', id: 'kno' } } },
    questionnaire: null,
    ending: null,
  });
});

test('When operators look at the current details, then they read what it waits for, until when, and what comes next', async () => {
  const program = await ownProgram(t);
  const brand = await program.enroll({ advertiserId: UNKNOWN_ADVERTISER });
  await brand.untilStatus('action_required');
  const stuck = await shownDetails(brand);
  expect(stuck).toMatch(/^\*\*Action required\*\*/);
  expect(stuck).toContain('Until 3 Dec 2023, 08:00 UTC: the survey partner must confirm');
  expect(stuck).toContain('the advertiser must correct the advertiser ID (it could not be located)');
  expect(stuck).toContain('the advertiser must complete the questionnaire');
  expect(stuck).toContain('What is still missing then: the enrollment rolls on to the next period.');

  const advertiserId = await newAdvertiser(t);
  await brand.resubmit({ advertiserId });
  await brand.confirm(t.partner, advertiserId);
  await brand.complete();
  await brand.untilStatus('measuring');
  const measuring = await shownDetails(brand);
  expect(measuring).toMatch(/^\*\*Measuring\*\*/);
  expect(measuring).toContain('The credit is calculated on 3 Dec 2023, 05:00 UTC and paid on 15 Dec 2023.');
  expect(measuring).toContain('- Calculation: 3 Dec 2023, 05:00 UTC; payout: 15 Dec 2023');

  await program.advanceTo('2023-12-04T00:00:00Z');
  await brand.untilStatus('scheduled');
  const scheduled = await shownDetails(brand);
  expect(scheduled).toContain(
    'The credit is computed and waits for its payout date: 15 Dec 2023. Until it is submitted to the payout rail, it can be held and withdrawn.',
  );
  expect(scheduled).toContain('- Credit: 4,500.00 USD (statement st_');
  await program.advanceTo('2023-12-16T00:00:00Z');
  await brand.untilStatus('paid');
  expect(await shownDetails(brand)).toContain('The credit of 4,500.00 USD has been paid.');
});

test('When operators list workflows, then the summary names brand, partner and enrollment', async () => {
  const program = await ownProgram(t);
  const brand = await program.enroll();
  const description = await brand.workflow.describe();
  const domain = brand.workflow.workflowId.split(':').at(-1)!;
  expect(brand.workflow.workflowId).toBe(`enrollment:${program.programId}:${domain}`);
  expect(await description.staticSummary()).toBe(`${domain} · kno · ${brand.id}`);
});

test('When an enrollment moves, then operators find it by program, partner, month and status', async () => {
  const program = await ownProgram(t);
  const [stuck, calm] = [await program.enroll({ advertiserId: UNKNOWN_ADVERTISER }), await program.enroll()];
  const found = (filter: string) => list(`ProgramId = "${program.programId}" and ${filter}`);
  const ids = ({ workflow: { workflowId } }: Enrolled) => [workflowId];

  await stuck.untilStatus('action_required');
  await calm.untilEvent('advertiser_located');
  await eventually(() => found('EnrollmentStatus = "action_required"'), equal(ids(stuck)));
  await eventually(() => found('EnrollmentStatus = "open"'), equal(ids(calm)));
  await calm.defer('2023-12');
  await eventually(() => found('CalculationMonth = "2023-12"'), equal(ids(calm)));
  expect(await found('CalculationMonth = "2023-11"')).toEqual(ids(stuck));
  expect((await found('SurveyPartner = "kno"')).sort()).toEqual([...ids(stuck), ...ids(calm)].sort());

  await stuck.resubmit({ advertiserId: await newAdvertiser(t), surveyPartner: 'fairing' });
  await eventually(() => found('SurveyPartner = "fairing"'), equal(ids(stuck)));
  await eventually(async () => (await found('EnrollmentStatus = "open"')).length, equal(2));
  await program.advanceTo('2024-06-01T00:00:00Z');
  await eventually(async () => (await found('EnrollmentStatus = "ineligible"')).length, equal(2));
});

test('When operators read a history, then summaries say what each activity and timer is for', async () => {
  // Real timers; a clock that stands still has none.
  const clock = [{ realFrom: Date.now(), programFrom: Date.parse('2023-10-31T12:00:00Z'), speed: 1 }];
  const program = await ownProgram(t, {}, clock);
  const brand = await program.enrollComplete({ advertiserId: await newAdvertiser(t) });
  await program.advanceTo('2023-12-04T00:00:00Z');
  await brand.untilStatus('scheduled');
  await program.advanceTo('2023-12-16T00:00:00Z');
  await brand.untilStatus('paid');
  const summaries = (await history(brand.workflow)).flatMap(({ userMetadata }) =>
    userMetadata?.summary ? [defaultPayloadConverter.fromPayload(userMetadata.summary)] : [],
  );
  expect(summaries).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^look up advertiser \d{19}$/),
      'calculation date of 2023-11',
      'read spend 2023-11-01 to 2023-11-30, compute the credit',
      'payout date of 2023-11',
      'pay the credit',
      'book the payout (paid)',
    ]),
  );
});

test('When an Update has a version of another contract, then it is refused and nothing is written', async () => {
  const brand = await (await ownProgram(t)).enroll();
  await brand.untilEvent('advertiser_located');
  await untilAtRest(brand.workflow);
  const before = await countsOf(brand.workflow);
  const actor = { role: 'admin', id: 'ana' } as const;
  const update = { version: 2, messageId: randomUUID(), actor, month: '2023-12' } as never;
  await expect(brand.workflow.executeUpdate(messages.defer, { args: [update] })).rejects.toMatchObject({
    cause: { type: 'INVALID_MESSAGE' },
  });
  expect(await countsOf(brand.workflow)).toEqual(before);
});

test('When a start has a version of another contract, then the task fails, and the enrollment waits for a build that knows it', async () => {
  const brand = await (await ownProgram(t)).enroll();
  await brand.untilEvent('advertiser_located');
  const [first] = await history(brand.workflow);
  const options = { workflowId: `other-contract-${randomUUID()}`, taskQueue: t.plan.taskQueue };
  const input = first!.workflowExecutionStartedEventAttributes!.input!.payloads![0]!;
  const other = { ...defaultPayloadConverter.fromPayload<messages.EnrollmentInput>(input), version: 2 };
  const started = await t.temporal.workflow.start(messages.ENROLLMENT_WORKFLOW, {
    ...options,
    args: [other],
  });
  await eventually(
    async () => (await started.describe()).raw.pendingWorkflowTask?.attempt ?? 0,
    (attempt) => attempt > 1,
  );
  expect((await started.describe()).status.name).toBe('RUNNING');
  await started.terminate();
});

async function list(query: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { workflowId } of t.temporal.workflow.list({ query })) found.push(workflowId);
  return found;
}

function equal<T>(wanted: T): (value: T) => boolean {
  return (value) => JSON.stringify(value) === JSON.stringify(wanted);
}
