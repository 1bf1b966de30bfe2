/**
 * "Fairing customers submit valid API keys through the enrollment form" (program page, 3): what a key proves, what a bad one
 * means, and that nobody but Fairing gets to see it.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporal } from '@temporalio/proto';
import { eventually } from '../dev/apiClient';
import { newAdvertiser, requestCounts } from './support/advertisers';
import { startGatedService, type Gate } from './support/gate';
import { history, ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import type { Form, TestService } from './support/testService';

const CONTACT = { name: 'Nils Wind', email: 'nils@northwind.example' };
/** JSON leaves out what is undefined. */
const WITHOUT_KEY = { partnerApiKey: undefined } as unknown as Partial<Form>;
const ALL_VERIFIED = ['subscription: verified', 'survey_template: verified', 'data_sharing: verified'];

let t: TestService;
let gate: Gate;
beforeAll(async () => {
  ({ t, gate } = await startGatedService({ environment: { LOG_LEVEL: 'debug' } }));
});
afterAll(() => t?.stop());

/** Every key and enrollment of this file, for the search at its end. */
const keys: string[] = [];
const brands: Enrolled[] = [];

/** The sandbox knows by its beginning what it opens. */
function newKey(kind: 'valid' | 'revoked' | 'notemplate'): string {
  const key = `fk_${kind}_${randomBytes(12).toString('hex')}`;
  keys.push(key);
  return key;
}

async function closingProgram(): Promise<OwnProgram> {
  return ownProgram(t, { policies: { ...t.definition.policies, missedFacts: { then: 'close' } } });
}

async function enroll(partnerApiKey?: string, changes: Partial<Form> = {}, program?: OwnProgram) {
  const brand = await (program ?? (await closingProgram())).enroll({
    surveyPartner: 'fairing',
    advertiserId: await newAdvertiser(t),
    ...(partnerApiKey !== undefined && { partnerApiKey }),
    ...changes,
  });
  brands.push(brand);
  await brand.untilEvent('advertiser_located');
  return brand;
}

/** Enrolled with this key, which has been tried. */
async function enrollAndCheck(partnerApiKey: string, changes: Partial<Form> = {}): Promise<Enrolled> {
  const brand = await enroll(partnerApiKey, changes);
  await brand.untilEvent('partner_key_checked');
  return brand;
}

async function waits(brand: Enrolled): Promise<string[]> {
  return (await brand.now()).waitingFor.map(({ who, what }) => `${who}: ${what}`);
}

async function partnerCriteria(brand: Enrolled): Promise<string[]> {
  const { criteria } = (await brand.now()) as unknown as {
    criteria: { criterion: string; status: string; reasonCode: string | null }[];
  };
  return criteria
    .slice(0, 3)
    .map(({ criterion, status, reasonCode }) => `${criterion}: ${reasonCode ?? status}`);
}

async function fairingRequests(): Promise<number> {
  return (await requestCounts(t))['fairing_questions']!;
}

async function storedKeys({ id }: Enrolled): Promise<string[]> {
  const { rows } = await t.db.query<{ id: string }>(
    `select partner_key_id as id from partner_key where enrollment_id = $1 order by submitted_at`,
    [id],
  );
  return rows.map((row) => row.id);
}

test('When a Fairing customer submits no key, then Fairing is waited for, and its word is enough', async () => {
  const brand = await enroll();
  expect(await waits(brand)).toEqual(['partner: partner_confirmation', 'advertiser: questionnaire']);
  expect(await brand.now()).toMatchObject({ partnerApiKey: null });
  await brand.confirm(t.otherPartner);
  expect(await brand.complete()).toMatchObject({ body: { status: 'measuring' } });
  expect(await brand.activities()).toEqual({ lookUpAdvertiser: 1 });
});

test('When the key is valid and data sharing is authorized, then no partner has to confirm, and the credit is paid', async () => {
  const program = await closingProgram();
  const key = newKey('valid');
  const brand = await enroll(`  ${key}\n`, {}, program);
  await brand.untilEvent('partner_key_checked');
  expect(await waits(brand)).toEqual(['advertiser: questionnaire']);
  expect(await partnerCriteria(brand)).toEqual(ALL_VERIFIED);
  expect(await brand.now()).toMatchObject({ partnerApiKey: { lastFour: key.slice(-4) } });

  await brand.complete();
  await program.advanceTo('2023-12-04T00:00:00Z');
  expect((await brand.untilStatus('scheduled')).credit).toMatchObject({ amountMinor: 400_000 });
  await program.advanceTo('2023-12-16T00:00:00Z');
  await brand.untilStatus('paid');
});

test('When the key is valid and data sharing is not authorized, then the authorization alone is missing', async () => {
  const { textVersion } = t.definition.dataSharing;
  const brand = await enrollAndCheck(newKey('valid'), { dataSharing: { authorized: false, textVersion } });
  expect(await waits(brand)).toEqual(['advertiser: data_sharing_authorization', 'advertiser: questionnaire']);
  await brand.resubmit({ dataSharing: { authorized: true, textVersion } });
  expect(await partnerCriteria(brand)).toEqual(ALL_VERIFIED);
});

test('When the key is not valid, then the advertiser must act, and another key mends it', async () => {
  const brand = await enrollAndCheck(newKey('revoked'));
  await brand.complete();
  const stuck = await brand.now();
  expect(stuck).toMatchObject({ status: 'action_required' });
  expect(stuck.statusText).toContain('must submit a valid API key');
  expect(await waits(brand)).toEqual(['advertiser: valid_api_key']);
  expect(await partnerCriteria(brand)).toEqual([
    'subscription: API_KEY_INVALID',
    'survey_template: API_KEY_INVALID',
    'data_sharing: API_KEY_INVALID',
  ]);

  await brand.resubmit({ partnerApiKey: newKey('valid') });
  await brand.untilStatus('measuring');
  expect(await partnerCriteria(brand)).toEqual(ALL_VERIFIED);
  expect(await brand.activities()).toEqual({ lookUpAdvertiser: 1, checkPartnerKey: 2 });
});

test('When the key stays invalid until the calculation date, then the enrollment closes with that reason', async () => {
  const program = await closingProgram();
  const brand = await enroll(newKey('revoked'), {}, program);
  await brand.untilEvent('partner_key_checked');
  await brand.complete();
  await program.advanceTo('2023-12-04T00:00:00Z');
  expect(await brand.untilStatus('ineligible')).toMatchObject({ reasonCodes: ['API_KEY_INVALID'] });
});

test('When the template is not published, then that alone is missing, and the word of Fairing mends it', async () => {
  const brand = await enrollAndCheck(newKey('notemplate'));
  await brand.complete();
  expect(await brand.now()).toMatchObject({ status: 'action_required' });
  expect(await waits(brand)).toEqual(['advertiser: survey_template']);
  expect(await partnerCriteria(brand)).toEqual([
    'subscription: verified',
    'survey_template: TEMPLATE_NOT_FOUND',
    'data_sharing: verified',
  ]);
  expect(await brand.confirm(t.otherPartner)).toMatchObject({ body: { status: 'measuring' } });
});

test('When a key is replaced while it is being tried, then its late result is ignored', async () => {
  const [replaced, current] = [newKey('revoked'), newKey('valid')];
  const { reached } = gate.hold(replaced);
  const brand = await enroll(replaced);
  await reached;
  expect(await waits(brand)).toContain('service: partner_key_check');
  await brand.resubmit({ partnerApiKey: current });
  const { details } = await brand.untilEvent('partner_key_checked');
  expect(details).toMatchObject({ partnerKeyId: (await storedKeys(brand))[1], outcome: 'valid' });

  gate.release(replaced);
  // Temporal takes the late answer, and tells the workflow of it with its next task.
  const answers = async () =>
    (await history(brand.workflow)).filter((event) => event.activityTaskCompletedEventAttributes);
  await eventually(answers, (found) => found.length === 3);
  expect(await brand.complete()).toMatchObject({ body: { status: 'measuring' } });
  expect((await brand.happened()).filter((type) => type === 'partner_key_checked')).toHaveLength(1);
});

test('When Fairing is away over the calculation date, then the enrollment waits for the check and is not closed', async () => {
  const program = await closingProgram();
  const key = newKey('valid');
  await t.fault({ target: 'fairing_questions', fault: 'server_error', times: 1_000, only: key });
  const brand = await enroll(key, {}, program);
  await brand.complete();
  await program.advanceTo('2023-12-04T00:00:00Z');
  await brand.untilClockRead(1);
  expect(await waits(brand)).toEqual(['service: partner_key_check']);
  expect(await brand.now()).toMatchObject({ status: 'verifying' });

  await fetch(`${t.sandbox.url}/sandbox/faults`, { method: 'DELETE' });
  await brand.untilStatus('scheduled');
  expect((await brand.happened()).slice(-3)).toEqual([
    'partner_key_checked',
    'calculation_begun',
    'credit_calculated',
  ]);
});

test('When a resubmission does not change the key, then it is kept and not tried again', async () => {
  const key = newKey('valid');
  const brand = await enrollAndCheck(key);
  const { submission, keyCheck } = await brand.state();
  const asked = await fairingRequests();
  expect(await brand.resubmit({ ...WITHOUT_KEY, contact: CONTACT })).toMatchObject({
    status: 200,
    body: { partnerApiKey: { lastFour: key.slice(-4) } },
  });
  await brand.resubmit({ partnerApiKey: key, storePlatform: 'shopify' });

  const now = await brand.state();
  expect(now.submission).toMatchObject({ partnerKeyId: submission.partnerKeyId });
  expect(now.submission.id).not.toBe(submission.id);
  expect(now.keyCheck).toEqual(keyCheck);
  expect(await partnerCriteria(brand)).toEqual(ALL_VERIFIED);
  expect(await fairingRequests()).toBe(asked);
  expect(await brand.activities()).toEqual({ lookUpAdvertiser: 1, checkPartnerKey: 1 });
  expect(await storedKeys(brand)).toEqual([submission.partnerKeyId]);
});

test('When the form comes again with an equal key, then nothing changes; with another one, that is changed data', async () => {
  const brand = await enrollAndCheck(newKey('valid'));
  const before = { state: await brand.state(), timeline: await brand.timeline() };
  expect(await brand.resubmit({})).toMatchObject({ status: 200 });
  expect({ state: await brand.state(), timeline: await brand.timeline() }).toEqual(before);

  const other = newKey('notemplate');
  expect(await brand.resubmit({ partnerApiKey: other })).toMatchObject({
    body: { partnerApiKey: { lastFour: other.slice(-4) } },
  });
  await brand.untilEvent('partner_key_checked', 2);
  expect(await waits(brand)).toContain('advertiser: survey_template');
  expect(await storedKeys(brand)).toHaveLength(2);
});

test('When the brand moves to another survey partner, then its key stays behind and is not taken up again unasked', async () => {
  const brand = await enrollAndCheck(newKey('valid'));
  // The form still holds the key of Fairing.
  expect(await brand.resubmit({ surveyPartner: 'kno' })).toMatchObject({ status: 422 });
  expect(await brand.resubmit(WITHOUT_KEY)).toMatchObject({ body: { partnerApiKey: null } });
  expect(await waits(brand)).toContain('partner: partner_confirmation');
  expect(await brand.resubmit({ surveyPartner: 'fairing' })).toMatchObject({ body: { partnerApiKey: null } });
  expect(await waits(brand)).toContain('partner: partner_confirmation');
  expect(await brand.activities()).toEqual({ lookUpAdvertiser: 1, checkPartnerKey: 1 });
});

test('When a request is done again after another one, then its key is not stored twice', async () => {
  const { brand: shop } = t.form();
  const brand = await enrollAndCheck(newKey('valid'), { brand: shop });
  const body = () => ({
    ...t.form({ brand: shop, surveyPartner: 'fairing', partnerApiKey: newKey('valid') }),
    programId: undefined,
  });
  const path = `${brand.path}/resubmission`;
  const lost = body();
  expect((await t.caller.post(path, lost, 'lost')).status).toBe(200);
  expect((await t.caller.post(path, body())).status).toBe(200);
  const [ids, { submission }] = [await storedKeys(brand), await brand.state()];
  expect(ids).toHaveLength(3);

  await t.db.query(`delete from idempotency_key where key = 'lost'`); // its answer was never kept
  expect((await t.caller.post(path, lost, 'lost')).status).toBe(200);
  expect(await storedKeys(brand)).toEqual(ids);
  expect((await brand.state()).submission).toEqual(submission);
});

test('When the survey partner confirms by itself, then a key is refused, with the reason', async () => {
  const partnerApiKey = newKey('valid');
  const answer = await t.caller.post('/v1/enrollments', t.form({ surveyPartner: 'kno', partnerApiKey }));
  expect(answer).toMatchObject({
    status: 422,
    body: {
      errors: [
        {
          pointer: '/partnerApiKey',
          message: 'must be left out: KnoCommerce confirms by itself that it gave its API key',
        },
      ],
    },
  });
  expect(JSON.stringify(answer.body)).not.toContain(partnerApiKey);
});

test.each([
  ['empty', ''],
  ['of spaces', '   '],
  ['of two lines', 'fk_valid_0123\r\nX-Evil: 1'],
  ['not ASCII', 'fk_valid_äöü'],
  ['too long', 'fk_valid_'.padEnd(501, 'x')],
  ['a number', 7],
])('When the key is %s, then it is refused and not repeated', async (_what, partnerApiKey) => {
  const form = { ...t.form({ surveyPartner: 'fairing' }), partnerApiKey };
  const answer = await t.caller.post('/v1/enrollments', form);
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/partnerApiKey' }] } });
  expect(JSON.stringify(answer.body)).not.toContain('fk_valid_');
});

// Looks at what all tests before it have left: good keys, bad ones, replaced ones, and those that Fairing failed to judge.
test('When a key whose check failed is sent again, then it is tried again; one that opened the account is not', async () => {
  const failed = newKey('notemplate');
  const brand = await enrollAndCheck(failed);
  await brand.resubmit({ partnerApiKey: failed });
  await brand.untilEvent('partner_key_checked', 2);
  expect(await brand.activities()).toMatchObject({ checkPartnerKey: 2 });

  const valid = newKey('valid');
  const other = await enrollAndCheck(valid);
  await other.resubmit({ partnerApiKey: valid });
  expect(await other.activities()).toMatchObject({ checkPartnerKey: 1 });
});

test('When keys have been submitted, then neither logs, histories, answers nor tables hold one of them', async () => {
  const logs = await Promise.all(
    ['api.log', 'worker.log'].map((file) => readFile(join(t.plan.logDirectory, file), 'utf8')),
  );
  const histories = await Promise.all(brands.map(async ({ workflow }) => encoded(await history(workflow))));
  const answers = await Promise.all(
    brands.map(async (brand) => JSON.stringify([await brand.now(), await brand.timeline()])),
  );
  const tables = await dump();
  expect(keys.length).toBeGreaterThan(10);
  const [firstId, firstKeyId] = [brands[1]!.id, (await storedKeys(brands[1]!))[0]!];
  // Each place is read as it is: it shows what it may show.
  expect(logs[0]).toContain(firstId);
  expect(histories[1]).toContain(firstKeyId);
  expect(answers[1]).toContain(firstKeyId);
  expect(tables).toContain(firstKeyId);

  const everything = [...logs, ...histories, ...answers, tables].join('\n');
  for (const key of keys) {
    for (const form of [key, Buffer.from(key).toString('hex'), Buffer.from(key).toString('base64')])
      expect(everything.includes(form)).toBe(false);
  }
});

/** As Temporal stores it: inputs, results, summaries and failures are in it as plain text. */
function encoded(events: temporal.api.history.v1.IHistoryEvent[]): string {
  const { History } = temporal.api.history.v1;
  return Buffer.from(History.encode({ events }).finish()).toString('latin1');
}

/** Every row of every table, as text. */
async function dump(): Promise<string> {
  const { rows } = await t.db.query<{ name: string }>(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`,
  );
  const texts = await Promise.all(
    rows.map(({ name }) => t.db.query<{ text: string }>(`select to_jsonb(r)::text as text from ${name} r`)),
  );
  return texts.flatMap((table) => table.rows.map(({ text }) => text)).join('\n');
}
