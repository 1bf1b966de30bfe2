/** What operators see of an enrollment in Temporal itself, and what it costs the server. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { defaultPayloadConverter } from '@temporalio/common';
import { eventually } from '../dev/apiClient';
import * as messages from '../workflows/messages';
import { newAdvertiser } from './support/advertisers';
import { history, ownProgram, shownDetails, type Enrolled } from './support/ownProgram';
import { startTestService, UNKNOWN_ADVERTISER, type TestService } from './support/testService';
import { untilAtRest } from './support/workflows';

const DAY_MS = 86_400_000;

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
  expect(scheduled).toContain('The credit is computed and waits for its payout date: 15 Dec 2023.');
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

test('When an enrollment goes the straight path, then it stays within its budget of transitions, events and bytes', async () => {
  // The first reminder is what is waited for at first, and does not come while the facts are sent.
  const program = await ownProgram(t, {
    reminders: { advertiserDays: [30], partnerDays: [30], approverDays: [] },
  });
  const brand = await straightPath(program, await newAdvertiser(t));
  const events = await history(brand.workflow);
  const { stateTransitionCount, historySizeBytes } = await cost(brand);
  // A worker puts its machine's name into its events; a long one is not the doing of the process.
  const machineNames = JSON.stringify(events).split(hostname()).length - 1;
  expect(await brand.activities()).toEqual({ lookUpAdvertiser: 1, measure: 1, pay: 1, settle: 1 });
  expect(stateTransitionCount).toBeLessThanOrEqual(28);
  expect(stateTransitionCount).toBeGreaterThan(20); // else it was not counted
  expect(events.length).toBeLessThanOrEqual(70);
  expect(historySizeBytes - machineNames * hostname().length).toBeLessThanOrEqual(12 * 1024);

  const summaries = events.flatMap(({ userMetadata }) =>
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

test('When an idle enrollment gets Updates, then each costs one transition and a refused one none', async () => {
  const brand = await (await ownProgram(t)).enroll();
  await brand.untilEvent('advertiser_located');
  await untilAtRest(brand.workflow);
  const steps: [() => Promise<{ status: number }>, { status: number; transitions: number }][] = [
    [() => brand.confirm(), { status: 200, transitions: 1 }],
    [() => brand.complete(), { status: 200, transitions: 1 }],
    [() => brand.defer('2023-12'), { status: 200, transitions: 1 }],
    [() => brand.defer('2023-11'), { status: 409, transitions: 0 }],
    [() => brand.confirm(t.partner, '7012345678901234560'), { status: 409, transitions: 0 }],
  ];
  for (const [step, expected] of steps) {
    const before = (await cost(brand)).stateTransitionCount;
    const { status } = await step();
    expect({ status, transitions: (await cost(brand)).stateTransitionCount - before }).toEqual(expected);
  }
});

test('When an Update has a version of another contract, then it is refused and nothing is written', async () => {
  const brand = await (await ownProgram(t)).enroll();
  await brand.untilEvent('advertiser_located');
  await untilAtRest(brand.workflow);
  const before = await cost(brand);
  const actor = { role: 'admin', id: 'ana' } as const;
  const update = { version: 2, messageId: randomUUID(), actor, month: '2023-12' } as never;
  await expect(brand.workflow.executeUpdate(messages.defer, { args: [update] })).rejects.toMatchObject({
    cause: { type: 'INVALID_MESSAGE' },
  });
  expect(await cost(brand)).toEqual(before);
});

/**
 * Enrolled on a clock that runs, so that the waits are real timers: 3 days a second from 12 October to the payout on 15
 * December. A slow machine has 6 s to be enrolled in October, and 10 s more for the facts.
 */
async function straightPath(
  program: Awaited<ReturnType<typeof ownProgram>>,
  advertiserId: string,
): Promise<Enrolled> {
  await program.runAt((3 * DAY_MS) / 1_000);
  const brand = await program.enroll({ advertiserId });
  await brand.untilEvent('advertiser_located');
  await brand.confirm();
  await brand.complete();
  await brand.untilStatus('paid');
  await brand.workflow.result();
  return brand;
}

async function cost({ workflow }: Enrolled) {
  const { workflowExecutionInfo: info } = (await workflow.describe()).raw;
  return {
    stateTransitionCount: Number(info!.stateTransitionCount),
    historySizeBytes: Number(info!.historySizeBytes),
  };
}

async function list(query: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { workflowId } of t.temporal.workflow.list({ query })) found.push(workflowId);
  return found;
}

function equal<T>(wanted: T): (value: T) => boolean {
  return (value) => JSON.stringify(value) === JSON.stringify(wanted);
}
