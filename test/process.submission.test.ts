/** What the form says and how a resubmission revises it: a wrong advertiser id, another ad account, data sharing. */
import { eventually } from '../dev/apiClient';
import { newAdvertiser, requestCounts, unusedAdvertiserId } from './support/advertisers';
import { startGatedService, type Gate } from './support/gate';
import { history, ownProgram, type Enrolled } from './support/ownProgram';
import { UNKNOWN_ADVERTISER, type TestService } from './support/testService';
import { untilAtRest } from './support/workflows';

let t: TestService;
let gate: Gate;
beforeAll(async () => {
  ({ t, gate } = await startGatedService());
});
afterAll(() => t?.stop());

test('When the advertiser id is wrong, then the advertiser is asked for the right one, and correcting it repeats only the look-up', async () => {
  const brand = await enroll(UNKNOWN_ADVERTISER);
  await brand.confirm();
  await brand.complete();
  const stuck = await brand.untilStatus('action_required');
  expect(waits(stuck)).toEqual(['advertiser: advertiser_id_correction']);
  expect(stuck.statusText).toContain('the advertiser must correct the advertiser ID');
  const { questionnaire } = await brand.state();

  const asked = await requestCounts(t);
  const corrected = await newAdvertiser(t);
  expect(await brand.resubmit({ advertiserId: corrected })).toMatchObject({
    status: 200,
    body: { advertiserId: corrected },
  });
  await brand.untilEvent('advertiser_located');
  expect(await requestCounts(t)).toEqual({ ...asked, advertiser_info: asked['advertiser_info']! + 1 });
  expect(await brand.activities()).toEqual({ lookUpAdvertiser: 2 });

  // The answers are the advertiser's and stand; the partner has attested another ad account.
  expect((await brand.state()).questionnaire).toEqual(questionnaire);
  expect(waits(await brand.now())).toEqual(['partner: partner_confirmation']);
  expect(await brand.confirm(t.partner, corrected)).toMatchObject({ body: { status: 'measuring' } });
});

test('When a partner confirms the ad account that was replaced, then it is refused and the confirmation stays open', async () => {
  const replaced = await newAdvertiser(t);
  const brand = await enroll(replaced);
  await brand.untilEvent('advertiser_located');
  await brand.resubmit({ advertiserId: await newAdvertiser(t) });
  expect(await brand.confirm(t.partner, replaced)).toMatchObject({
    status: 409,
    body: { code: 'SUBMISSION_SUPERSEDED' },
  });
  await brand.untilEvent('advertiser_located', 2);
  expect(waits(await brand.now())).toEqual(['partner: partner_confirmation', 'advertiser: questionnaire']);
});

test('When the answer about a replaced ad account comes late, then it is ignored', async () => {
  const replaced = await newAdvertiser(t, { country: 'GB', currency: 'GBP', timezone: 'Europe/London' });
  const { reached } = gate.hold(replaced);
  const brand = await enroll(replaced);
  await reached;
  const current = await newAdvertiser(t);
  await brand.resubmit({ advertiserId: current });
  await brand.untilEvent('advertiser_located');

  gate.release(replaced);
  // Temporal takes the late answer, and tells the workflow of it with its next task.
  const answers = async () =>
    (await history(brand.workflow)).filter((event) => event.activityTaskCompletedEventAttributes);
  await eventually(answers, (found) => found.length === 2);
  await brand.confirm(t.partner, current);
  await brand.complete();
  expect(await brand.state()).toMatchObject({
    lookUp: { state: 'located', region: 'US', account: { country: 'US' } },
  });
  const located = (await brand.timeline()).filter(({ type }) => type === 'advertiser_located');
  expect(located.map(({ details }) => details['advertiserId'])).toEqual([current]);
});

test('When the advertiser corrects the id twice before any answer, then only the last ad account counts', async () => {
  const [first, second, last] = [await newAdvertiser(t), unusedAdvertiserId(), await newAdvertiser(t)];
  for (const id of [first, second]) gate.hold(id);
  const brand = await enroll(first);
  await brand.resubmit({ advertiserId: second });
  await brand.resubmit({ advertiserId: last });
  for (const id of [first, second]) gate.release(id);
  await brand.untilEvent('advertiser_located');
  expect(await brand.untilEvent('advertiser_located')).toMatchObject({ details: { advertiserId: last } });
  expect(await brand.happened()).toEqual(['opened', 'resubmitted', 'resubmitted', 'advertiser_located']);
  await untilAtRest(brand.workflow); // or the late look-ups would be counted by the tests that count requests
});

test('When the calculation date comes while the platform is away, then lists say that it is calculating and takes no correction', async () => {
  const program = await ownProgram(t);
  const brand = await program.enroll({ advertiserId: UNKNOWN_ADVERTISER });
  await brand.untilStatus('action_required');
  const { reached } = gate.hold(UNKNOWN_ADVERTISER);
  await program.advanceTo('2023-12-04T00:00:00Z');
  await reached;
  expect(await brand.untilStatus('calculating')).toMatchObject({ waitingFor: [{ what: 'calculation' }] });
  expect(await brand.resubmit({ advertiserId: await newAdvertiser(t) })).toMatchObject({
    status: 409,
    body: { code: 'CALCULATION_BEGUN' },
  });
  gate.release(UNKNOWN_ADVERTISER);
  await brand.untilEvent('rolled_on');
});

test('When only the contact is revised, then nothing is looked up again and the confirmation is open again', async () => {
  const brand = await enroll(await newAdvertiser(t));
  await brand.untilEvent('advertiser_located');
  await brand.confirm();
  await brand.complete();
  const asked = await requestCounts(t);
  const revised = await brand.resubmit({ contact: { name: 'Nils Wind', email: 'nils@northwind.example' } });
  expect(revised.body).toMatchObject({ status: 'verifying' });
  expect(waits(revised.body)).toEqual(['partner: partner_confirmation']);
  expect(await brand.confirm()).toMatchObject({ body: { status: 'measuring' } });
  expect(await requestCounts(t)).toEqual(asked);
  expect(await brand.activities()).toEqual({ lookUpAdvertiser: 1 });
});

test('When the form comes again with equal data, then nothing changes', async () => {
  const brand = await enroll(await newAdvertiser(t));
  await brand.untilEvent('advertiser_located');
  await brand.confirm();
  const before = { state: await brand.state(), timeline: await brand.timeline() };
  expect(await brand.resubmit({})).toMatchObject({ status: 200, body: { id: brand.id } });
  expect({ state: await brand.state(), timeline: await brand.timeline() }).toEqual(before);
});

test('When a resubmission was refused, then the data that the enrollment has are still no change', async () => {
  const own = { contact: { name: 'Nora Wind', email: 'nora@northwind.example' } };
  const other = { contact: { name: 'Nils Wind', email: 'nils@northwind.example' } };
  const brand = await sentBackAfter(async (waiting) => {
    expect(await waiting.resubmit(other)).toMatchObject({ status: 409, body: { code: 'CALCULATION_BEGUN' } });
    expect(await waiting.resubmit(own)).toMatchObject({ status: 200 });
  });
  const before = { state: await brand.state(), timeline: await brand.timeline() };
  expect(await brand.resubmit(own)).toMatchObject({ status: 200, body: { status: 'measuring' } });
  expect({ state: await brand.state(), timeline: await brand.timeline() }).toEqual(before);
  await brand.release();
  expect(await brand.untilStatus('awaiting_approval')).toMatchObject({
    approval: { causes: ['above_threshold'] },
  });
});

test('When data sharing is not authorized, then the advertiser must act, and a resubmission with it is enough', async () => {
  const { textVersion } = t.definition.dataSharing;
  const program = await ownProgram(t);
  const advertiserId = await newAdvertiser(t);
  const brand = await program.enroll({ advertiserId, dataSharing: { authorized: false, textVersion } });
  await brand.untilEvent('advertiser_located');
  await brand.complete();
  const refused = await brand.now();
  expect(refused.status).toBe('action_required');
  expect(waits(refused)).toEqual(['partner: partner_confirmation', 'advertiser: data_sharing_authorization']);

  await brand.resubmit({ dataSharing: { authorized: true, textVersion } });
  expect(await brand.confirm()).toMatchObject({ body: { status: 'measuring' } });
  expect(await brand.activities()).toEqual({ lookUpAdvertiser: 1 });
});

test('When the brand moves to another survey partner, then that one confirms and the former no longer sees the enrollment', async () => {
  const brand = await enroll(await newAdvertiser(t));
  await brand.confirm();
  await brand.resubmit({ surveyPartner: 'fairing' });
  expect((await brand.confirm(t.partner)).status).toBe(404);
  expect(await brand.confirm(t.otherPartner)).toMatchObject({ status: 200 });
  expect((await brand.state()).partnerStatements).toMatchObject({
    subscription: { by: { role: 'partner', id: 'fairing' } },
  });
});

/** A credit that an approver has sent back, after something was done while it was waited for. */
async function sentBackAfter(meanwhile: (brand: Enrolled) => Promise<void>): Promise<Enrolled> {
  const program = await ownProgram(t);
  const advertiserId = await newAdvertiser(t, { monthlySpend: '25000.00' });
  const brand = await program.enrollComplete({ advertiserId });
  await program.advanceTo('2023-12-04T00:00:00Z');
  await brand.untilStatus('awaiting_approval');
  await meanwhile(brand);
  await brand.decide('send_back');
  await t.until(brand.id, ({ onHold }) => onHold !== null);
  return brand;
}

async function enroll(advertiserId: string): Promise<Enrolled> {
  return (await ownProgram(t)).enroll({ advertiserId });
}

function waits({ waitingFor }: { waitingFor: { who: string; what: string }[] }): string[] {
  return waitingFor.map(({ who, what }) => `${who}: ${what}`);
}
