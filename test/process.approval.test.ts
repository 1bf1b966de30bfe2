/** The second person: who has to approve a credit, what an approver may decide, and what follows from it. */
import { createApiClient, type ApiClient, type Enrollment } from '../dev/apiClient';
import { DEVELOPMENT_KEYS } from '../dev/settings';
import type { ProgramDefinition } from '../program/definition';
import { newAdvertiser } from './support/advertisers';
import { untilAnswered } from './support/comeAgain';
import { enrolled, ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import { paymentsOf } from './support/payouts';
import { startTestService, type Form, type TestService } from './support/testService';

const CALCULATION = '2023-12-04T00:00:00Z';
const PAYOUT = '2023-12-16T00:00:00Z';
/** With the bonus 5,500.00, and the threshold is 5,000.00. */
const ABOVE = '25000.00';

let t: TestService;
/** An approver who is an admin as well. */
let ana: ApiClient;
beforeAll(async () => {
  const keys = [...DEVELOPMENT_KEYS, { key: 'pps_dev_approver_ana', role: 'approver', id: 'ana' }];
  t = await startTestService({ environment: { API_KEYS: JSON.stringify(keys) } });
  ana = createApiClient(t.service.apiUrl, 'pps_dev_approver_ana');
});
afterAll(() => t?.stop());

test('When the credit is above the threshold, then an approver is waited for, and approved it is paid on its date', async () => {
  const { program, brand } = await awaitingApproval();
  const waiting = await brand.now();
  expect(waiting).toMatchObject({
    credit: { amountMinor: 550_000 },
    waitingFor: [{ who: 'approver', what: 'approval', by: null }],
    approval: { causes: ['above_threshold'], since: '2023-12-04T00:00:00.000Z', decided: null },
  });
  expect(waiting.statusText).toBe(
    'An approver must decide on the credit of 5,500.00 USD, because it is above the threshold. ' +
      'Approved, it is paid on 15 Dec 2023, or by the rule for late payouts after that; ' +
      'rejected, the enrollment is closed; sent back, it is held and calculated again.',
  );
  const approved = await brand.decide('approve');
  expect(approved).toMatchObject({ status: 200 });
  await brand.untilStatus('scheduled');
  expect((await brand.now()).approval).toEqual({
    ...waiting.approval,
    decided: { outcome: 'approve', by: { role: 'approver', id: 'bo' }, reasonCode: null },
  });
  expect(await paymentsOf(t, brand)).toEqual([]);
  await program.advanceTo(PAYOUT);
  await brand.untilStatus('paid');
  expect(await brand.happened()).toEqual(expect.arrayContaining(['approved', 'payout_scheduled', 'ended']));
});

test('When the credit is exactly the threshold, then no approver is needed', async () => {
  // On Shopify there is no bonus: 5,000.00.
  const { brand } = await calculated({ storePlatform: 'shopify' });
  expect(await brand.untilStatus('scheduled')).toMatchObject({
    credit: { amountMinor: 500_000 },
    approval: null,
  });
});

test('When the approver rejects, then the enrollment ends as rejected and nothing is paid', async () => {
  const { program, brand } = await awaitingApproval();
  const { statementId } = (await brand.now()).approval!;
  const rejection = { outcome: 'reject', statementId, reasonCode: 'FRAUD_REVIEW', note: 'Self-referrals.' };
  expect(await brand.ask(t.approver, 'approval', rejection)).toMatchObject({
    status: 200,
    body: {
      status: 'rejected',
      statusText: 'The enrollment is closed: rejected. An approver rejected the credit. Fraud is suspected.',
      reasonCodes: ['REJECTED_BY_APPROVER', 'FRAUD_REVIEW'],
      waitingFor: [],
    },
  });
  expect(await brand.workflow.result()).toMatchObject({ status: 'rejected', payoutKey: null });
  expect((await brand.timeline()).at(-1)).toMatchObject({
    type: 'ended',
    actor: { role: 'approver', id: 'bo' },
  });
  await program.advanceTo(PAYOUT);
  expect(await paymentsOf(t, brand)).toEqual([]);
});

test('When the approver sends the credit back, then it is held without a credit, and measured anew once it is released', async () => {
  const { brand, advertiserId } = await awaitingApproval();
  const old = (await brand.now()).approval!.statementId;
  const sentBack = { outcome: 'send_back', statementId: old, reasonCode: 'POSSIBLE_DUPLICATE' };
  await brand.ask(t.approver, 'approval', sentBack);
  expect(await brand.untilEvent('sent_back')).toMatchObject({
    actor: { role: 'approver', id: 'bo' },
    details: { reasonCode: 'POSSIBLE_DUPLICATE', statementId: old },
  });
  const held = await t.until(brand.id, ({ onHold }) => onHold !== null);
  expect(held).toMatchObject({
    status: 'measuring',
    credit: null,
    approval: null,
    onHold: { reasonCode: 'SENT_BACK_BY_APPROVER' },
  });

  await spends(advertiserId, '30000.00');
  await brand.release();
  const again = await brand.untilStatus('awaiting_approval');
  expect(again.approval!.statementId).not.toBe(old);
  expect((await brand.happened()).filter((type) => /^(calculation|credit|sent)_/.test(type))).toEqual([
    'calculation_begun',
    'credit_calculated',
    'sent_back',
    'calculation_begun',
    'credit_calculated',
  ]);
  const outdated = await brand.ask(t.approver, 'approval', { outcome: 'approve', statementId: old });
  expect(outdated).toMatchObject({ status: 409, body: { code: 'DECISION_OUTDATED' } });
  expect(await brand.now()).toMatchObject({ status: 'awaiting_approval', approval: { decided: null } });
  await brand.decide('approve');
  await brand.untilStatus('scheduled');
});

test('When a credit is sent back without a reason, then it is refused and goes on waiting', async () => {
  const { brand } = await awaitingApproval();
  const { statementId } = (await brand.now()).approval!;
  expect(await brand.ask(t.approver, 'approval', { outcome: 'send_back', statementId })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/reasonCode', message: 'is required to send back, or a note' }] },
  });
  expect(await brand.now()).toMatchObject({ status: 'awaiting_approval', approval: { decided: null } });
});

test.each([
  ['the ad account', async () => ({ advertiserId: await newAdvertiser(t) })],
  ['the contact', () => Promise.resolve({ contact: { name: 'Somebody', email: 'new@northwind.example' } })],
])(
  'When %s changes after the confirmation, then an approver is needed whatever the amount',
  async (_what, change) => {
    const program = await ownProgram(t);
    const brand = await program.enroll({ advertiserId: await newAdvertiser(t, { monthlySpend: '1500.00' }) });
    await brand.confirm();
    await brand.resubmit(await change());
    await brand.confirm(t.partner, brand.form.advertiserId);
    await brand.complete();
    await brand.untilStatus('measuring');
    await program.advanceTo(CALCULATION);
    expect(await brand.untilStatus('awaiting_approval')).toMatchObject({
      approval: { causes: ['changed_after_confirmation'] },
      statusText: expect.stringContaining('ad account or contact changed after the confirmation') as string,
    });
  },
);

test('When the ad account changes before the confirmation, or only the name of the contact, then no approver is needed', async () => {
  const program = await ownProgram(t);
  const brand = await program.enroll({ advertiserId: await newAdvertiser(t) });
  await brand.resubmit({ advertiserId: await newAdvertiser(t) });
  await brand.confirm(t.partner, brand.form.advertiserId);
  await brand.resubmit({ contact: { name: 'N. Wind', email: 'NORA@northwind.example' } });
  await brand.confirm(t.partner, brand.form.advertiserId);
  await brand.complete();
  await brand.untilStatus('measuring');
  await program.advanceTo(CALCULATION);
  expect(await brand.untilStatus('scheduled')).toMatchObject({ approval: null });
});

test('When the criteria of the partner were waived, and the ad account changes after that, then an approver is needed', async () => {
  const program = await ownProgram(t);
  const brand = await program.enroll({ advertiserId: await newAdvertiser(t) });
  for (const criterion of ['subscription', 'survey_template', 'data_sharing']) await brand.waive(criterion);
  await brand.resubmit({ advertiserId: await newAdvertiser(t) });
  await brand.complete();
  await brand.untilStatus('measuring');
  await program.advanceTo(CALCULATION);
  expect(await brand.untilStatus('awaiting_approval')).toMatchObject({
    approval: { causes: ['changed_after_confirmation'] },
  });
});

test('When the partner had confirmed and then rejected, and the ad account changes after that, then an approver is needed', async () => {
  const program = await ownProgram(t);
  const brand = await program.enroll({ advertiserId: await newAdvertiser(t) });
  await brand.confirm();
  await brand.reject();
  await brand.resubmit({ advertiserId: await newAdvertiser(t) });
  await brand.confirm(t.partner, brand.form.advertiserId);
  await brand.complete();
  await brand.untilStatus('measuring');
  await program.advanceTo(CALCULATION);
  await brand.untilStatus('awaiting_approval');
});

test('When the approver is who confirmed, then another one has to decide', async () => {
  const program = await ownProgram(t);
  const brand = await program.enroll({
    advertiserId: await newAdvertiser(t, { monthlySpend: ABOVE }),
  });
  await brand.complete();
  await brand.confirm(t.admin); // ana
  await brand.untilStatus('measuring');
  await program.advanceTo(CALCULATION);
  await brand.untilStatus('awaiting_approval');
  expect(await brand.decide('approve', ana)).toMatchObject({
    status: 409,
    body: { code: 'MAKER_IS_CHECKER' },
  });
  expect(await brand.now()).toMatchObject({ status: 'awaiting_approval', approval: { decided: null } });
  expect(await brand.decide('approve')).toMatchObject({ status: 200 });
  await brand.untilStatus('scheduled');
});

test.each<[string, (brand: Enrolled, by: ApiClient) => Promise<unknown>]>([
  ['named another ad account', resubmitted],
  ['deferred', (brand, by) => brand.defer('2023-12', by)],
  ['answered the questionnaire', (brand, by) => brand.complete(by)],
  ['reopened the questionnaire', reopened],
  ['waived a criterion', (brand) => brand.waive('survey_template')],
])(
  'When an admin has %s, and the partner has confirmed since, then that admin cannot approve',
  async (_what, change) => {
    const program = await ownProgram(t);
    const brand = await program.enroll({ advertiserId: await rich() });
    await brand.untilEvent('advertiser_located');
    await brand.confirm();
    await change(brand, t.admin);
    const { advertiserId } = await brand.now();
    await brand.reject();
    await brand.confirm(t.partner, advertiserId);
    await brand.complete();
    await brand.untilStatus('measuring');
    await program.advanceTo('2024-01-04T00:00:00Z');
    await brand.untilStatus('awaiting_approval');
    expect(await brand.decide('approve', ana)).toMatchObject({ body: { code: 'MAKER_IS_CHECKER' } });
    expect(await brand.decide('approve')).toMatchObject({ status: 200 });
  },
);

async function reopened(brand: Enrolled, by: ApiClient): Promise<unknown> {
  await brand.complete();
  return brand.ask(by, 'questionnaire/reopening', {});
}

test('When an admin has enrolled the brand, then that admin cannot approve its credit', async () => {
  const program = await ownProgram(t);
  const form = { ...t.form({ advertiserId: await rich() }), programId: program.programId };
  const { body } = await t.admin.post<Enrollment>('/v1/enrollments', form);
  const brand = enrolled(t, body, form);
  await brand.confirm();
  await brand.workflow.signal('completeQuestionnaire');
  await brand.untilStatus('measuring');
  await program.advanceTo(CALCULATION);
  await brand.untilStatus('awaiting_approval');
  expect(await brand.decide('approve', ana)).toMatchObject({ body: { code: 'MAKER_IS_CHECKER' } });
  expect(await brand.decide('approve')).toMatchObject({ status: 200 });
});

async function resubmitted(brand: Enrolled, by: ApiClient): Promise<unknown> {
  return brand.ask(by, 'resubmission', {
    ...brand.form,
    programId: undefined,
    advertiserId: await rich(),
  });
}

const rich = () => newAdvertiser(t, { monthlySpend: ABOVE });

test('When an admin releases a hold and is approver as well, then somebody else has to approve', async () => {
  const { brand } = await awaitingApproval();
  await brand.hold();
  expect(await brand.decide('approve')).toMatchObject({ status: 409, body: { code: 'ON_HOLD' } });
  await brand.release();
  expect(await brand.decide('approve', ana)).toMatchObject({ body: { code: 'MAKER_IS_CHECKER' } });
  expect(await brand.decide('approve')).toMatchObject({ status: 200 });
});

test.each([
  ['at once', 'pay_at_once', '2023-12-15T08:00:00.000Z', 'paid'],
  ["on the calendar's next date", 'next_in_calendar', '2024-01-15T08:00:00.000Z', 'scheduled'],
] as const)(
  'When the approval comes after the payout date, then it is paid %s by the policy',
  async (_when, then, payoutDate, status) => {
    const { program, brand } = await awaitingApproval({
      policies: { ...t.definition.policies, latePayoutDate: { then } },
    });
    await program.advanceTo(PAYOUT);
    await brand.untilClockRead(2);
    expect(await brand.now()).toMatchObject({ status: 'awaiting_approval' });
    await brand.decide('approve');
    expect(await brand.untilStatus(status)).toMatchObject({ payoutDate });
    if (status === 'paid') return;
    await program.advanceTo('2024-01-16T00:00:00Z');
    await brand.untilStatus('paid');
  },
);

test('When approvers decide at once, then one decision counts and the others are refused', async () => {
  const { brand } = await awaitingApproval();
  const { statementId } = (await brand.now()).approval!;
  const outcomes = ['approve', 'reject', 'approve', 'send_back', 'reject'];
  const answers = await Promise.all(
    outcomes.map((outcome, index) => {
      const decision = { outcome, statementId, reasonCode: 'FRAUD_REVIEW' };
      return untilAnswered(() => brand.ask(t.approver, 'approval', decision, `decision-${index}`));
    }),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(4);
  const decisions = (await brand.happened()).filter((type) =>
    ['approved', 'approval_rejected', 'sent_back'].includes(type),
  );
  expect(decisions).toHaveLength(1);
});

test('When no approval is waited for, then a decision on one is refused', async () => {
  const { brand } = await calculated({ storePlatform: 'shopify' });
  await brand.untilStatus('scheduled');
  expect(await brand.decide('approve')).toMatchObject({
    status: 409,
    body: { code: 'NO_APPROVAL_AWAITED' },
  });
});

async function awaitingApproval(change: Partial<ProgramDefinition> = {}) {
  const at = await calculated({}, change);
  await at.brand.untilStatus('awaiting_approval');
  return at;
}

/** The calculation date has come; the spend is that of the highest tier. */
async function calculated(
  form: Partial<Form>,
  change: Partial<ProgramDefinition> = {},
): Promise<{ program: OwnProgram; brand: Enrolled; advertiserId: string }> {
  const program = await ownProgram(t, change);
  const advertiserId = await newAdvertiser(t, { monthlySpend: ABOVE });
  const brand = await program.enroll({ advertiserId, ...form });
  await brand.confirm();
  await brand.complete();
  await brand.untilStatus('measuring');
  await program.advanceTo(CALCULATION);
  return { program, brand, advertiserId };
}

async function spends(advertiserId: string, total: string): Promise<void> {
  const response = await fetch(`${t.sandbox.url}/sandbox/advertisers/${advertiserId}/spend`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: '2023-11-01', to: '2023-11-30', total }),
  });
  expect(response.status).toBe(200);
}
