/** Reminders at the program's days (pps-demo: 3, 7, 14 for advertiser and partner; 1, 3, 7 for the approver). */
import { randomBytes } from 'node:crypto';
import { newAdvertiser } from './support/advertisers';
import { ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import { startTestService, UNKNOWN_ADVERTISER, type TestService } from './support/testService';

let t: TestService;
beforeAll(async () => {
  t = await startTestService();
});
afterAll(() => t?.stop());

test('When days pass, then advertiser and partner are reminded at the days of the program, each of what is theirs', async () => {
  const { program, brand } = await enrolledAtNoon();
  await program.advanceTo('2023-10-15T16:00:00Z');
  await brand.untilEvent('reminder_due', 2);
  expect(await reminders(brand)).toEqual([
    'partner of partner_confirmation 1',
    'advertiser of questionnaire 1',
  ]);
  await program.advanceTo('2023-10-19T15:59:59Z');
  await brand.untilClockRead(2);
  expect(await reminders(brand)).toHaveLength(2);
  await program.advanceTo('2023-10-19T16:00:00Z');
  await brand.untilEvent('reminder_due', 4);
  await program.advanceTo('2023-10-26T16:00:00Z');
  await brand.untilEvent('reminder_due', 6);
  await program.advanceTo('2023-11-26T16:00:00Z');
  await brand.untilClockRead(5);
  // The program has three.
  expect(await reminders(brand)).toHaveLength(6);
  expect((await brand.timeline()).filter(({ type }) => type === 'reminder_due').at(-1)).toMatchObject({
    at: '2023-10-26T16:00:00.000Z',
    actor: { role: 'service' },
  });
});

test('When a fact is in, then nobody is reminded of it any more', async () => {
  const { program, brand } = await enrolledAtNoon();
  await brand.confirm();
  await program.advanceTo('2023-10-15T16:00:00Z');
  await brand.untilEvent('reminder_due');
  await brand.complete();
  await program.advanceTo('2023-11-26T16:00:00Z');
  await brand.untilClockRead(2);
  expect(await reminders(brand)).toEqual(['advertiser of questionnaire 1']);
});

test('When advertiser id and API key are wrong, then the advertiser is reminded of each, and not once they are mended', async () => {
  const program = await ownProgram(t);
  // The sandbox knows by its beginning what a key opens.
  const key = (kind: string) => `fk_${kind}_${randomBytes(12).toString('hex')}`;
  const brand = await program.enroll({
    surveyPartner: 'fairing',
    partnerApiKey: key('revoked'),
    advertiserId: UNKNOWN_ADVERTISER,
  });
  await brand.complete();
  await brand.untilEvent('partner_key_checked');
  await brand.untilEvent('advertiser_not_located');
  await program.advanceTo('2023-10-15T16:00:00Z');
  await brand.untilEvent('reminder_due', 2);
  expect(await reminders(brand)).toEqual([
    'advertiser of valid_api_key 1',
    'advertiser of advertiser_id_correction 1',
  ]);
  await brand.resubmit({ partnerApiKey: key('valid'), advertiserId: await newAdvertiser(t) });
  await brand.untilStatus('measuring');
  await program.advanceTo('2023-11-26T16:00:00Z');
  await brand.untilClockRead(2);
  expect(await reminders(brand)).toHaveLength(2);
});

test('When the clock jumps over several reminders, then the last of them stands for all', async () => {
  const { program, brand } = await enrolledAtNoon();
  await brand.confirm();
  await program.advanceTo('2023-11-20T00:00:00Z');
  await brand.untilEvent('reminder_due');
  expect(await reminders(brand)).toEqual(['advertiser of questionnaire 3']);
});

test('When the clock jumps over reminders and the calculation date, then nobody is reminded of what is too late', async () => {
  const program = await ownProgram(t, {
    policies: { ...t.definition.policies, missedFacts: { then: 'close' } },
  });
  const brand = await program.enroll();
  await brand.untilEvent('advertiser_located');
  await program.advanceTo('2023-12-04T00:00:00Z');
  await brand.untilStatus('ineligible');
  expect(await reminders(brand)).toEqual([]);
});

test('When the enrollment is held, then nobody is reminded, and after the release the last one that was due is sent', async () => {
  const { program, brand } = await enrolledAtNoon();
  await brand.confirm();
  await brand.hold();
  await program.advanceTo('2023-10-20T00:00:00Z');
  await brand.untilClockRead(1);
  expect(await reminders(brand)).toEqual([]);
  await brand.release();
  await brand.untilEvent('reminder_due');
  expect(await reminders(brand)).toEqual(['advertiser of questionnaire 2']);
});

test('When the questionnaire is reopened, then its days begin anew', async () => {
  const { program, brand } = await enrolledAtNoon();
  await brand.confirm();
  await program.advanceTo('2023-10-16T00:00:00Z');
  await brand.untilEvent('reminder_due');
  await brand.complete();
  await brand.ask(t.admin, 'questionnaire/reopening', {});
  await program.advanceTo('2023-10-18T23:59:59Z');
  await brand.untilClockRead(2);
  expect(await reminders(brand)).toHaveLength(1);
  await program.advanceTo('2023-10-19T00:00:00Z');
  await brand.untilEvent('reminder_due', 2);
  expect(await reminders(brand)).toEqual(['advertiser of questionnaire 1', 'advertiser of questionnaire 1']);
});

test('When a credit waits for its approval, then the approver is reminded, and not after the decision', async () => {
  const program = await ownProgram(t);
  const brand = await program.enrollComplete({
    advertiserId: await newAdvertiser(t, { monthlySpend: '25000.00' }),
  });
  await program.advanceTo('2023-12-04T00:00:00Z');
  await brand.untilStatus('awaiting_approval');
  await program.advanceTo('2023-12-05T00:00:00Z');
  await brand.untilEvent('reminder_due');
  await program.advanceTo('2023-12-07T00:00:00Z');
  await brand.untilEvent('reminder_due', 2);
  expect(await reminders(brand)).toEqual(['approver of approval 1', 'approver of approval 2']);
  await brand.decide('approve');
  await brand.untilStatus('scheduled');
  await program.advanceTo('2023-12-12T00:00:00Z');
  await brand.untilClockRead(4);
  expect(await reminders(brand)).toHaveLength(2);
});

test('When a program reminds nobody, then days pass without one', async () => {
  const program = await ownProgram(t, {
    reminders: { advertiserDays: [], partnerDays: [], approverDays: [] },
  });
  const brand = await program.enroll();
  await brand.untilEvent('advertiser_located');
  await program.advanceTo('2023-11-20T00:00:00Z');
  await brand.untilClockRead(1);
  expect(await brand.happened()).toEqual(['opened', 'advertiser_located']);
});

/** On 12 October 2023 at 16:00 UTC, where the clock stands still. */
async function enrolledAtNoon(): Promise<{ program: OwnProgram; brand: Enrolled }> {
  const program = await ownProgram(t);
  const brand = await program.enroll();
  await brand.untilEvent('advertiser_located');
  return { program, brand };
}

async function reminders(brand: Enrolled): Promise<string[]> {
  const due = (await brand.timeline()).filter(({ type }) => type === 'reminder_due');
  return due.map(({ details: { to, of, number } }) => [to, 'of', of, number].join(' '));
}
