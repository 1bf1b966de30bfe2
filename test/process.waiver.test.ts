/** Waivers, and what protects all decisions: only the row that the API wrote counts, whoever sends the message. */
import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { newAdvertiser } from './support/advertisers';
import { ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import { paymentsOf } from './support/payouts';
import { startTestService, type Form, type TestService } from './support/testService';

const CALCULATION = '2023-12-04T00:00:00Z';
const ABOVE_THRESHOLD = '25000.00';
const UNAUTHORIZED = { dataSharing: { authorized: false, textVersion: '2023-10' } };

let t: TestService;
beforeAll(async () => {
  t = await startTestService();
});
afterAll(() => t?.stop());

/** What is open before each waiver that lets the enrollment go on. */
const WAIVED: [string, (brand: Enrolled) => Promise<unknown>, Partial<Form>][] = [
  ['subscription', (brand) => brand.reject({ criteria: ['subscription'] }), {}],
  ['survey_template', (brand) => brand.reject({ criteria: ['survey_template'] }), {}],
  ['data_sharing', () => Promise.resolve(), UNAUTHORIZED],
  ['questionnaire', (brand) => brand.ask(t.admin, 'questionnaire/reopening', {}), {}],
];

test.each(WAIVED)('When %s is waived, then the enrollment goes on', async (criterion, open, form) => {
  const program = await ownProgram(t, {
    policies: { ...t.definition.policies, missedFacts: { then: 'close' } },
  });
  const brand = await program.enroll({ advertiserId: await newAdvertiser(t), ...form });
  await brand.untilEvent('advertiser_located');
  await brand.confirm();
  await brand.complete();
  await open(brand);
  expect((await brand.now()).status).not.toBe('measuring');

  const waived = await brand.waive(criterion);
  expect(waived).toMatchObject({ status: 200, body: { status: 'measuring' } });
  const { criteria } = waived.body as unknown as { criteria: { criterion: string; status: string }[] };
  expect(criteria.filter(({ status }) => status === 'waived')).toMatchObject([
    { criterion, evidence: { source: 'decision', by: { role: 'admin', id: 'ana' } } },
  ]);
  expect((await brand.untilEvent('waived')).details).toMatchObject({
    criterion,
    reasonCode: 'SUBSCRIPTION_NOT_CONFIRMED',
    decisionId: expect.stringMatching(/^dec_/) as string,
  });
  await program.advanceTo(CALCULATION);
  await brand.untilStatus('scheduled');
});

test.each(['advertiser_located', 'ad_account_active', 'region_eligible', 'active_advertising'])(
  'When the waiver of %s is asked for, then it is refused at the edge and nothing is written',
  async (criterion) => {
    const brand = await (await ownProgram(t)).enroll();
    expect(await brand.waive(criterion)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/criterion' }] },
    });
    expect(await decisionsOf(brand)).toEqual([]);
  },
);

test.each([
  ['waiver', { criterion: 'questionnaire', reasonCode: 'QUESTIONNAIRE_OVERDUE' }],
  ['hold', { reasonCode: 'FRAUD_REVIEW' }],
  ['release', {}],
  ['new-enrollment-permission', {}],
])('When a %s comes without a note, then it is refused', async (route, body) => {
  const brand = await (await ownProgram(t)).enroll();
  expect(await brand.ask(t.admin, route, body)).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/note', message: 'is required' }] },
  });
});

test('When a waiver comes after the calculation has begun, then it is refused', async () => {
  const { brand } = await awaitingApproval();
  expect(await brand.waive('questionnaire')).toMatchObject({
    status: 409,
    body: { code: 'CALCULATION_BEGUN' },
  });
});

test('When the database is away while a decision is read, then the request is sent again and counts once', async () => {
  const brand = await located();
  await t.db.query('revoke select on decision from pps_app');
  const body = { criterion: 'questionnaire', reasonCode: 'QUESTIONNAIRE_OVERDUE', note: 'On paper.' };
  try {
    expect((await brand.ask(t.admin, 'waiver', body, 'waiver-1')).status).toBe(500);
  } finally {
    await t.db.query('grant select on decision to pps_app');
  }
  expect(await brand.ask(t.admin, 'waiver', body, 'waiver-1')).toMatchObject({ status: 200 });
  expect(await decisionsOf(brand)).toHaveLength(1);
  expect((await brand.happened()).filter((type) => type === 'waived')).toHaveLength(1);
});

describe('a forged Update', () => {
  /** Each kind with an enrollment in which a real decision of that kind would count. */
  const KINDS: Record<string, () => Promise<Enrolled>> = {
    waive: located,
    release: async () => {
      const brand = await located();
      await brand.hold();
      return brand;
    },
    decideApproval: async () => (await awaitingApproval()).brand,
  };
  /** A real decision of each kind: made through the API, in an enrollment of its own. */
  const MADE: Record<string, () => Promise<Enrolled>> = {
    waive: async () => {
      const brand = await KINDS['waive']!();
      await brand.waive('questionnaire');
      return brand;
    },
    release: async () => {
      const brand = await KINDS['release']!();
      await brand.release();
      return brand;
    },
    decideApproval: async () => {
      const brand = await KINDS['decideApproval']!();
      await brand.decide('approve');
      return brand;
    },
  };

  test.each(Object.keys(KINDS))('When %s names an unknown decision, then nothing changes', async (update) => {
    const brand = await KINDS[update]!();
    await expectNothing(brand, update, 'dec_made-up', 'DECISION_UNKNOWN');
  });

  test.each(Object.keys(KINDS))(
    'When %s names a decision on another enrollment, then nothing changes',
    async (update) => {
      const [other] = await decisionsOf(await MADE[update]!());
      await expectNothing(await KINDS[update]!(), update, other!, 'DECISION_UNKNOWN');
    },
  );

  test('When a decision names a decision of another kind, then nothing changes', async () => {
    const brand = await located();
    await brand.waive('questionnaire');
    const [waiver] = await decisionsOf(brand);
    await brand.hold();
    await expectNothing(brand, 'release', waiver!, 'DECISION_UNKNOWN');
    await brand.release();
    const release = (await decisionsOf(brand)).find((id) => id !== waiver)!;
    await expectNothing(brand, 'waive', release, 'DECISION_UNKNOWN');
  });

  test('When a release that was carried out is named again in a later hold, then the hold stays', async () => {
    const brand = await MADE['release']!();
    const [done] = await decisionsOf(brand);
    await brand.hold();
    // The clock stands still, so this hold cannot be told from the first by its time: it is told by its message.
    await expectNothing(brand, 'release', done!, 'DECISION_OUTDATED');
    expect(await brand.now()).toMatchObject({ onHold: { reasonCode: 'FRAUD_REVIEW' } });
  });

  test('When a release that was refused is named later, then a hold that came since stays', async () => {
    const brand = await located();
    expect(await brand.release()).toMatchObject({ status: 409, body: { code: 'NOT_ON_HOLD' } });
    const [refused] = await decisionsOf(brand);
    await brand.hold();
    await expectNothing(brand, 'release', refused!, 'DECISION_OUTDATED');
  });

  test('When a waiver that was carried out is named again, then nothing changes', async () => {
    const brand = await MADE['waive']!();
    const [done] = await decisionsOf(brand);
    await expectNothing(brand, 'waive', done!, 'NOTHING_CHANGED');
  });

  test('When an approval of a credit that was sent back is named again, then the new credit is not approved by it', async () => {
    const { brand } = await awaitingApproval();
    await brand.decide('send_back');
    await t.until(brand.id, ({ onHold }) => onHold !== null);
    const [sentBack] = await decisionsOf(brand);
    await brand.release();
    await brand.untilStatus('awaiting_approval');
    await expectNothing(brand, 'decideApproval', sentBack!, 'DECISION_OUTDATED');
  });

  test('When an Update says that somebody else decided, then the timeline names who did', async () => {
    const brand = await KINDS['release']!();
    await t.service.worker.kill('SIGKILL');
    expect((await brand.release()).status).toBe(503);
    const [decisionId] = await decisionsOf(brand);
    await t.service.startWorker();
    await forge(brand, 'release', decisionId!).catch(() => undefined);
    expect(await brand.untilEvent('released')).toMatchObject({ actor: { role: 'admin', id: 'ana' } });
    expect((await brand.happened()).filter((type) => type === 'released')).toHaveLength(1);
  });
});

/** As whoever can reach Temporal would send it, past the API. */
function forge(brand: Enrolled, update: string, decisionId: string): Promise<unknown> {
  const actor = { role: 'approver', id: 'mallory' };
  return brand.workflow.executeUpdate(update, {
    args: [{ version: 1, messageId: randomUUID(), actor, decisionId }],
  });
}

async function expectNothing(brand: Enrolled, update: string, decisionId: string, type: string) {
  const [before, timeline] = [await brand.state(), await brand.timeline()];
  const refused: unknown = await forge(brand, update, decisionId).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(WorkflowUpdateFailedError);
  expect(((refused as WorkflowUpdateFailedError).cause as ApplicationFailure).type).toBe(type);
  expect(await brand.state()).toEqual(before);
  expect(await brand.timeline()).toEqual(timeline);
  expect(await paymentsOf(t, brand)).toEqual([]);
}

/** Ids of the decisions on an enrollment, oldest first. */
async function decisionsOf({ id }: Enrolled): Promise<string[]> {
  const { rows } = await t.db.query<{ id: string }>(
    'select decision_id as id from decision where enrollment_id = $1 order by decided_at',
    [id],
  );
  return rows.map((row) => row.id);
}

async function located(): Promise<Enrolled> {
  const brand = await (await ownProgram(t)).enroll();
  await brand.untilEvent('advertiser_located');
  return brand;
}

async function awaitingApproval(): Promise<{ program: OwnProgram; brand: Enrolled }> {
  const program = await ownProgram(t);
  const advertiserId = await newAdvertiser(t, { monthlySpend: ABOVE_THRESHOLD });
  const brand = await program.enroll({ advertiserId });
  await brand.confirm();
  await brand.complete();
  await brand.untilStatus('measuring');
  await program.advanceTo(CALCULATION);
  await brand.untilStatus('awaiting_approval');
  return { program, brand };
}
