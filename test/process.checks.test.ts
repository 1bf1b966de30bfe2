/**
 * The checks by machine, of the ad account and of the API key: side by side, repeated where a resubmission touches them,
 * and asked anew on the calculation date.
 */
import { randomBytes } from 'node:crypto';
import { changeAdvertiser, newAdvertiser, unusedAdvertiserId } from './support/advertisers';
import { startGatedService, type Gate } from './support/gate';
import { ownProgram, type OwnProgram } from './support/ownProgram';
import type { TestService } from './support/testService';
import { untilAtRest } from './support/workflows';

const CALCULATION = '2023-12-04T00:00:00Z';

let t: TestService;
let gate: Gate;
beforeAll(async () => {
  ({ t, gate } = await startGatedService());
});
afterAll(() => t?.stop());

test('When a brand enrolls with a key, then key and ad account are checked side by side', async () => {
  const [advertiserId, partnerApiKey] = [await newAdvertiser(t), validKey()];
  const underWay = [gate.hold(advertiserId).reached, gate.hold(partnerApiKey).reached];
  const brand = await (await ownProgram(t)).enroll({ surveyPartner: 'fairing', advertiserId, partnerApiKey });
  // Both are asked before either has answered.
  await Promise.all(underWay);
  expect((await brand.now()).waitingFor.filter(({ who }) => who === 'service')).toMatchObject([
    { what: 'partner_key_check' },
    { what: 'advertiser_look_up' },
  ]);
  gate.release(partnerApiKey);
  await brand.untilEvent('partner_key_checked');
  gate.release(advertiserId);
  await brand.untilEvent('advertiser_located');
});

test('When the ad account is found, then its data and region are kept and the calculation moves to its time zone', async () => {
  const advertiserId = await newAdvertiser(t, { country: 'GB', currency: 'GBP', timezone: 'Europe/London' });
  gate.hold(advertiserId);
  const brand = await (await ownProgram(t)).enroll({ advertiserId });
  // Until then it is the program's, in Los Angeles.
  expect(await brand.now()).toMatchObject({ calculationDate: '2023-12-03T08:00:00.000Z' });
  gate.release(advertiserId);
  expect((await brand.untilEvent('advertiser_located')).details).toEqual({
    advertiserId,
    country: 'GB',
    currency: 'GBP',
    timeZone: 'Europe/London',
    accountStatus: 'active',
    region: 'GB',
  });
  expect((await brand.state()).lookUp).toMatchObject({
    state: 'located',
    region: 'GB',
    account: { country: 'GB', currency: 'GBP', timeZone: 'Europe/London', status: 'active' },
  });
  expect(await brand.now()).toMatchObject({ calculationDate: '2023-12-03T00:00:00.000Z' });
});

test('When the ad account changes after a key has vouched for it, then only the look-up is repeated, and an approver is needed', async () => {
  const program = await ownProgram(t);
  const brand = await program.enroll({
    surveyPartner: 'fairing',
    advertiserId: await newAdvertiser(t),
    partnerApiKey: validKey(),
  });
  await brand.untilEvent('partner_key_checked');
  await brand.complete();
  await brand.untilStatus('measuring');
  await brand.resubmit({ advertiserId: await newAdvertiser(t) });
  await brand.untilEvent('advertiser_located', 2);
  expect(await brand.activities()).toEqual({ lookUpAdvertiser: 2, checkPartnerKey: 1 });
  expect(await brand.now()).toMatchObject({ status: 'measuring' });

  await program.advanceTo(CALCULATION);
  expect(await brand.untilStatus('awaiting_approval')).toMatchObject({
    approval: { causes: ['changed_after_confirmation'] },
  });
});

describe('on the calculation date, if the policy is to close what is missing', () => {
  test.each([
    ['was suspended', { status: 'STATUS_LIMIT' }, 'ADVERTISER_SUSPENDED'],
    ['was in no region of the program', { country: 'BR', currency: 'BRL' }, 'REGION_NOT_ELIGIBLE'],
  ])(
    'When an ad account that %s can be used by then, then it is credited',
    async (_what, account, reasonCode) => {
      const program = await closingProgram();
      const advertiserId = await newAdvertiser(t, account);
      const brand = await program.enroll({ advertiserId });
      await brand.confirm();
      await brand.complete();
      const stuck = await t.until(brand.id, ({ waitingFor }) => waitingFor[0]?.who === 'advertiser');
      expect(stuck).toMatchObject({ status: 'action_required', waitingFor: [{ what: 'other_ad_account' }] });
      expect(failedCriteria(stuck)).toEqual([reasonCode]);

      await changeAdvertiser(t, advertiserId, {});
      await program.advanceTo(CALCULATION);
      expect((await brand.untilStatus('scheduled')).credit).toMatchObject({ amountMinor: 450_000 });
      expect((await brand.untilEvent('advertiser_located', 2)).details).toMatchObject({
        accountStatus: 'active',
        region: 'US',
      });
    },
  );

  test('When an advertiser id that was not found exists by then, then it is credited', async () => {
    const program = await closingProgram();
    const advertiserId = unusedAdvertiserId();
    const brand = await program.enroll({ advertiserId });
    await brand.confirm();
    await brand.complete();
    await brand.untilEvent('advertiser_not_located');
    expect(await brand.now()).toMatchObject({ status: 'action_required' });

    await newAdvertiser(t, { advertiserId });
    await program.advanceTo(CALCULATION);
    expect((await brand.untilStatus('scheduled')).credit).toMatchObject({ amountMinor: 450_000 });
  });

  test('When it is held while it is looked up again, then its spend is not read before the release', async () => {
    const program = await closingProgram();
    const advertiserId = await newAdvertiser(t, { status: 'STATUS_LIMIT' });
    const brand = await program.enroll({ advertiserId });
    await brand.confirm();
    await brand.complete();
    await brand.untilStatus('action_required');
    await changeAdvertiser(t, advertiserId, {});

    const { reached } = gate.hold(advertiserId);
    await program.advanceTo(CALCULATION);
    await reached;
    expect(await brand.hold()).toMatchObject({ status: 200, body: { status: 'calculating' } });
    gate.release(advertiserId);
    await brand.untilEvent('advertiser_located', 2);
    await untilAtRest(brand.workflow);
    expect(await brand.now()).toMatchObject({
      status: 'calculating',
      onHold: { reasonCode: 'FRAUD_REVIEW' },
    });
    expect((await brand.activities())['measure']).toBeUndefined();

    await brand.release();
    await brand.untilStatus('scheduled');
  });
});

function closingProgram(): Promise<OwnProgram> {
  return ownProgram(t, { policies: { ...t.definition.policies, missedFacts: { then: 'close' } } });
}

/** The sandbox knows by its beginning what it opens. */
function validKey(): string {
  return `fk_valid_${randomBytes(12).toString('hex')}`;
}

function failedCriteria(enrollment: object): (string | null)[] {
  const { criteria } = enrollment as { criteria: { status: string; reasonCode: string | null }[] };
  return criteria.filter(({ status }) => status === 'failed').map(({ reasonCode }) => reasonCode);
}
