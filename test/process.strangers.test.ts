/** Messages that should not have been sent, and messages that are overtaken: nothing breaks and nothing false is recorded. */
import { randomUUID } from 'node:crypto';
import { isGrpcServiceError, WorkflowUpdateFailedError } from '@temporalio/client';
import { eventually } from '../dev/apiClient';
import { newAdvertiser } from './support/advertisers';
import { untilAnswered } from './support/comeAgain';
import { ownProgram, type Enrolled } from './support/ownProgram';
import { startTestService, type TestService } from './support/testService';

/** gRPC's code for what is not there. */
const NOT_FOUND = 5;

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
  await untilAdmitted(brand, 'resubmission');
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

/** Until Temporal has the Update of the latest write to this route of the enrollment. */
async function untilAdmitted({ path, workflow: { workflowId } }: Enrolled, route: string): Promise<void> {
  const updateId = await eventually(
    async () => {
      const { rows } = await t.db.query<{ id: string }>(
        `select message_id || ':' || attempt as id from idempotency_key where route like '%' || $1
          order by created_at desc limit 1`,
        [`${path}/${route}`],
      );
      return rows[0]?.id;
    },
    (id) => id !== undefined,
  );
  const isAdmitted = () =>
    t.temporal.workflowService
      .pollWorkflowExecutionUpdate({
        namespace: t.plan.temporalNamespace,
        updateRef: { workflowExecution: { workflowId }, updateId: updateId! },
        waitPolicy: {}, // for nothing: whether there is one
      })
      .then(() => true)
      .catch((error: unknown) => {
        if (isGrpcServiceError(error) && (error.code as number) === NOT_FOUND) return false;
        throw error;
      });
  await eventually(isAdmitted, (found) => found);
}

test('When somebody reports the same fact without end, then it is refused before it uses up the messages of the others', async () => {
  const { brand, advertiserId } = await located();
  const statuses: number[] = [];
  const report = async () => {
    for (let sent = 0; sent < 30; sent += 1) {
      const key = randomUUID();
      const body = { answers: t.answers };
      statuses.push((await untilAnswered(() => brand.ask(t.caller, 'questionnaire', body, key))).status);
    }
  };
  await Promise.all(Array.from({ length: 4 }, report));
  expect(statuses.filter((status) => status === 200)).toHaveLength(101);
  expect(statuses.filter((status) => status === 409)).toHaveLength(19);
  expect(await brand.complete()).toMatchObject({ status: 409, body: { code: 'REPEATED_TOO_OFTEN' } });
  expect(await brand.confirm(t.partner, advertiserId)).toMatchObject({ status: 200 });
});
