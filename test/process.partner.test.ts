/** The survey partner's word: a rejection, of all or of one criterion, and a confirmation after all. */
import { createApiClient } from '../dev/apiClient';
import { DEVELOPMENT_KEYS } from '../dev/settings';
import { newAdvertiser } from './support/advertisers';
import { ownProgram, storedHistory, type Enrolled } from './support/ownProgram';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
beforeAll(async () => {
  const okendo = { key: 'pps_dev_partner_okendo', role: 'partner', id: 'okendo', surveyPartner: 'okendo' };
  t = await startTestService({ environment: { API_KEYS: JSON.stringify([...DEVELOPMENT_KEYS, okendo]) } });
});
afterAll(() => t?.stop());

test.each([
  ['kno', 'pps_dev_partner_kno', { role: 'partner', id: 'kno' }],
  ['okendo', 'pps_dev_partner_okendo', { role: 'partner', id: 'okendo' }],
  ['okendo', 'pps_dev_admin_ana', { role: 'admin', id: 'ana' }],
])(
  'When %s is the partner and %s confirms, then its criteria are attested, with who and when',
  async (surveyPartner, key, by) => {
    const brand = await (await ownProgram(t)).enroll({ surveyPartner });
    await brand.untilEvent('advertiser_located');
    await brand.confirm(createApiClient(t.service.apiUrl, key));
    const { criteria: listed } = (await brand.now()) as unknown as { criteria: object[] };
    const evidence = { source: 'survey_partner', by, at: '2023-10-12T16:00:00.000Z' };
    expect(listed.slice(0, 3)).toMatchObject(
      ['subscription', 'survey_template', 'data_sharing'].map((criterion) => ({
        criterion,
        status: 'attested',
        evidence,
      })),
    );
  },
);

test('When the partner rejects, then the advertiser must act, and when it confirms after all, then the enrollment is paid', async () => {
  const program = await ownProgram(t);
  const brand = await program.enroll({ advertiserId: await newAdvertiser(t) });
  await brand.untilEvent('advertiser_located');
  await brand.complete();
  const rejected = await brand.reject();
  expect(rejected).toMatchObject({ status: 200, body: { status: 'action_required' } });
  expect(rejected.body.waitingFor).toMatchObject([{ who: 'advertiser', what: 'partner_objection' }]);
  expect((await brand.untilEvent('partner_rejected')).details).toMatchObject({
    reasonCode: 'PARTNER_REJECTED',
    repeated: false,
  });

  expect(await brand.confirm()).toMatchObject({ status: 200, body: { status: 'measuring' } });
  await program.advanceTo('2023-12-04T00:00:00Z');
  await brand.untilStatus('scheduled');
  await program.advanceTo('2023-12-16T00:00:00Z');
  await brand.untilStatus('paid');
});

test('When a rejection stands on the calculation date and the policy is to close, then its reason closes the enrollment', async () => {
  const program = await ownProgram(t, {
    policies: { ...t.definition.policies, missedFacts: { then: 'close' } },
  });
  const brand = await program.enroll({ advertiserId: await newAdvertiser(t) });
  await brand.untilEvent('advertiser_located');
  await brand.complete();
  await brand.reject({ reasonCode: 'TEMPLATE_NOT_FOUND' });
  await program.advanceTo('2023-12-04T00:00:00Z');
  expect((await brand.untilStatus('ineligible')).reasonCodes).toEqual(['TEMPLATE_NOT_FOUND']);
});

test('When the partner rejects one criterion, then only that one fails, and its confirmation alone mends it', async () => {
  const brand = await located();
  await brand.complete();
  await brand.confirm();
  const template = { criteria: ['survey_template'], reasonCode: 'TEMPLATE_NOT_FOUND' };
  expect(await brand.reject(template)).toMatchObject({ status: 200, body: { status: 'action_required' } });
  expect(await criteria(brand)).toMatchObject({
    subscription: 'attested',
    survey_template: 'failed: TEMPLATE_NOT_FOUND',
    data_sharing: 'attested',
  });

  const word = { advertiserId: brand.form.advertiserId, criteria: ['survey_template'] };
  const confirmed = await brand.ask(t.partner, 'partner-confirmation', word);
  expect(confirmed).toMatchObject({ status: 200, body: { status: 'measuring' } });
  expect((await brand.timeline()).slice(3).map(({ type, details }) => [type, details['criteria']])).toEqual([
    ['partner_confirmed', undefined],
    ['partner_rejected', 'survey_template'],
    ['partner_confirmed', 'survey_template'],
  ]);
});

test('When the partner confirms its criteria one by one, then the last one completes them', async () => {
  const brand = await located();
  await brand.complete();
  const { advertiserId } = brand.form;
  for (const [criterion, status] of [
    ['data_sharing', 'verifying'],
    ['subscription', 'verifying'],
    ['survey_template', 'measuring'],
  ]) {
    const word = { advertiserId, criteria: [criterion] };
    expect((await brand.ask(t.partner, 'partner-confirmation', word)).body.status).toBe(status);
  }
});

test('When the partner says the same of a criterion again, then the first word stands', async () => {
  const brand = await located();
  const word = { advertiserId: brand.form.advertiserId, criteria: ['subscription'] };
  await brand.ask(t.partner, 'partner-confirmation', word);
  const { partnerStatements } = await brand.state();
  await brand.ask(t.admin, 'partner-confirmation', word);
  await brand.reject({ criteria: ['data_sharing'] });
  await brand.reject({ criteria: ['data_sharing'] });
  expect((await brand.state()).partnerStatements.subscription).toEqual(partnerStatements.subscription);
  expect((await brand.timeline()).slice(2).map(({ type, details }) => [type, details['repeated']])).toEqual([
    ['partner_confirmed', false],
    ['partner_confirmed', true],
    ['partner_rejected', false],
    ['partner_rejected', true],
  ]);
});

test('When the form is sent again after a rejection, then the partner is asked anew', async () => {
  const brand = await located();
  await brand.complete();
  await brand.reject();
  expect((await brand.resubmit({ storePlatform: 'magento' })).body).toMatchObject({
    status: 'verifying',
    waitingFor: [{ who: 'partner', what: 'partner_confirmation' }],
  });
});

test('When a rejection names a replaced ad account, then it is refused and says nothing', async () => {
  const brand = await located();
  const rejected = await brand.ask(t.partner, 'partner-rejection', { advertiserId: '7000000000000000001' });
  expect(rejected).toMatchObject({ status: 409, body: { code: 'SUBMISSION_SUPERSEDED' } });
  expect((await brand.state()).partnerStatements).toEqual({});
});

test.each([
  ['a reason that fits another message', { reasonCode: 'WITHDRAWN' }, '/reasonCode'],
  ['a criterion that the partner does not know', { criteria: ['questionnaire'] }, '/criteria/0'],
  ['no criterion at all', { criteria: [] }, '/criteria'],
])('When a rejection has %s, then it is refused at the edge', async (_what, word, pointer) => {
  const brand = await located();
  expect(await brand.reject(word)).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
  expect(await brand.happened()).toEqual(['opened', 'advertiser_located']);
});

test('When an operator signals rejectPartner with a criterion, then it is a rejection of that one', async () => {
  const brand = await located();
  await brand.confirm();
  await brand.workflow.signal('rejectPartner', {
    criteria: ['survey_template'],
    reasonCode: 'TEMPLATE_NOT_FOUND',
  });
  expect(await brand.untilEvent('partner_rejected')).toMatchObject({
    actor: { role: 'operator', id: 'Temporal UI' },
  });
  expect(await criteria(brand)).toMatchObject({
    subscription: 'attested',
    survey_template: 'failed: TEMPLATE_NOT_FOUND',
  });
  await brand.workflow.signal('rejectPartner', { reasonCode: 'WITHDRAWN' });
  expect((await brand.untilEvent('message_refused')).details).toMatchObject({ code: 'INVALID_MESSAGE' });
});

test('When an admin reopens the questionnaire, then it must be completed again, and the note stays out of Temporal', async () => {
  const brand = await located();
  await brand.confirm();
  expect((await brand.complete()).body.status).toBe('measuring');
  const note = 'The answers are those of another brand.';
  const reopened = await brand.ask(t.admin, 'questionnaire/reopening', { note });
  expect(reopened.body).toMatchObject({
    status: 'verifying',
    waitingFor: [{ who: 'advertiser', what: 'questionnaire' }],
  });
  const { details } = await brand.untilEvent('questionnaire_reopened');
  const { rows } = await t.db.query(`select body, written_by from note where note_id = $1`, [
    details['noteId'],
  ]);
  expect(rows).toEqual([{ body: note, written_by: 'ana' }]);
  const history = await storedHistory(brand.workflow);
  expect(history).toContain(details['noteId']);
  expect(history).not.toContain(note);
  expect((await brand.complete()).body.status).toBe('measuring');
  expect((await brand.happened()).filter((type) => type === 'questionnaire_completed')).toHaveLength(2);
});

test('When the questionnaire is reopened twice, then the second changes nothing', async () => {
  const brand = await located();
  await brand.complete();
  await brand.ask(t.admin, 'questionnaire/reopening', {});
  expect(await brand.ask(t.admin, 'questionnaire/reopening', {})).toMatchObject({ status: 200 });
  expect((await brand.happened()).filter((type) => type === 'questionnaire_reopened')).toHaveLength(1);
});

async function located(): Promise<Enrolled> {
  const brand = await (await ownProgram(t)).enroll();
  await brand.untilEvent('advertiser_located');
  return brand;
}

async function criteria(brand: Enrolled): Promise<Record<string, string>> {
  const { criteria: listed } = (await brand.now()) as unknown as {
    criteria: { criterion: string; status: string; reasonCode: string | null }[];
  };
  return Object.fromEntries(
    listed.map(({ criterion, status, reasonCode }) => [
      criterion,
      reasonCode === null ? status : `${status}: ${reasonCode}`,
    ]),
  );
}
