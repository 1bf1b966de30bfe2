/** Messages that should not have been sent, and messages that are overtaken: nothing breaks and nothing false is recorded. */
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { newAdvertiser } from './support/advertisers';
import { ownProgram, type Enrolled } from './support/ownProgram';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
beforeAll(async () => {
  t = await startTestService();
});
afterAll(() => t?.stop());

async function located(): Promise<{ brand: Enrolled; advertiserId: string }> {
  const advertiserId = await newAdvertiser(t);
  const brand = await (await ownProgram(t)).enroll({ advertiserId });
  await brand.untilEvent('advertiser_located');
  return { brand, advertiserId };
}

const actor = { role: 'admin', id: 'ana' };

test.each([
  ['confirmPartner', 'no actor', { version: 1, messageId: 'x', advertiserId: '1' }],
  ['confirmPartner', 'no message id', { version: 1, actor, advertiserId: '1' }],
  ['resubmit', 'no submission', { version: 1, messageId: 'x', actor }],
  ['completeQuestionnaire', 'no answers', { version: 1, messageId: 'x', actor }],
  ['defer', 'no month', { version: 1, messageId: 'x', actor }],
  ['defer', 'nothing at all', undefined],
])(
  'When an Update %s comes with %s, then it is refused and the enrollment goes on',
  async (name, _, message) => {
    const { brand } = await located();
    const refused = brand.workflow.executeUpdate(name, { args: [message] });
    await expect(refused).rejects.toThrow(WorkflowUpdateFailedError);
    expect(await brand.complete()).toMatchObject({ status: 200 });
    expect(await brand.happened()).toEqual(['opened', 'advertiser_located', 'questionnaire_completed']);
  },
);

test('When a partner confirms while a resubmission to another partner is on its way, then the new submission is not confirmed', async () => {
  const { brand, advertiserId } = await located();
  await t.service.worker.kill('SIGKILL');
  // Both wait in Temporal for a worker, the resubmission first.
  const resubmitted = brand.resubmit({ surveyPartner: 'fairing', storePlatform: 'shopify' });
  const admitted = brand.workflow.describe().then(() => new Promise((resolve) => setTimeout(resolve, 1_000)));
  await admitted;
  const [confirmed, deferred] = await Promise.all([
    brand.confirm(t.partner, advertiserId),
    brand.defer('2023-12', t.partner),
  ]);
  expect([(await resubmitted).status, confirmed.status, deferred.status]).toEqual([503, 503, 503]);
  await t.service.startWorker();
  await brand.untilEvent('resubmitted');
  expect(await brand.complete()).toMatchObject({ status: 200 });
  expect(await brand.state()).toMatchObject({
    submission: { surveyPartner: 'fairing' },
    partnerStatements: {},
    period: { month: '2023-11' },
  });
});

test('When somebody reports the same fact without end, then it is refused before it uses up the messages of the others', async () => {
  const { brand, advertiserId } = await located();
  const statuses: number[] = [];
  const report = async () => {
    for (let sent = 0; sent < 30; sent += 1) statuses.push((await brand.complete()).status);
  };
  await Promise.all(Array.from({ length: 4 }, report));
  expect(statuses.filter((status) => status === 200)).toHaveLength(101);
  expect(statuses.filter((status) => status === 409)).toHaveLength(19);
  expect(await brand.complete()).toMatchObject({ status: 409, body: { code: 'REPEATED_TOO_OFTEN' } });
  expect(await brand.confirm(t.partner, advertiserId)).toMatchObject({ status: 200 });
});
