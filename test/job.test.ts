/** The main job, end to end. */
import { ADVERTISER, startTestService, type TestService } from './support/testService';

let t: TestService;
beforeAll(async () => {
  t = await startTestService();
});
afterAll(() => t?.stop());

test('When a brand enrolls, corrects its advertiser id, defers and proves all facts, then it is paid exactly once', async () => {
  const form = t.form({ advertiserId: '7012345678901234560' });
  const created = await t.caller.post('/v1/enrollments', form);
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({ status: 'verifying', calculationMonth: '2023-11', credit: null });
  expect(created.body).not.toHaveProperty('temporalUiUrl');
  const { id } = created.body;
  const path = `/v1/enrollments/${id}`;

  const notFound = await t.untilStatus(id, 'action_required');
  expect(notFound.waitingFor).toContainEqual(
    expect.objectContaining({ who: 'advertiser', what: 'advertiser_id_correction' }),
  );

  const corrected = await t.caller.post('/v1/enrollments', { ...form, advertiserId: ADVERTISER });
  expect(corrected).toMatchObject({ status: 200, body: { id, advertiserId: ADVERTISER } });
  await t.untilEvent(id, 'advertiser_located');
  // The period now ends in the ad account's time zone.
  expect((await t.get(id)).calculationDate).toBe('2023-12-03T05:00:00.000Z');

  const confirmed = await t.partner.post(`${path}/partner-confirmation`, { advertiserId: ADVERTISER });
  expect(confirmed).toMatchObject({ status: 200, body: { status: 'verifying' } });
  const deferred = await t.partner.post(`${path}/deferral`, { month: '2023-12' });
  expect(deferred.body).toMatchObject({
    calculationMonth: '2023-12',
    calculationDate: '2024-01-03T05:00:00.000Z',
  });
  const completed = await t.caller.post(`${path}/questionnaire`, { answers: t.answers });
  expect(completed.body).toMatchObject({ status: 'measuring' });

  await t.advanceTo('2024-01-04T00:00:00Z');
  const scheduled = await t.untilStatus(id, 'scheduled');
  expect(scheduled.credit).toMatchObject({
    amountMinor: 450_000,
    display: '4,500.00 USD',
    spend: { amountMinor: 1_248_000 },
    lines: [{ amount: { amountMinor: 400_000 } }, { amount: { amountMinor: 50_000 } }],
  });
  expect(await t.payments()).toEqual([]);

  await t.advanceTo('2024-01-16T00:00:00Z');
  await t.untilStatus(id, 'paid');
  expect(await t.payments()).toEqual([
    expect.objectContaining({ amountMinor: 450_000, advertiserId: ADVERTISER }),
  ]);
  expect((await t.timeline(id)).map(({ type }) => type)).toEqual([
    'opened',
    'advertiser_not_located',
    'resubmitted',
    'advertiser_located',
    'partner_confirmed',
    'deferred',
    'questionnaire_completed',
    'calculation_begun',
    'credit_calculated',
    'payout_begun',
    'payout_paid',
    'ended',
  ]);
});
