/** A brand enrolls again after an end, with an admin's permission: once, and never after a credit. */
import { randomUUID } from 'node:crypto';
import { insertFrozen } from '../database/payouts';
import { eventually, type ApiAnswer, type ApiClient, type Enrollment } from '../dev/apiClient';
import { newAdvertiser } from './support/advertisers';
import { untilAnswered } from './support/comeAgain';
import { enrolled, ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import { paymentsOf } from './support/payouts';
import { temporalCommand } from './support/temporalCommand';
import { startTestService, type TestService } from './support/testService';
import { runsOfProgram } from './support/workflows';

const CALCULATION = '2023-12-04T00:00:00Z';
const PAYOUT = '2023-12-16T00:00:00Z';

let t: TestService;
beforeAll(async () => {
  t = await startTestService();
});
afterAll(() => t?.stop());

test('When an admin permits it after an end, then the next form makes a new enrollment under the next number, which is paid', async () => {
  const { program, brand } = await withdrawn();
  const refused = await t.caller.post('/v1/enrollments', brand.form);
  expect(refused).toMatchObject({ status: 409, body: { code: 'ENROLLMENT_ENDED' } });

  expect(await permit(brand)).toMatchObject({
    status: 200,
    body: { id: brand.id, status: 'withdrawn', supersededBy: null },
  });
  const created = await t.caller.post('/v1/enrollments', brand.form);
  expect(created).toMatchObject({
    status: 201,
    body: { status: 'verifying', workflowId: `${brand.workflow.workflowId}:2`, supersededBy: null },
  });
  expect(created.body.id).not.toBe(brand.id);
  expect(await brand.now()).toMatchObject({ status: 'withdrawn', supersededBy: created.body.id });

  const again = enrolled(t, created.body, brand.form);
  await again.confirm();
  await again.complete();
  await again.untilStatus('measuring');
  await program.advanceTo(CALCULATION);
  await again.untilStatus('scheduled');
  await program.advanceTo(PAYOUT);
  await again.untilStatus('paid');
  // The brand has one enrollment that counts: the form is a resubmission of it.
  expect(await t.caller.post('/v1/enrollments', brand.form)).toMatchObject({
    status: 409,
    body: { code: 'ENROLLMENT_ENDED', finalStatus: 'paid' },
  });
});

test('When 20 forms come at once after the permission, then they make one enrollment', async () => {
  const { program, brand } = await withdrawn();
  await permit(brand);
  const answers = await Promise.all(Array.from({ length: 20 }, () => enrollAgain(t.caller, brand)));
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(19).fill(200), 201]);
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect(await runsOfProgram(t, program.programId, 2)).toBe(2);
  const { rows } = await t.db.query(
    `select workflow_id, superseded_by is null as counts from enrollment where program_id = $1 order by workflow_id`,
    [program.programId],
  );
  const { workflowId } = brand.workflow;
  expect(rows).toEqual([
    { workflow_id: workflowId, counts: false },
    { workflow_id: `${workflowId}:2`, counts: true },
  ]);
});

test('When callers of two apps come at once after the permission, then one has the brand and the other is told that it is taken', async () => {
  const { brand } = await withdrawn();
  await permit(brand);
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) => enrollAgain(index % 2 ? t.caller : t.otherCaller, brand)),
  );
  const counts = (status: number) => answers.filter((answer) => answer.status === status).length;
  expect([counts(201), counts(200), counts(409)]).toEqual([1, 4, 5]);
  expect(answers.filter(({ status }) => status === 409).map(({ body }) => body.code)).toEqual(
    Array<string>(5).fill('BRAND_ALREADY_ENROLLED'),
  );
});

test('When a brand has ended again, then it needs another permission, and gets the number after that', async () => {
  const { brand } = await withdrawn();
  await permit(brand);
  const second = enrolled(t, (await t.caller.post('/v1/enrollments', brand.form)).body, brand.form);
  await second.untilEvent('advertiser_located');
  await second.withdraw();
  expect(await t.caller.post('/v1/enrollments', brand.form)).toMatchObject({ status: 409 });
  expect(await permit(brand)).toMatchObject({ status: 409, body: { code: 'ENROLLMENT_SUPERSEDED' } });
  await permit(second);
  expect(await t.caller.post('/v1/enrollments', brand.form)).toMatchObject({
    status: 201,
    body: { workflowId: `${brand.workflow.workflowId}:3` },
  });
});

test('When an enrollment was paid, then a permission is refused and the brand gets no other', async () => {
  const { program, brand } = await scheduled();
  await program.advanceTo(PAYOUT);
  await brand.untilStatus('paid');
  expect(await permit(brand)).toMatchObject({ status: 409, body: { code: 'ENROLLMENT_CREDITED' } });
  expect(await t.caller.post('/v1/enrollments', brand.form)).toMatchObject({
    status: 409,
    body: { code: 'ENROLLMENT_ENDED', finalStatus: 'paid' },
  });
});

test('When a credit is frozen while the form waits for the row of the ended enrollment, then it makes no new one', async () => {
  const { brand } = await scheduled();
  await brand.withdraw();
  await permit(brand);
  const { statementId, amountMinor, currency } = (await brand.state()).credit!;
  const { advertiserId } = brand.form;
  const payer = await t.db.connect();
  try {
    await payer.query('begin');
    await payer.query('select from enrollment where enrollment_id = $1 for update', [brand.id]);
    const posted = t.caller.post('/v1/enrollments', brand.form);
    await eventually(waitingForLock, (waiting) => waiting > 0);
    // As the run of a reset would write it before it pays.
    await payer.query(
      `update enrollment set state = jsonb_set(state, '{stage}', '"paying"') where enrollment_id = $1`,
      [brand.id],
    );
    const isFrozen = await insertFrozen(payer, {
      request: { reference: `${brand.id}:credit:1`, advertiserId, amountMinor, currency },
      requestHash: 'a test',
      enrollmentId: brand.id,
      workflowId: brand.workflow.workflowId,
      rail: 'sandbox',
      statementId,
    });
    expect(isFrozen).toBe(true);
    await payer.query('commit');
    expect(await posted).toMatchObject({ status: 409, body: { code: 'ENROLLMENT_ENDED' } });
  } finally {
    payer.release();
  }
  expect(await brand.now()).toMatchObject({ supersededBy: null });
});

test('When an enrollment is open, then a permission is refused', async () => {
  const brand = await (await ownProgram(t)).enroll();
  expect(await permit(brand)).toMatchObject({ status: 409, body: { code: 'ENROLLMENT_OPEN' } });
});

test('When an ended process is reset after the permission and pays, then the form makes no new enrollment', async () => {
  const { program, brand } = await scheduled();
  await brand.withdraw();
  await permit(brand);
  await resetWithoutWithdrawal(brand);
  await payoutDateComes(program, brand);
  await brand.untilStatus('paid');
  expect(await t.caller.post('/v1/enrollments', brand.form)).toMatchObject({
    status: 409,
    body: { code: 'ENROLLMENT_ENDED', finalStatus: 'paid' },
  });
});

test('When an ended process is reset after the brand has enrolled again, then it fails and pays nothing', async () => {
  const { program, brand } = await scheduled();
  await brand.withdraw();
  await permit(brand);
  expect(await t.caller.post('/v1/enrollments', brand.form)).toMatchObject({ status: 201 });
  await resetWithoutWithdrawal(brand);
  await payoutDateComes(program, brand);
  await expect(brand.workflow.result()).rejects.toMatchObject({
    cause: { activityType: 'pay', cause: { type: 'WORKFLOW_REPLACED' } },
  });
  expect(await paymentsOf(t, brand)).toEqual([]);
});

test('When the request that was refused comes again with its key, then it stays refused, and a new key enrolls', async () => {
  const { brand } = await withdrawn();
  const key = randomUUID();
  const post = (withKey: string): Promise<ApiAnswer<Enrollment>> =>
    t.caller.post('/v1/enrollments', { ...brand.form, storePlatform: 'magento' }, withKey);
  expect((await post(key)).status).toBe(409);
  await permit(brand);
  // Also when its answer is not kept any more.
  await t.db.query('delete from idempotency_key where key = $1', [key]);
  expect((await post(key)).status).toBe(409);
  expect((await post(randomUUID())).status).toBe(201);
});

function enrollAgain(by: ApiClient, brand: Enrolled): Promise<ApiAnswer<Enrollment>> {
  const key = randomUUID();
  return untilAnswered(() => by.post('/v1/enrollments', brand.form, key));
}

function permit(brand: Enrolled): Promise<ApiAnswer<Enrollment>> {
  return brand.ask(t.admin, 'new-enrollment-permission', { note: 'They changed the survey partner.' });
}

async function waitingForLock(): Promise<number> {
  const { rows } = await t.db.query<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows[0]!.count;
}

async function withdrawn(): Promise<{ program: OwnProgram; brand: Enrolled }> {
  const program = await ownProgram(t);
  const brand = await program.enroll({ advertiserId: await newAdvertiser(t) });
  await brand.untilEvent('advertiser_located');
  await brand.withdraw();
  return { program, brand };
}

async function scheduled(): Promise<{ program: OwnProgram; brand: Enrolled }> {
  const program = await ownProgram(t);
  const brand = await program.enrollComplete({ advertiserId: await newAdvertiser(t) });
  await program.advanceTo(CALCULATION);
  await brand.untilStatus('scheduled');
  return { program, brand };
}

/** To where it waited for its payout date. */
async function resetWithoutWithdrawal(brand: Enrolled): Promise<void> {
  const { workflowId } = brand.workflow;
  const events = (await brand.workflow.fetchHistory()).events ?? [];
  const cancel = events.find(
    ({ activityTaskScheduledEventAttributes: asked }) => asked?.activityType?.name === 'cancelPayout',
  );
  const task = String(cancel!.activityTaskScheduledEventAttributes!.workflowTaskCompletedEventId);
  const where = ['--event-id', task, '--reapply-exclude', 'All', '--reason', 'a test'];
  await temporalCommand(t, 'workflow', 'reset', '--workflow-id', workflowId, ...where);
}

/** In the read model it has ended until it does something, so the clock's move does not reach it by itself. */
async function payoutDateComes(program: OwnProgram, brand: Enrolled): Promise<void> {
  await program.advanceTo(PAYOUT);
  await brand.workflow.signal('wake');
}
