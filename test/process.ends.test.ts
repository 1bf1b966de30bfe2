/** The calculation date with something missing, a period without enough spend, and what happens after the end. */
import type { ProgramDefinition } from '../program/definition';
import { changeAdvertiser, newAdvertiser, type AdvertiserPlan } from './support/advertisers';
import { ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import { startTestService, UNKNOWN_ADVERTISER, type Form, type TestService } from './support/testService';

const NOVEMBER_COUNTED = '2023-12-04T00:00:00Z';
const DECEMBER_COUNTED = '2024-01-04T00:00:00Z';
const JANUARY_COUNTED = '2024-02-04T00:00:00Z';

let t: TestService;
beforeAll(async () => {
  t = await startTestService();
});
afterAll(() => t?.stop());

test('When the advertiser id is never located, then the enrollment rolls on once and ends as ineligible', async () => {
  const program = await ownProgram(t); // pps-demo rolls on once when facts are missing
  const brand = await program.enroll({ advertiserId: UNKNOWN_ADVERTISER });
  await brand.untilStatus('action_required');
  await program.advanceTo(NOVEMBER_COUNTED);
  const rolledOn = await brand.untilEvent('rolled_on');
  const missing = 'SUBSCRIPTION_NOT_CONFIRMED,QUESTIONNAIRE_OVERDUE,ADVERTISER_NOT_LOCATABLE';
  expect(rolledOn.details).toEqual({ fromMonth: '2023-11', month: '2023-12', reasonCodes: missing });
  expect(await brand.now()).toMatchObject({ status: 'action_required', calculationMonth: '2023-12' });

  await program.advanceTo(DECEMBER_COUNTED);
  const ended = await brand.untilStatus('ineligible');
  expect(ended.reasonCodes).toEqual(missing.split(','));
  expect(ended.statusText).toContain('The advertiser ID could not be located');
  expect(await brand.workflow.result()).toEqual({
    status: 'ineligible',
    reasonCodes: missing.split(','),
    text: ended.statusText,
    amountMinor: null,
    currency: null,
    payoutKey: null,
  });
});

/** What is wrong with an enrollment whose other facts are in, and the code with which it is closed. */
const CLOSED_FOR: [string, { account?: AdvertiserPlan; form?: Partial<Form> }, string][] = [
  [
    'the advertiser id cannot be located',
    { form: { advertiserId: UNKNOWN_ADVERTISER } },
    'ADVERTISER_NOT_LOCATABLE',
  ],
  ['the ad account is suspended', { account: { status: 'STATUS_LIMIT' } }, 'ADVERTISER_SUSPENDED'],
  [
    'the ad account is in no region of the program',
    { account: { country: 'BR', currency: 'BRL', timezone: 'America/Sao_Paulo' } },
    'REGION_NOT_ELIGIBLE',
  ],
  [
    "the region has no amounts in the ad account's currency",
    { account: { country: 'US', currency: 'CAD' } },
    'CURRENCY_MISMATCH',
  ],
  [
    'data sharing is not authorized',
    { form: { dataSharing: { authorized: false, textVersion: '2023-10' } } },
    'DATA_SHARING_NOT_AUTHORIZED',
  ],
];

test.each(CLOSED_FOR)(
  'When %s on the calculation date and the policy is to close, then the enrollment ends as ineligible',
  async (_what, { account, form }, reasonCode) => {
    const program = await ownProgram(t, policies({ missedFacts: { then: 'close' } }));
    const brand = await program.enroll({ advertiserId: await newAdvertiser(t, account), ...form });
    await brand.confirm();
    await brand.complete();
    // Some faults show before the look-up has answered: until then the service itself is waited for, too.
    await t.until(
      brand.id,
      ({ waitingFor: [first, ...others] }) => first?.who === 'advertiser' && others.length === 0,
    );
    expect((await brand.now()).status).toBe('action_required');
    await program.advanceTo(NOVEMBER_COUNTED);
    expect((await brand.untilStatus('ineligible')).reasonCodes).toEqual([reasonCode]);
    expect((await brand.untilEvent('ended')).details).toEqual({
      status: 'ineligible',
      reasonCodes: reasonCode,
    });
    expect(await brand.activities()).not.toHaveProperty('measure');
  },
);

test('When a fact is missing and the policy is to close, then the enrollment ends with the codes of all that is missing', async () => {
  const program = await ownProgram(t, policies({ missedFacts: { then: 'close' } }));
  const brand = await program.enroll();
  await brand.untilEvent('advertiser_located');
  await program.advanceTo(NOVEMBER_COUNTED);
  const ended = await brand.untilStatus('ineligible');
  expect(ended.reasonCodes).toEqual(['SUBSCRIPTION_NOT_CONFIRMED', 'QUESTIONNAIRE_OVERDUE']);
  expect(ended.waitingFor).toEqual([]);
});

test('When the ad account is suspended only after its look-up, then the calculation finds out', async () => {
  const advertiserId = await newAdvertiser(t);
  const { program, brand } = await ready(policies({ missedFacts: { then: 'close' } }), advertiserId);
  await changeAdvertiser(t, advertiserId, { status: 'STATUS_LIMIT' });
  await program.advanceTo(NOVEMBER_COUNTED);
  expect((await brand.untilStatus('ineligible')).reasonCodes).toEqual(['ADVERTISER_SUSPENDED']);
  const [, again] = (await brand.timeline()).filter(({ type }) => type === 'advertiser_located');
  expect(again?.details).toMatchObject({ accountStatus: 'suspended' });
});

test.each([
  ['nothing is spent', '0.00', 'NO_SPEND_IN_PERIOD'],
  ['less than the minimum is spent', '999.99', 'BELOW_MINIMUM_SPEND'],
])(
  'When %s and the policy is to close, then the enrollment ends as ineligible',
  async (_what, spend, reasonCode) => {
    const { program, brand } = await ready({}, await newAdvertiser(t, { monthlySpend: spend }));
    await program.advanceTo(NOVEMBER_COUNTED);
    const ended = await brand.untilStatus('ineligible');
    expect(ended).toMatchObject({ reasonCodes: [reasonCode], credit: null });
    expect(await brand.happened()).not.toContain('rolled_on');
  },
);

test('When nothing is spent and the policy is to roll on, then the next period is measured, at most as often as allowed', async () => {
  const rollOn = policies({ noSpend: { then: 'roll_on', atMost: 2 } });
  const { program, brand } = await ready(rollOn, await newAdvertiser(t, { monthlySpend: '0.00' }));
  const reasonCodes = 'NO_SPEND_IN_PERIOD';
  await program.advanceTo(NOVEMBER_COUNTED);
  expect((await brand.untilEvent('rolled_on')).details).toEqual({
    fromMonth: '2023-11',
    month: '2023-12',
    reasonCodes,
  });
  expect(await brand.now()).toMatchObject({
    status: 'measuring',
    calculationMonth: '2023-12',
    calculationDate: '2024-01-03T05:00:00.000Z',
    payoutDate: '2024-01-15T08:00:00.000Z',
  });
  await program.advanceTo(DECEMBER_COUNTED);
  expect((await brand.untilEvent('rolled_on', 2)).details).toEqual({
    fromMonth: '2023-12',
    month: '2024-01',
    reasonCodes,
  });
  await program.advanceTo(JANUARY_COUNTED);
  expect((await brand.untilStatus('ineligible')).reasonCodes).toEqual([reasonCodes]);
  expect(await brand.activities()).toMatchObject({ measure: 3 });
});

test('When a missing fact comes in the period after a roll-on, then that period is credited and paid', async () => {
  const program = await ownProgram(t);
  const brand = await program.enroll({ advertiserId: await newAdvertiser(t) });
  await brand.complete();
  await program.advanceTo(NOVEMBER_COUNTED);
  await brand.untilEvent('rolled_on');
  expect(await brand.confirm()).toMatchObject({ body: { status: 'measuring', calculationMonth: '2023-12' } });
  await program.advanceTo(DECEMBER_COUNTED);
  expect((await brand.untilStatus('scheduled')).credit).toMatchObject({ amountMinor: 450_000 });
  await program.advanceTo('2024-01-16T00:00:00Z');
  await brand.untilStatus('paid');
});

test('When the calendar has no next period, then the enrollment is closed instead of rolled on', async () => {
  const calendar = t.definition.calendar.slice(0, 1);
  const program = await ownProgram(t, { calendar, deferral: { maximum: 0, by: [] } });
  const brand = await program.enroll();
  await program.advanceTo(NOVEMBER_COUNTED);
  await brand.untilStatus('ineligible');
  expect(await brand.happened()).not.toContain('rolled_on');
});

test('When a message comes to an enrollment that has ended, then it is refused with the final state', async () => {
  const program = await ownProgram(t, policies({ missedFacts: { then: 'close' } }));
  const brand = await program.enroll();
  await brand.untilEvent('advertiser_located');
  await brand.complete();
  await program.advanceTo(NOVEMBER_COUNTED);
  await brand.untilStatus('ineligible');
  await brand.workflow.result();
  const timeline = await brand.timeline();

  const answers = [
    await brand.confirm(),
    await brand.defer('2023-12', t.admin),
    await brand.complete(t.admin),
    await brand.resubmit({ storePlatform: 'magento' }),
  ];
  for (const answer of answers) {
    expect(answer).toMatchObject({
      status: 409,
      body: {
        code: 'ENROLLMENT_ENDED',
        finalStatus: 'ineligible',
        reasonCodes: ['SUBSCRIPTION_NOT_CONFIRMED'],
      },
    });
  }
  expect(await brand.timeline()).toEqual(timeline);
});

/** An enrollment with all facts in. */
async function ready(
  change: Partial<ProgramDefinition>,
  advertiserId: string,
): Promise<{ program: OwnProgram; brand: Enrolled }> {
  const program = await ownProgram(t, change);
  const brand = await program.enroll({ advertiserId });
  await brand.confirm();
  await brand.complete();
  await brand.untilStatus('measuring');
  return { program, brand };
}

function policies(changes: Partial<ProgramDefinition['policies']>): Partial<ProgramDefinition> {
  return { policies: { ...t.definition.policies, ...changes } };
}
